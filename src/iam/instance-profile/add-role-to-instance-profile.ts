// Owns AddRoleToInstanceProfile (IAM API reference): a profile has one role.

import type { IamOperation } from "../../wire/operation.ts";
import { limitExceeded } from "../fault.ts";
import { roleNamed } from "../role/roles.ts";
import { profileNamed } from "./instance-profiles.ts";

export const addRoleToInstanceProfile: IamOperation<"AddRoleToInstanceProfile"> = (input, ctx) => {
  ctx.write((tx) => {
    const profile = profileNamed(tx, input.InstanceProfileName);
    const role = roleNamed(tx, input.RoleName);
    if (profile.roleName !== undefined) throw limitExceeded("Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1");
    tx.put("iam-instance-profile", { ...profile, roleName: role.name });
  });
  return {};
};
