// Owns ListRoleTags (IAM API reference).

import type { IamOperation } from "../../wire/operation.ts";
import { pageOf } from "../paging.ts";
import { tagViews } from "../tags.ts";
import { roleNamed } from "./roles.ts";

export const listRoleTags: IamOperation<"ListRoleTags"> = (input, ctx) => {
  const page = pageOf(tagViews(roleNamed(ctx.snapshot(), input.RoleName).tags), (t) => t.Key, input);
  return { Tags: page.items, IsTruncated: page.IsTruncated, Marker: page.Marker };
};
