// Owns the rules for names, paths and descriptions in IAM (IAM user guide, "IAM and AWS STS quotas": names and characters).

import { constraint, validationError } from "./fault.ts";

/** @param parameter as IAM writes it, e.g. roleName */
export function checkName(name: string | undefined, parameter: string, maxLength: number): string {
  if (name === undefined || name === "") throw constraint("", parameter, "Member must have length greater than or equal to 1");
  if (name.length > maxLength) throw constraint(name, parameter, `Member must have length less than or equal to ${maxLength}`);
  if (!/^[\w+=,.@-]+$/.test(name)) throw validationError(`The specified value for ${parameter} is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-`);
  return name;
}

export function checkPath(path: string | undefined): string {
  if (path === undefined || path === "/") return "/";
  if (path.length > 512 || !/^\/([\x21-\x7f]+\/)+$/.test(path)) throw validationError("The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters.");
  return path;
}

export function checkPathPrefix(prefix: string | undefined): string {
  if (prefix === undefined) return "/";
  if (!/^\/[\x21-\x7f]*$/.test(prefix) || prefix.length > 512) throw validationError("The specified value for pathPrefix is invalid. It must begin with / and contain only alphanumeric characters and/or / characters.");
  return prefix;
}

export function checkDescription(text: string | undefined): string | undefined {
  if (text !== undefined && text.length > 1000) throw constraint(text, "description", "Member must have length less than or equal to 1000");
  return text === "" ? undefined : text;
}

/** Names are unique whatever their case. */
export const sameName = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();
