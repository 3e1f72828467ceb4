// Owns reading IpPermissions, and the flat parameters from EC2's first years, into rules: one per source or destination (EC2 API
// reference, IpPermission). All forms of a protocol and of a block become one.

import type * as ec2 from "@aws-sdk/client-ec2";
import { canonical, formatCidr, parseCidr } from "../../lib/ip.ts";
import { canonicalIpv6Cidr } from "../../lib/ipv6.ts";
import { activePeering } from "../../model/peering.ts";
import { canonicalProtocol } from "../../model/protocols.ts";
import type { SecurityGroup, SecurityGroupRule } from "../../model/records.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import { Ec2Error } from "../../wire/error.ts";
import type { Context } from "../../wire/operation.ts";
import { find } from "../resource.ts";
import { checkRuleDescription } from "./group-name.ts";
import { hasPorts } from "./view.ts";

/** What a rule says, without its id and tags. */
export type RuleText = Omit<SecurityGroupRule, "id" | "tags">;
type Ports = Pick<RuleText, "protocol" | "fromPort" | "toPort">;
type Peer = Pick<RuleText, "cidrIpv4" | "cidrIpv6" | "referencedGroupId" | "peer" | "prefixListId">;

export interface PermissionInput {
  readonly IpPermissions?: readonly ec2.IpPermission[] | undefined;
  readonly IpProtocol?: string | undefined;
  readonly FromPort?: number | undefined;
  readonly ToPort?: number | undefined;
  readonly CidrIp?: string | undefined;
  readonly SourceSecurityGroupName?: string | undefined;
  readonly SourceSecurityGroupOwnerId?: string | undefined;
}

const invalid = (message: string): Ec2Error => new Ec2Error("InvalidParameterValue", message);

/**
 * @param existing rules that the group has are meant: the group that a stale one is about need not be there any more
 * @throws when no permission is named at all, or one twice
 */
export function readPermissions(snapshot: Snapshot, ctx: Context, group: SecurityGroup, isEgress: boolean, input: PermissionInput, existing = false): readonly RuleText[] {
  const permissions = [...(input.IpPermissions ?? []), ...flatPermission(input)];
  if (permissions.length === 0) throw new Ec2Error("MissingParameter", "The request must contain the parameter ipPermissions");
  const rules = permissions.flatMap((permission) => readPermission(snapshot, ctx, group, isEgress, permission, existing));
  const keys = rules.map(ruleKey);
  if (new Set(keys).size < keys.length) throw invalid("The same permission must not appear multiple times");
  return rules;
}

/** Two rules are the same when these are; their descriptions may differ. */
export const ruleKey = (rule: RuleText): string =>
  [rule.isEgress, rule.protocol, rule.fromPort, rule.toPort, rule.cidrIpv4, rule.cidrIpv6, rule.referencedGroupId, rule.prefixListId].join(" ");

function flatPermission(input: PermissionInput): ec2.IpPermission[] {
  const { IpProtocol, FromPort, ToPort, CidrIp, SourceSecurityGroupName: GroupName, SourceSecurityGroupOwnerId: UserId } = input;
  if ([IpProtocol, FromPort, ToPort, CidrIp, GroupName, UserId].every((v) => v === undefined)) return [];
  if ((input.IpPermissions ?? []).length > 0) throw new Ec2Error("InvalidParameterCombination", "The parameter ipPermissions cannot be used with the parameter ipProtocol");
  return [{ IpProtocol, FromPort, ToPort, IpRanges: CidrIp === undefined ? [] : [{ CidrIp }], UserIdGroupPairs: GroupName === undefined ? [] : [{ GroupName, UserId }] }];
}

function readPermission(snapshot: Snapshot, ctx: Context, group: SecurityGroup, isEgress: boolean, permission: ec2.IpPermission, existing: boolean): RuleText[] {
  const ports = readPorts(permission.IpProtocol, permission.FromPort, permission.ToPort);
  const rule = (peer: Peer, description: string | undefined): RuleText => ({ isEgress, ...ports, ...peer, description: checkRuleDescription(description) });
  const rules = [
    ...(permission.IpRanges ?? []).map((r) => rule({ cidrIpv4: readIpv4(r.CidrIp) }, r.Description)),
    ...(permission.Ipv6Ranges ?? []).map((r) => rule({ cidrIpv6: readIpv6(r.CidrIpv6) }, r.Description)),
    ...(permission.PrefixListIds ?? []).map((r) => rule({ prefixListId: readPrefixList(snapshot, ctx, r.PrefixListId) }, r.Description)),
    ...(permission.UserIdGroupPairs ?? []).map((r) => rule((existing ? peerRule(group, r) : undefined) ?? readGroup(snapshot, ctx, group, r), r.Description)),
  ];
  if (rules.length === 0) throw new Ec2Error("MissingParameter", "Missing source specification: include source security group or CIDR information");
  return rules;
}

export function readPorts(text: string | undefined, from: number | undefined, to: number | undefined): Ports {
  if (text === undefined || text === "") throw invalid("Invalid value 'null' for protocol. VPC security group rules must specify protocols explicitly.");
  const protocol = canonicalProtocol(text);
  if (protocol === undefined) throw invalid(`Invalid value '${text}' for IP protocol. Unknown protocol.`);
  if (!hasPorts(protocol)) return { protocol, fromPort: -1, toPort: -1 };
  const icmp = protocol !== "tcp" && protocol !== "udp";
  if (icmp && from === undefined && to === undefined) return { protocol, fromPort: -1, toPort: -1 };
  if (from === undefined || to === undefined) throw invalid(`Invalid value 'Must specify both from and to ports with ${icmp ? "ICMP" : "TCP/UDP"}.' for portRange.`);
  return icmp ? readIcmp(protocol, from, to) : readPortRange(protocol, from, to);
}

function readPortRange(protocol: string, from: number, to: number): Ports {
  const isPort = (n: number): boolean => Number.isInteger(n) && n >= 0 && n <= 65535;
  if (!isPort(from) || !isPort(to) || from > to) throw invalid(`Invalid TCP/UDP port range (${from}:${to})`);
  return { protocol, fromPort: from, toPort: to };
}

function readIcmp(protocol: string, type: number, code: number): Ports {
  const inRange = (n: number): boolean => Number.isInteger(n) && n >= -1 && n <= 255;
  if (!inRange(type) || !inRange(code) || (type === -1 && code !== -1)) throw invalid(`Invalid ICMP type/code (${type}/${code})`);
  return { protocol, fromPort: type, toPort: code };
}

export function readIpv4(text: string | undefined): string {
  const block = parseCidr(text ?? "");
  if (!block) throw invalid(`CIDR block ${text ?? ""} is malformed`);
  return formatCidr(canonical(block));
}

export function readIpv6(text: string | undefined): string {
  const block = canonicalIpv6Cidr(text ?? "");
  if (block === undefined) throw invalid(`CIDR block ${text ?? ""} is malformed`);
  return block;
}

export function readPrefixList(snapshot: Snapshot, ctx: Context, id: string | undefined): string {
  const list = snapshot.get("prefix-list", id ?? "");
  if (list?.region !== ctx.region) throw new Ec2Error("InvalidPrefixListId.NotFound", `The prefix list ID '${id ?? ""}' does not exist`);
  return list.id;
}

type GroupPair = Pick<ec2.UserIdGroupPair, "GroupId" | "GroupName" | "UserId" | "VpcId" | "VpcPeeringConnectionId">;

/** What the group says of that group in another VPC, whether it is still there or not. */
function peerRule(group: SecurityGroup, { GroupId }: GroupPair): Pick<RuleText, "referencedGroupId" | "peer"> | undefined {
  const rule = group.rules.find((r) => r.peer !== undefined && r.referencedGroupId === GroupId);
  return rule && { referencedGroupId: rule.referencedGroupId, peer: rule.peer };
}

/** A group by id, of the same VPC or of one that an active peering joins to it in the same region; or by name, of the same VPC. */
export function readGroup(snapshot: Snapshot, ctx: Context, group: SecurityGroup, pair: GroupPair): Pick<RuleText, "referencedGroupId" | "peer"> {
  const peering = pair.VpcPeeringConnectionId === undefined ? undefined : find(snapshot, "vpc-peering-connection", pair.VpcPeeringConnectionId, ctx.region);
  if (pair.GroupId === undefined && pair.GroupName === undefined) throw new Ec2Error("MissingParameter", "Missing source specification: include source security group or CIDR information");
  const unknown = (): Ec2Error => new Ec2Error("InvalidGroup.NotFound", `The security group '${pair.GroupId ?? pair.GroupName}' does not exist`);
  if (pair.UserId !== undefined && pair.UserId !== "" && pair.UserId !== ctx.accountId) throw unknown();
  const named = pair.GroupId !== undefined
    ? find(snapshot, "security-group", pair.GroupId, ctx.region)
    : snapshot.list("security-group", ctx.region).find((g) => g.vpcId === group.vpcId && g.name === pair.GroupName);
  if (!named || (pair.VpcId !== undefined && pair.VpcId !== named.vpcId)) throw unknown();
  if (named.vpcId === group.vpcId && !peering) return { referencedGroupId: named.id };
  const joining = activePeering(snapshot, group.vpcId, named.vpcId);
  if (!joining || (peering && peering !== joining)) throw new Ec2Error("InvalidGroup.NotFound", "You have specified two resources that belong to different networks.");
  return { referencedGroupId: named.id, peer: { vpcId: named.vpcId, vpcPeeringConnectionId: joining.id } };
}
