// Owns DeletePolicy (IAM API reference): attached to nothing, and with no version but the default one.

import { policyArn } from "../../model/iam.ts";
import type { IamOperation } from "../../wire/operation.ts";
import { deleteConflict } from "../fault.ts";
import { attachmentsOf, ownPolicy } from "./policies.ts";

export const deletePolicy: IamOperation<"DeletePolicy"> = (input, ctx) => {
  ctx.write((tx) => {
    const policy = ownPolicy(tx, ctx, input.PolicyArn);
    if (attachmentsOf(tx, policyArn(ctx.accountId, policy)) > 0) throw deleteConflict("Cannot delete a policy attached to entities.");
    if (policy.versions.length > 1) throw deleteConflict("This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.");
    tx.delete("iam-policy", policy.id);
  });
  return {};
};
