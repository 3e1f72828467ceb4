// Owns UpdateSecurityGroupRuleDescriptionsEgress (EC2 API reference).

import type { Ec2Operation } from "../../wire/operation.ts";
import { updateDescriptions } from "./update-descriptions.ts";

export const updateSecurityGroupRuleDescriptionsEgress: Ec2Operation<"UpdateSecurityGroupRuleDescriptionsEgress"> = (input, ctx) => ctx.write((tx) => updateDescriptions(tx, ctx, true, input));
