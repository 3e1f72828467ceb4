// Owns TagPolicy (IAM API reference).

import type { IamOperation } from "../../wire/operation.ts";
import { mergeTags } from "../tags.ts";
import { ownPolicy } from "./policies.ts";

export const tagPolicy: IamOperation<"TagPolicy"> = (input, ctx) => {
  ctx.write((tx) => {
    const policy = ownPolicy(tx, ctx, input.PolicyArn);
    tx.put("iam-policy", { ...policy, tags: mergeTags(policy.tags, input.Tags) });
  });
  return {};
};
