// Owns DeletePolicyVersion (IAM API reference): not the default one.

import type { IamOperation } from "../../wire/operation.ts";
import { deleteConflict } from "../fault.ts";
import { ownPolicy, versionOf } from "./policies.ts";

export const deletePolicyVersion: IamOperation<"DeletePolicyVersion"> = (input, ctx) => {
  ctx.write((tx) => {
    const policy = ownPolicy(tx, ctx, input.PolicyArn);
    const version = versionOf(policy, ctx, input.VersionId);
    if (version.id === policy.defaultVersionId) throw deleteConflict("Cannot delete the default version of a policy.");
    tx.put("iam-policy", { ...policy, versions: policy.versions.filter((v) => v !== version) });
  });
  return {};
};
