// Owns ListRolePolicies (IAM API reference): names of the policies inside the role.

import type { IamOperation } from "../../wire/operation.ts";
import { pageOf } from "../paging.ts";
import { roleNamed } from "./roles.ts";

export const listRolePolicies: IamOperation<"ListRolePolicies"> = (input, ctx) => {
  const page = pageOf(Object.keys(roleNamed(ctx.snapshot(), input.RoleName).inlinePolicies), (name) => name, input);
  return { PolicyNames: page.items, IsTruncated: page.IsTruncated, Marker: page.Marker };
};
