// Owns UpdateAssumeRolePolicy (IAM API reference).

import type { IamOperation } from "../../wire/operation.ts";
import { checkPolicy } from "../policy-document.ts";
import { MAX_TRUST_BYTES, roleNamed } from "./roles.ts";

export const updateAssumeRolePolicy: IamOperation<"UpdateAssumeRolePolicy"> = (input, ctx) => {
  ctx.write((tx) => {
    const role = roleNamed(tx, input.RoleName);
    tx.put("iam-role", { ...role, assumeRolePolicyDocument: checkPolicy(input.PolicyDocument, "trust", MAX_TRUST_BYTES, "ACLSizePerRole") });
  });
  return {};
};
