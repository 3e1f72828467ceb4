// Owns ListInstanceProfileTags (IAM API reference).

import type { IamOperation } from "../../wire/operation.ts";
import { pageOf } from "../paging.ts";
import { tagViews } from "../tags.ts";
import { profileNamed } from "./instance-profiles.ts";

export const listInstanceProfileTags: IamOperation<"ListInstanceProfileTags"> = (input, ctx) => {
  const page = pageOf(tagViews(profileNamed(ctx.snapshot(), input.InstanceProfileName).tags), (t) => t.Key, input);
  return { Tags: page.items, IsTruncated: page.IsTruncated, Marker: page.Marker };
};
