// Owns ListRoles (IAM API reference).

import type { IamOperation } from "../../wire/operation.ts";
import { checkPathPrefix } from "../names.ts";
import { pageOf } from "../paging.ts";
import { roleView } from "./roles.ts";

export const listRoles: IamOperation<"ListRoles"> = (input, ctx) => {
  const prefix = checkPathPrefix(input.PathPrefix);
  const page = pageOf(ctx.snapshot().list("iam-role").filter((r) => r.path.startsWith(prefix)), (r) => r.name, input);
  return { Roles: page.items.map((r) => roleView(ctx, r)), IsTruncated: page.IsTruncated, Marker: page.Marker };
};
