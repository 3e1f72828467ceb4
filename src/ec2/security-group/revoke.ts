// Owns taking rules out of a group, for both directions (EC2 API reference, RevokeSecurityGroupIngress): by id or by what they say.

import type * as ec2 from "@aws-sdk/client-ec2";
import type { SecurityGroup, SecurityGroupRule } from "../../model/records.ts";
import type { Transaction } from "../../model/snapshot.ts";
import { Ec2Error } from "../../wire/error.ts";
import type { Context } from "../../wire/operation.ts";
import { findGroup } from "./group-name.ts";
import { readPermissions, ruleKey, type PermissionInput } from "./read-permissions.ts";
import { rulesById } from "./rule-ids.ts";

type RevokeInput = PermissionInput & { readonly GroupId?: string | undefined; readonly GroupName?: string | undefined; readonly SecurityGroupRuleIds?: readonly string[] | undefined };

export function revoke(tx: Transaction, ctx: Context, isEgress: boolean, input: RevokeInput): { Return: boolean; RevokedSecurityGroupRules: ec2.RevokedSecurityGroupRule[] } {
  const group = findGroup(tx, ctx, input);
  const revoked = rulesMeant(tx, ctx, group, isEgress, input);
  tx.put("security-group", { ...group, rules: group.rules.filter((r) => !revoked.includes(r)) });
  return { Return: true, RevokedSecurityGroupRules: revoked.map((rule) => revokedView(group, rule)) };
}

function rulesMeant(tx: Transaction, ctx: Context, group: SecurityGroup, isEgress: boolean, input: RevokeInput): readonly SecurityGroupRule[] {
  const ids = input.SecurityGroupRuleIds ?? [];
  const permissions = (input.IpPermissions ?? []).length > 0 || input.IpProtocol !== undefined || input.CidrIp !== undefined || input.SourceSecurityGroupName !== undefined;
  if (ids.length > 0 && permissions) throw new Ec2Error("InvalidParameterCombination", "The parameter securityGroupRuleIds cannot be used with the parameter ipPermissions");
  if (ids.length > 0) return rulesById(group, ids, isEgress);
  if (!permissions) throw new Ec2Error("MissingParameter", "Either 'ipPermissions' or 'securityGroupRuleIds' should be provided.");
  const byKey = new Map(group.rules.map((r) => [ruleKey(r), r]));
  return readPermissions(tx, ctx, group, isEgress, input, true).map((text) => {
    const rule = byKey.get(ruleKey(text));
    if (!rule) throw new Ec2Error("InvalidPermission.NotFound", "The specified rule does not exist in this security group.");
    return rule;
  });
}

const revokedView = (group: SecurityGroup, rule: SecurityGroupRule): ec2.RevokedSecurityGroupRule => ({
  SecurityGroupRuleId: rule.id, GroupId: group.id, IsEgress: rule.isEgress, IpProtocol: rule.protocol, FromPort: rule.fromPort, ToPort: rule.toPort,
  CidrIpv4: rule.cidrIpv4, CidrIpv6: rule.cidrIpv6, PrefixListId: rule.prefixListId, ReferencedGroupId: rule.referencedGroupId, Description: rule.description,
});
