// Owns PutRolePolicy (IAM API reference): a policy inside the role, new or in place of the one of that name.

import type { IamOperation } from "../../wire/operation.ts";
import { limitExceeded } from "../fault.ts";
import { checkName } from "../names.ts";
import { checkPolicy } from "../policy-document.ts";
import { roleNamed } from "./roles.ts";

const MAX_INLINE_BYTES = 10240; // of all inline policies of a role together, without white space

export const putRolePolicy: IamOperation<"PutRolePolicy"> = (input, ctx) => {
  ctx.write((tx) => {
    const role = roleNamed(tx, input.RoleName);
    const name = checkName(input.PolicyName, "policyName", 128);
    const document = checkPolicy(input.PolicyDocument, "identity", MAX_INLINE_BYTES, "PolicySize");
    const inlinePolicies = { ...role.inlinePolicies, [name]: document };
    const bytes = Object.values(inlinePolicies).reduce((sum, text) => sum + Buffer.byteLength(text.replace(/\s/g, "")), 0);
    if (bytes > MAX_INLINE_BYTES) throw limitExceeded(`Maximum policy size of ${MAX_INLINE_BYTES} bytes exceeded for role ${role.name}`);
    tx.put("iam-role", { ...role, inlinePolicies });
  });
  return {};
};
