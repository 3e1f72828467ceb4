// Owns UpdateSecurityGroupRuleDescriptionsIngress (EC2 API reference).

import type { Ec2Operation } from "../../wire/operation.ts";
import { updateDescriptions } from "./update-descriptions.ts";

export const updateSecurityGroupRuleDescriptionsIngress: Ec2Operation<"UpdateSecurityGroupRuleDescriptionsIngress"> = (input, ctx) => ctx.write((tx) => updateDescriptions(tx, ctx, false, input));
