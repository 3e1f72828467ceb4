// Owns how a security group looks to clients (EC2 API reference, SecurityGroup, IpPermission, SecurityGroupRule): rules of one
// protocol and one range of ports are shown together, as AWS does.

import type * as ec2 from "@aws-sdk/client-ec2";
import { peeringStatus } from "../../model/peering.ts";
import type { SecurityGroup, SecurityGroupRule } from "../../model/records.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import type { Context } from "../../wire/operation.ts";
import { tagList } from "../describe.ts";

export const groupArn = (ctx: Context, group: SecurityGroup): string => `arn:aws:ec2:${group.region}:${ctx.accountId}:security-group/${group.id}`;

export function securityGroupView(snapshot: Snapshot, ctx: Context, group: SecurityGroup): ec2.SecurityGroup {
  return {
    GroupId: group.id,
    GroupName: group.name,
    Description: group.description,
    OwnerId: ctx.accountId,
    VpcId: group.vpcId,
    SecurityGroupArn: groupArn(ctx, group),
    IpPermissions: permissionsView(snapshot, ctx, group.rules.filter((r) => !r.isEgress)),
    IpPermissionsEgress: permissionsView(snapshot, ctx, group.rules.filter((r) => r.isEgress)),
    Tags: tagList(group.tags),
  };
}

/** Protocols whose rules have ports, or a type and a code. */
export const hasPorts = (protocol: string): boolean => ["tcp", "udp", "icmp", "icmpv6"].includes(protocol);

type Permission = Required<Pick<ec2.IpPermission, "UserIdGroupPairs" | "IpRanges" | "Ipv6Ranges" | "PrefixListIds">> & ec2.IpPermission;

export function permissionsView(snapshot: Snapshot, ctx: Context, rules: readonly SecurityGroupRule[]): ec2.IpPermission[] {
  const merged = new Map<string, Permission>();
  for (const rule of rules) {
    const key = `${rule.protocol} ${rule.fromPort} ${rule.toPort}`;
    let permission = merged.get(key);
    if (!permission) {
      const ports = hasPorts(rule.protocol) ? { FromPort: rule.fromPort, ToPort: rule.toPort } : {};
      merged.set(key, (permission = { IpProtocol: rule.protocol, ...ports, UserIdGroupPairs: [], IpRanges: [], Ipv6Ranges: [], PrefixListIds: [] }));
    }
    const Description = rule.description;
    if (rule.cidrIpv4 !== undefined) permission.IpRanges.push({ CidrIp: rule.cidrIpv4, Description });
    if (rule.cidrIpv6 !== undefined) permission.Ipv6Ranges.push({ CidrIpv6: rule.cidrIpv6, Description });
    if (rule.prefixListId !== undefined) permission.PrefixListIds.push({ PrefixListId: rule.prefixListId, Description });
    if (rule.referencedGroupId !== undefined) permission.UserIdGroupPairs.push({ GroupId: rule.referencedGroupId, UserId: ctx.accountId, Description, ...peerView(snapshot, ctx, rule) });
  }
  return [...merged.values()];
}

/** Where the group of another VPC is, and how the way there is. */
function peerView(snapshot: Snapshot, ctx: Context, { peer }: SecurityGroupRule): Pick<ec2.UserIdGroupPair, "PeeringStatus" | "VpcId" | "VpcPeeringConnectionId"> {
  if (!peer) return {};
  const peering = snapshot.get("vpc-peering-connection", peer.vpcPeeringConnectionId);
  return { PeeringStatus: peering ? peeringStatus(peering, ctx.now()).code : "deleted", VpcId: peer.vpcId, VpcPeeringConnectionId: peer.vpcPeeringConnectionId };
}

export function ruleView(snapshot: Snapshot, ctx: Context, group: SecurityGroup, rule: SecurityGroupRule): ec2.SecurityGroupRule {
  return {
    SecurityGroupRuleId: rule.id,
    SecurityGroupRuleArn: `arn:aws:ec2:${group.region}:${ctx.accountId}:security-group-rule/${rule.id}`,
    GroupId: group.id,
    GroupOwnerId: ctx.accountId,
    IsEgress: rule.isEgress,
    IpProtocol: rule.protocol,
    FromPort: rule.fromPort,
    ToPort: rule.toPort,
    CidrIpv4: rule.cidrIpv4,
    CidrIpv6: rule.cidrIpv6,
    PrefixListId: rule.prefixListId,
    ReferencedGroupInfo: rule.referencedGroupId === undefined ? undefined : { GroupId: rule.referencedGroupId, UserId: ctx.accountId, ...peerView(snapshot, ctx, rule) },
    Description: rule.description,
    Tags: tagList(rule.tags),
  };
}
