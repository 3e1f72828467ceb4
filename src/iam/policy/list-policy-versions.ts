// Owns ListPolicyVersions (IAM API reference), newest first.

import type { IamOperation } from "../../wire/operation.ts";
import { pageOf } from "../paging.ts";
import { ownPolicy, versionView } from "./policies.ts";

export const listPolicyVersions: IamOperation<"ListPolicyVersions"> = (input, ctx) => {
  const policy = ownPolicy(ctx.snapshot(), ctx, input.PolicyArn);
  const page = pageOf(policy.versions, (v) => String(1e9 - Number(v.id.slice(1))), input);
  return { Versions: page.items.map((v) => versionView(policy, v, false)), IsTruncated: page.IsTruncated, Marker: page.Marker };
};
