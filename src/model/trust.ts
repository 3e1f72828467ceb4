// Owns whether a role's trust policy lets someone assume it (IAM user guide, "Policy evaluation logic", for the one action
// sts:AssumeRole): an explicit deny goes before every allow; a condition that is not understood here is not met.

import { globMatcher } from "../lib/glob.ts";

export interface TrustQuestion {
  readonly accountId: string;
  readonly callerArn: string; // a user's, a role session's, or the account's root
  readonly callerRoleArn?: string | undefined; // of a role session
  readonly externalId?: string | undefined;
  readonly sessionName: string;
}
type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

/** @param document JSON as the role has it */
export function mayAssume(document: string, question: TrustQuestion): boolean {
  const statements = listOf((JSON.parse(document) as { Statement?: Json }).Statement).filter(isObject);
  const matching = statements.filter((s) => actionMatches(s) && principalMatches(s.Principal, question) && conditionsHold(s.Condition, question));
  return matching.some((s) => s.Effect === "Allow") && !matching.some((s) => s.Effect === "Deny");
}

const isObject = (value: Json | undefined): value is { readonly [name: string]: Json } => typeof value === "object" && value !== null && !Array.isArray(value);
const listOf = (value: Json | undefined): readonly Json[] => (value === undefined ? [] : Array.isArray(value) ? (value as readonly Json[]) : [value as Json]);
const texts = (value: Json | undefined): readonly string[] => listOf(value).filter((v) => typeof v === "string");

const actionMatches = (statement: { readonly [name: string]: Json }): boolean =>
  statement.NotAction === undefined && texts(statement.Action).some((action) => like(action.toLowerCase(), "sts:assumerole"));

function principalMatches(principal: Json | undefined, { accountId, callerArn, callerRoleArn }: TrustQuestion): boolean {
  if (principal === "*") return true;
  if (!isObject(principal)) return false;
  return texts(principal.AWS).some((named) => named === "*" || named === accountId || named === `arn:aws:iam::${accountId}:root` || named === callerArn || named === callerRoleArn);
}

function conditionsHold(condition: Json | undefined, question: TrustQuestion): boolean {
  if (condition === undefined) return true;
  const values: Readonly<Record<string, string | undefined>> = {
    "sts:externalid": question.externalId, "sts:rolesessionname": question.sessionName, "aws:principalaccount": question.accountId, "aws:principalarn": question.callerRoleArn ?? question.callerArn,
  };
  return isObject(condition) && Object.entries(condition).every(([operator, keys]) => isObject(keys) && Object.entries(keys).every(([key, wanted]) => {
    const name = key.toLowerCase();
    const test = Object.hasOwn(operators, operator) ? operators[operator] : undefined;
    return test !== undefined && Object.hasOwn(values, name) && test(values[name], texts(wanted));
  }));
}

const operators: Readonly<Record<string, (value: string | undefined, wanted: readonly string[]) => boolean>> = {
  StringEquals: (value, wanted) => value !== undefined && wanted.includes(value),
  StringNotEquals: (value, wanted) => value === undefined || !wanted.includes(value),
  StringEqualsIgnoreCase: (value, wanted) => value !== undefined && wanted.some((w) => w.toLowerCase() === value.toLowerCase()),
  StringLike: (value, wanted) => value !== undefined && wanted.some((w) => like(w, value)),
  StringNotLike: (value, wanted) => value === undefined || !wanted.some((w) => like(w, value)),
  ArnEquals: (value, wanted) => value !== undefined && wanted.some((w) => like(w, value)),
  ArnLike: (value, wanted) => value !== undefined && wanted.some((w) => like(w, value)),
};

const like = (pattern: string, value: string): boolean => globMatcher(pattern)(value);
