// Owns ListInstanceProfiles (IAM API reference).

import type { IamOperation } from "../../wire/operation.ts";
import { checkPathPrefix } from "../names.ts";
import { pageOf } from "../paging.ts";
import { profileView } from "./instance-profiles.ts";

export const listInstanceProfiles: IamOperation<"ListInstanceProfiles"> = (input, ctx) => {
  const snapshot = ctx.snapshot();
  const prefix = checkPathPrefix(input.PathPrefix);
  const page = pageOf(snapshot.list("iam-instance-profile").filter((p) => p.path.startsWith(prefix)), (p) => p.name, input);
  return { InstanceProfiles: page.items.map((p) => profileView(snapshot, ctx, p)), IsTruncated: page.IsTruncated, Marker: page.Marker };
};
