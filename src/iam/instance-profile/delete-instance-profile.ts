// Owns DeleteInstanceProfile (IAM API reference): an instance that has it keeps its name and loses the credentials.

import type { IamOperation } from "../../wire/operation.ts";
import { deleteConflict } from "../fault.ts";
import { profileNamed } from "./instance-profiles.ts";

export const deleteInstanceProfile: IamOperation<"DeleteInstanceProfile"> = (input, ctx) => {
  ctx.write((tx) => {
    const profile = profileNamed(tx, input.InstanceProfileName);
    if (profile.roleName !== undefined) throw deleteConflict("Cannot delete entity, must remove roles from instance profile first.");
    tx.delete("iam-instance-profile", profile.id);
  });
  return {};
};
