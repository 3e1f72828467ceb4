// Owns UntagInstanceProfile (IAM API reference): keys that are not there are no error.

import type { IamOperation } from "../../wire/operation.ts";
import { withoutTags } from "../tags.ts";
import { profileNamed } from "./instance-profiles.ts";

export const untagInstanceProfile: IamOperation<"UntagInstanceProfile"> = (input, ctx) => {
  ctx.write((tx) => {
    const profile = profileNamed(tx, input.InstanceProfileName);
    tx.put("iam-instance-profile", { ...profile, tags: withoutTags(profile.tags, input.TagKeys) });
  });
  return {};
};
