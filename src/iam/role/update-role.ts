// Owns UpdateRole (IAM API reference): description and longest session.

import type { IamOperation } from "../../wire/operation.ts";
import { constraint } from "../fault.ts";
import { checkDescription } from "../names.ts";
import { roleNamed } from "./roles.ts";

export const updateRole: IamOperation<"UpdateRole"> = (input, ctx) => ctx.write((tx) => {
  const role = roleNamed(tx, input.RoleName);
  tx.put("iam-role", {
    ...role,
    description: input.Description === undefined ? role.description : checkDescription(input.Description),
    maxSessionDurationSeconds: input.MaxSessionDuration === undefined ? role.maxSessionDurationSeconds : checkSessionDuration(input.MaxSessionDuration),
  });
  return {};
});

export function checkSessionDuration(seconds: number): number {
  if (!Number.isInteger(seconds) || seconds < 3600) throw constraint(String(seconds), "maxSessionDuration", "Member must have value greater than or equal to 3600");
  if (seconds > 43200) throw constraint(String(seconds), "maxSessionDuration", "Member must have value less than or equal to 43200");
  return seconds;
}
