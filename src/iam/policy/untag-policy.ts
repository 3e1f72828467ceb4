// Owns UntagPolicy (IAM API reference): keys that are not there are no error.

import type { IamOperation } from "../../wire/operation.ts";
import { withoutTags } from "../tags.ts";
import { ownPolicy } from "./policies.ts";

export const untagPolicy: IamOperation<"UntagPolicy"> = (input, ctx) => {
  ctx.write((tx) => {
    const policy = ownPolicy(tx, ctx, input.PolicyArn);
    tx.put("iam-policy", { ...policy, tags: withoutTags(policy.tags, input.TagKeys) });
  });
  return {};
};
