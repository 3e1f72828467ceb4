// Owns the refusal of a call that lacks a parameter which AWS's model does not mark as required.

import { Ec2Error } from "../wire/error.ts";

/** @param name as AWS writes it in the message, e.g. cidrBlock */
export function required<T>(value: T | undefined, name: string): T {
  if (value === undefined || value === "") throw new Ec2Error("MissingParameter", `The request must contain the parameter ${name}`);
  return value;
}
