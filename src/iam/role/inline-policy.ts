// Owns finding a policy inside a role.

import type { IamRole } from "../../model/records.ts";
import { noSuchEntity } from "../fault.ts";
import { checkName } from "../names.ts";

export function inlinePolicy(role: IamRole, policyName: string | undefined): { readonly name: string; readonly document: string } {
  const name = checkName(policyName, "policyName", 128);
  const document = Object.hasOwn(role.inlinePolicies, name) ? role.inlinePolicies[name] : undefined;
  if (document === undefined) throw noSuchEntity(`The role policy with name ${name} cannot be found.`);
  return { name, document };
}
