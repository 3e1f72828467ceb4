// Owns TagInstanceProfile (IAM API reference).

import type { IamOperation } from "../../wire/operation.ts";
import { mergeTags } from "../tags.ts";
import { profileNamed } from "./instance-profiles.ts";

export const tagInstanceProfile: IamOperation<"TagInstanceProfile"> = (input, ctx) => {
  ctx.write((tx) => {
    const profile = profileNamed(tx, input.InstanceProfileName);
    tx.put("iam-instance-profile", { ...profile, tags: mergeTags(profile.tags, input.Tags) });
  });
  return {};
};
