// Owns IAM's refusals: code and status together (IAM API reference, "Common errors" and each operation's).

import { Ec2Error } from "../wire/error.ts";

export const noSuchEntity = (message: string): Ec2Error => new Ec2Error("NoSuchEntity", message, 404);
export const alreadyExists = (message: string): Ec2Error => new Ec2Error("EntityAlreadyExists", message, 409);
export const deleteConflict = (message: string): Ec2Error => new Ec2Error("DeleteConflict", message, 409);
export const limitExceeded = (message: string): Ec2Error => new Ec2Error("LimitExceeded", message, 409);
export const malformedPolicy = (message: string): Ec2Error => new Ec2Error("MalformedPolicyDocument", message);
export const validationError = (message: string): Ec2Error => new Ec2Error("ValidationError", message);
export const constraint = (value: string, parameter: string, rule: string): Ec2Error => validationError(`1 validation error detected: Value '${value.slice(0, 200)}' at '${parameter}' failed to satisfy constraint: ${rule}`);

/** Parameters of AWS's that this box does not offer. */
export function refuseParameters<I extends object>(input: I, names: readonly (keyof I & string)[]): void {
  const given = names.find((name) => input[name] !== undefined && input[name] !== "" && !(Array.isArray(input[name]) && input[name].length === 0));
  if (given !== undefined) throw validationError(`The parameter ${given} is not supported.`);
}
