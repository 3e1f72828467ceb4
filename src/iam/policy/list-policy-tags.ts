// Owns ListPolicyTags (IAM API reference).

import type { IamOperation } from "../../wire/operation.ts";
import { pageOf } from "../paging.ts";
import { tagViews } from "../tags.ts";
import { ownPolicy } from "./policies.ts";

export const listPolicyTags: IamOperation<"ListPolicyTags"> = (input, ctx) => {
  const page = pageOf(tagViews(ownPolicy(ctx.snapshot(), ctx, input.PolicyArn).tags), (t) => t.Key, input);
  return { Tags: page.items, IsTruncated: page.IsTruncated, Marker: page.Marker };
};
