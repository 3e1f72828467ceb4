// Owns ListInstanceProfilesForRole (IAM API reference).

import { profilesOfRole } from "../../model/iam.ts";
import type { IamOperation } from "../../wire/operation.ts";
import { pageOf } from "../paging.ts";
import { roleNamed } from "../role/roles.ts";
import { profileView } from "./instance-profiles.ts";

export const listInstanceProfilesForRole: IamOperation<"ListInstanceProfilesForRole"> = (input, ctx) => {
  const snapshot = ctx.snapshot();
  const page = pageOf(profilesOfRole(snapshot, roleNamed(snapshot, input.RoleName).name), (p) => p.name, input);
  return { InstanceProfiles: page.items.map((p) => profileView(snapshot, ctx, p)), IsTruncated: page.IsTruncated, Marker: page.Marker };
};
