// Owns DeleteRolePolicy (IAM API reference).

import type { IamOperation } from "../../wire/operation.ts";
import { inlinePolicy } from "./inline-policy.ts";
import { roleNamed } from "./roles.ts";

export const deleteRolePolicy: IamOperation<"DeleteRolePolicy"> = (input, ctx) => {
  ctx.write((tx) => {
    const role = roleNamed(tx, input.RoleName);
    const { name } = inlinePolicy(role, input.PolicyName);
    tx.put("iam-role", { ...role, inlinePolicies: Object.fromEntries(Object.entries(role.inlinePolicies).filter(([n]) => n !== name)) });
  });
  return {};
};
