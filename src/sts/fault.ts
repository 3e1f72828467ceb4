// Owns STS's refusals that its operations share (STS API reference, "Common errors").

import { Ec2Error } from "../wire/error.ts";

export const accessDenied = (message: string): Ec2Error => new Ec2Error("AccessDenied", message, 403);
export const validationError = (message: string): Ec2Error => new Ec2Error("ValidationError", message);
export const constraint = (value: string, parameter: string, rule: string): Ec2Error => validationError(`1 validation error detected: Value '${value.slice(0, 200)}' at '${parameter}' failed to satisfy constraint: ${rule}`);

/** @param least @param most seconds that AWS's model allows */
export function checkDuration(seconds: number, least: number, most: number): number {
  if (!Number.isInteger(seconds) || seconds < least) throw constraint(String(seconds), "durationSeconds", `Member must have value greater than or equal to ${least}`);
  if (seconds > most) throw constraint(String(seconds), "durationSeconds", `Member must have value less than or equal to ${most}`);
  return seconds;
}
