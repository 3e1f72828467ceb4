// Owns SetDefaultPolicyVersion (IAM API reference).

import type { IamOperation } from "../../wire/operation.ts";
import { ownPolicy, versionOf } from "./policies.ts";

export const setDefaultPolicyVersion: IamOperation<"SetDefaultPolicyVersion"> = (input, ctx) => {
  ctx.write((tx) => {
    const policy = ownPolicy(tx, ctx, input.PolicyArn);
    tx.put("iam-policy", { ...policy, defaultVersionId: versionOf(policy, ctx, input.VersionId).id });
  });
  return {};
};
