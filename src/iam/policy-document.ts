// Owns the form of policy documents (IAM user guide, "IAM JSON policy element reference"). Nothing here decides by them but a role's
// trust policy (model/trust.ts); they are checked so that what AWS refuses is refused.

import { limitExceeded, malformedPolicy } from "./fault.ts";

export type PolicyKind = "trust" | "identity";
interface Statement { readonly [name: string]: unknown }

const elements: Readonly<Record<string, true>> = { Sid: true, Effect: true, Action: true, NotAction: true, Resource: true, NotResource: true, Principal: true, NotPrincipal: true, Condition: true };

/** The document as it came, if it is one. @param maxBytes AWS counts it without white space */
export function checkPolicy(text: string | undefined, kind: PolicyKind, maxBytes: number, quota: string): string {
  let tree: unknown;
  try {
    tree = JSON.parse(text ?? "");
  } catch {
    throw malformedPolicy(kind === "trust" ? "This policy contains invalid Json" : "Syntax errors in policy.");
  }
  if (Buffer.byteLength(text!.replace(/\s/g, "")) > maxBytes) throw limitExceeded(`Cannot exceed quota for ${quota}: ${maxBytes}`); // before anything is looked into
  if (!isObject(tree)) throw malformedPolicy("Syntax errors in policy.");
  const unknown = Object.keys(tree).find((name) => name !== "Version" && name !== "Id" && name !== "Statement");
  if (unknown !== undefined) throw malformedPolicy("Syntax errors in policy.");
  if (tree.Version !== undefined && tree.Version !== "2012-10-17" && tree.Version !== "2008-10-17") throw malformedPolicy("The policy must contain a valid version string");
  if (tree.Statement === undefined) throw malformedPolicy("Missing required field Statement");
  const statements = Array.isArray(tree.Statement) ? (tree.Statement as unknown[]) : [tree.Statement];
  if (statements.length === 0) throw malformedPolicy("Syntax errors in policy.");
  for (const statement of statements) checkStatement(statement, kind);
  const sids = statements.flatMap((s) => ((s as Statement).Sid === undefined ? [] : [(s as Statement).Sid]));
  if (new Set(sids).size < sids.length) throw malformedPolicy("Statement IDs (SID) in a single policy must be unique.");
  return text!;
}

function checkStatement(statement: unknown, kind: PolicyKind): void {
  if (!isObject(statement) || Object.keys(statement).some((name) => !Object.hasOwn(elements, name))) throw malformedPolicy("Syntax errors in policy.");
  if (statement.Effect === undefined) throw malformedPolicy("Missing required field Effect");
  if (statement.Effect !== "Allow" && statement.Effect !== "Deny") throw malformedPolicy(`Invalid effect: ${String(statement.Effect)}`);
  const principal = statement.Principal ?? statement.NotPrincipal;
  const action = statement.Action ?? statement.NotAction;
  const resource = statement.Resource ?? statement.NotResource;
  if (kind === "trust") {
    if (resource !== undefined) throw malformedPolicy("Has prohibited field Resource");
    if (principal === undefined) throw malformedPolicy("Missing required field Principal");
    if (principal !== "*" && (!isObject(principal) || Object.keys(principal).length === 0 || Object.keys(principal).some((k) => !["AWS", "Service", "Federated", "CanonicalUser", "*"].includes(k))))
      throw malformedPolicy(`Invalid principal in policy: ${JSON.stringify(principal)}`);
    if (action === undefined) throw malformedPolicy("Missing required field Action");
    if (!texts(action).every((a) => /^(\*|sts:[\w*?]+)$/i.test(a))) throw malformedPolicy("AssumeRole policy may only specify STS AssumeRole actions.");
  } else {
    if (principal !== undefined) throw malformedPolicy("Policy document should not specify a principal.");
    if (action === undefined) throw malformedPolicy("Policy statement must contain actions.");
    if (resource === undefined) throw malformedPolicy("Policy statement must contain resources.");
    if (!texts(action).every((a) => /^(\*|[\w-]+:[\w*?]+)$/.test(a))) throw malformedPolicy("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.");
    if (!texts(resource).every((r) => r === "*" || /^(arn|\*)[:*?]/.test(r))) throw malformedPolicy(`Resource ${texts(resource).join(", ")} must be in ARN format or "*".`);
  }
  if (statement.Condition !== undefined && !isObject(statement.Condition)) throw malformedPolicy("Syntax errors in policy.");
}

const isObject = (value: unknown): value is Statement => typeof value === "object" && value !== null && !Array.isArray(value);
const texts = (value: unknown): readonly string[] => (Array.isArray(value) ? value : [value]).map(String);

/** As IAM answers it: RFC 3986. */
export const encodePolicy = (document: string): string => encodeURIComponent(document).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
