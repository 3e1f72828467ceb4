// Owns GetRole (IAM API reference).

import type { IamOperation } from "../../wire/operation.ts";
import { roleNamed, wholeRoleView } from "./roles.ts";

export const getRole: IamOperation<"GetRole"> = (input, ctx) => ({ Role: wholeRoleView(ctx, roleNamed(ctx.snapshot(), input.RoleName)) });
