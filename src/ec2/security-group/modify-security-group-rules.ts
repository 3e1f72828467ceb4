// Owns ModifySecurityGroupRules (EC2 API reference): rules keep their ids and directions and say something else. A source cannot
// become one of another kind.

import type * as ec2 from "@aws-sdk/client-ec2";
import type { SecurityGroup, SecurityGroupRule } from "../../model/records.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import { Ec2Error } from "../../wire/error.ts";
import type { Context, Ec2Operation } from "../../wire/operation.ts";
import { required } from "../missing.ts";
import { find } from "../resource.ts";
import { checkQuota, ruleInWords } from "./authorize.ts";
import { checkRuleDescription } from "./group-name.ts";
import { readGroup, readIpv4, readIpv6, readPorts, readPrefixList, ruleKey } from "./read-permissions.ts";
import { rulesById } from "./rule-ids.ts";

export const modifySecurityGroupRules: Ec2Operation<"ModifySecurityGroupRules"> = (input, ctx) => ctx.write((tx) => {
  const group = find(tx, "security-group", input.GroupId, ctx.region);
  const updates = input.SecurityGroupRules ?? [];
  if (updates.length === 0) throw new Ec2Error("MissingParameter", "The request must contain the parameter SecurityGroupRule");
  const changed = new Map<string, SecurityGroupRule>();
  for (const update of updates) {
    const [rule] = rulesById(group, [required(update.SecurityGroupRuleId, "SecurityGroupRuleId")]);
    if (changed.has(rule!.id)) throw new Ec2Error("InvalidParameterValue", `The security group rule ID '${rule!.id}' appears more than once.`);
    changed.set(rule!.id, changedRule(tx, ctx, group, rule!, update.SecurityGroupRule ?? {}));
  }
  const rules = group.rules.map((r) => changed.get(r.id) ?? r);
  const seen = new Set<string>();
  for (const rule of rules) {
    if (seen.has(ruleKey(rule))) throw new Ec2Error("InvalidPermission.Duplicate", `the specified rule "${ruleInWords(rule)}" already exists`);
    seen.add(ruleKey(rule));
  }
  for (const egress of [true, false]) checkQuota(tx, ctx, rules.filter((r) => r.isEgress === egress));
  tx.put("security-group", { ...group, rules });
  return { Return: true };
});

function changedRule(snapshot: Snapshot, ctx: Context, group: SecurityGroup, rule: SecurityGroupRule, to: ec2.SecurityGroupRuleRequest): SecurityGroupRule {
  const given = (["CidrIpv4", "CidrIpv6", "PrefixListId", "ReferencedGroupId"] as const).filter((name) => to[name] !== undefined);
  if (given.length !== 1)
    throw new Ec2Error(given.length === 0 ? "MissingParameter" : "InvalidParameterCombination", "The request must contain exactly one of CidrIpv4, CidrIpv6, PrefixListId or ReferencedGroupId");
  const had = rule.cidrIpv4 !== undefined ? "CidrIpv4" : rule.cidrIpv6 !== undefined ? "CidrIpv6" : rule.referencedGroupId !== undefined ? "ReferencedGroupId" : "PrefixListId";
  if (given[0] !== had) throw new Ec2Error("InvalidParameterCombination", `The security group rule '${rule.id}' cannot be changed from ${had} to ${given[0]}.`);
  return {
    id: rule.id, isEgress: rule.isEgress, tags: rule.tags, ...readPorts(to.IpProtocol, to.FromPort, to.ToPort), description: checkRuleDescription(to.Description),
    cidrIpv4: to.CidrIpv4 === undefined ? undefined : readIpv4(to.CidrIpv4),
    cidrIpv6: to.CidrIpv6 === undefined ? undefined : readIpv6(to.CidrIpv6),
    prefixListId: to.PrefixListId === undefined ? undefined : readPrefixList(snapshot, ctx, to.PrefixListId),
    ...(to.ReferencedGroupId === undefined ? {} : readGroup(snapshot, ctx, group, { GroupId: to.ReferencedGroupId })),
  };
}
