// Owns giving rules other descriptions, for both directions (EC2 API reference, UpdateSecurityGroupRuleDescriptionsIngress). A rule
// that is named without a description loses it.

import type * as ec2 from "@aws-sdk/client-ec2";
import type { Transaction } from "../../model/snapshot.ts";
import { Ec2Error } from "../../wire/error.ts";
import type { Context } from "../../wire/operation.ts";
import { required } from "../missing.ts";
import { checkRuleDescription, findGroup } from "./group-name.ts";
import { readPermissions, ruleKey } from "./read-permissions.ts";
import { rulesById } from "./rule-ids.ts";

type UpdateInput = ec2.UpdateSecurityGroupRuleDescriptionsIngressRequest;

export function updateDescriptions(tx: Transaction, ctx: Context, isEgress: boolean, input: UpdateInput): { Return: boolean } {
  const group = findGroup(tx, ctx, input);
  const byId = input.SecurityGroupRuleDescriptions ?? [];
  const byText = input.IpPermissions ?? [];
  if (byId.length > 0 && byText.length > 0) throw new Ec2Error("InvalidParameterCombination", "The parameter securityGroupRuleDescriptions cannot be used with the parameter ipPermissions");
  if (byId.length === 0 && byText.length === 0) throw new Ec2Error("MissingParameter", "Either 'ipPermissions' or 'securityGroupRuleDescriptions' should be provided.");
  const descriptions = new Map<string, string | undefined>();
  for (const { SecurityGroupRuleId, Description } of byId) {
    const [rule] = rulesById(group, [required(SecurityGroupRuleId, "securityGroupRuleId")], isEgress);
    descriptions.set(rule!.id, checkRuleDescription(Description));
  }
  if (byText.length > 0)
    for (const text of readPermissions(tx, ctx, group, isEgress, { IpPermissions: byText }, true)) {
      const rule = group.rules.find((r) => ruleKey(r) === ruleKey(text));
      if (!rule) throw new Ec2Error("InvalidPermission.NotFound", "The specified rule does not exist in this security group.");
      descriptions.set(rule.id, text.description);
    }
  tx.put("security-group", { ...group, rules: group.rules.map((r) => (descriptions.has(r.id) ? { ...r, description: descriptions.get(r.id) } : r)) });
  return { Return: true };
}
