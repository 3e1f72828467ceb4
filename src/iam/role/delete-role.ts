// Owns DeleteRole (IAM API reference): what hangs on the role has to go before.

import { profilesOfRole } from "../../model/iam.ts";
import type { IamOperation } from "../../wire/operation.ts";
import { deleteConflict } from "../fault.ts";
import { roleNamed } from "./roles.ts";

export const deleteRole: IamOperation<"DeleteRole"> = (input, ctx) => {
  ctx.write((tx) => {
    const role = roleNamed(tx, input.RoleName);
    if (profilesOfRole(tx, role.name).length > 0) throw deleteConflict("Cannot delete entity, must remove roles from instance profile first.");
    if (role.attachedPolicyArns.length > 0) throw deleteConflict("Cannot delete entity, must detach all policies first.");
    if (Object.keys(role.inlinePolicies).length > 0) throw deleteConflict("Cannot delete entity, must delete policies first.");
    tx.delete("iam-role", role.id);
  });
  return {};
};
