// Owns AuthorizeSecurityGroupEgress (EC2 API reference).

import type { Ec2Operation } from "../../wire/operation.ts";
import { authorize } from "./authorize.ts";

export const authorizeSecurityGroupEgress: Ec2Operation<"AuthorizeSecurityGroupEgress"> = (input, ctx) => ctx.write((tx) => authorize(tx, ctx, true, input));
