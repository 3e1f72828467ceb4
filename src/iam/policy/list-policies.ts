// Owns ListPolicies (IAM API reference): the account's own; AWS's are not listed here.

import { policyArn } from "../../model/iam.ts";
import type { IamOperation } from "../../wire/operation.ts";
import { checkPathPrefix } from "../names.ts";
import { pageOf } from "../paging.ts";
import { attachmentsOf, policyView } from "./policies.ts";

export const listPolicies: IamOperation<"ListPolicies"> = (input, ctx) => {
  const snapshot = ctx.snapshot();
  const prefix = checkPathPrefix(input.PathPrefix);
  const own = input.Scope === "AWS" || input.PolicyUsageFilter === "PermissionsBoundary" ? [] : snapshot.list("iam-policy");
  const found = own.filter((p) => p.path.startsWith(prefix) && (!input.OnlyAttached || attachmentsOf(snapshot, policyArn(ctx.accountId, p)) > 0));
  const page = pageOf(found, (p) => p.name, input);
  return { Policies: page.items.map((p) => policyView(snapshot, ctx, p)), IsTruncated: page.IsTruncated, Marker: page.Marker };
};
