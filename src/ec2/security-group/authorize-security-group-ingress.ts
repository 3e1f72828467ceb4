// Owns AuthorizeSecurityGroupIngress (EC2 API reference).

import type { Ec2Operation } from "../../wire/operation.ts";
import { authorize } from "./authorize.ts";

export const authorizeSecurityGroupIngress: Ec2Operation<"AuthorizeSecurityGroupIngress"> = (input, ctx) => ctx.write((tx) => authorize(tx, ctx, false, input));
