// Owns RevokeSecurityGroupEgress (EC2 API reference).

import type { Ec2Operation } from "../../wire/operation.ts";
import { revoke } from "./revoke.ts";

export const revokeSecurityGroupEgress: Ec2Operation<"RevokeSecurityGroupEgress"> = (input, ctx) => ctx.write((tx) => revoke(tx, ctx, true, input));
