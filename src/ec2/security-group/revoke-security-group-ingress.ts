// Owns RevokeSecurityGroupIngress (EC2 API reference).

import type { Ec2Operation } from "../../wire/operation.ts";
import { revoke } from "./revoke.ts";

export const revokeSecurityGroupIngress: Ec2Operation<"RevokeSecurityGroupIngress"> = (input, ctx) => ctx.write((tx) => revoke(tx, ctx, false, input));
