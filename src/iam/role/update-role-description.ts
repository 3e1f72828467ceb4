// Owns UpdateRoleDescription (IAM API reference), UpdateRole's forerunner.

import type { IamOperation } from "../../wire/operation.ts";
import { checkDescription } from "../names.ts";
import { roleNamed, wholeRoleView } from "./roles.ts";

export const updateRoleDescription: IamOperation<"UpdateRoleDescription"> = (input, ctx) => ctx.write((tx) => {
  const role = { ...roleNamed(tx, input.RoleName), description: checkDescription(input.Description) };
  tx.put("iam-role", role);
  return { Role: wholeRoleView(ctx, role) };
});
