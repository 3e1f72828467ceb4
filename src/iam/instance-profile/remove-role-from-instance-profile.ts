// Owns RemoveRoleFromInstanceProfile (IAM API reference).

import type { IamOperation } from "../../wire/operation.ts";
import { noSuchEntity } from "../fault.ts";
import { roleNamed } from "../role/roles.ts";
import { profileNamed } from "./instance-profiles.ts";

export const removeRoleFromInstanceProfile: IamOperation<"RemoveRoleFromInstanceProfile"> = (input, ctx) => {
  ctx.write((tx) => {
    const profile = profileNamed(tx, input.InstanceProfileName);
    const role = roleNamed(tx, input.RoleName);
    if (profile.roleName !== role.name) throw noSuchEntity(`Role ${role.name} in Instance Profile ${profile.name} cannot be found.`);
    const { roleName: _, ...without } = profile;
    tx.put("iam-instance-profile", without);
  });
  return {};
};
