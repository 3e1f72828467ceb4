// Owns what security groups and network ACLs say to a packet: which rule or entry decides. Pure, over one snapshot's records.
// EC2 user guide, "Security group rules" and "Security group connection tracking"; VPC user guide, "Network ACL rules".

import { contains, parseCidr, parseIp, type Cidr } from "../lib/ip.ts";
import { ICMP, TCP, UDP, replyTo, type Direction, type Packet } from "./packet.ts";
import { prefixListBlocks } from "./prefix-lists.ts";
import { protocolNumber } from "./protocols.ts";
import type { NetworkAcl, NetworkAclEntry, NetworkInterface, SecurityGroup, SecurityGroupRule } from "./records.ts";
import { peeredVpcs } from "./routing.ts";
import type { Snapshot } from "./snapshot.ts";

export interface GroupVerdict { readonly allowed: boolean; readonly group?: SecurityGroup | undefined; readonly rule?: SecurityGroupRule | undefined }
export interface AclVerdict { readonly allowed: boolean; readonly acl?: NetworkAcl | undefined; readonly entry?: NetworkAclEntry | undefined } // no entry: the final deny

export interface Filtering {
  /** Whether a rule of the interface's groups allows it: no memory of flows. The first rule that does is named. */
  groups(eni: NetworkInterface, direction: Direction, packet: Packet): GroupVerdict;
  /**
   * A TCP or UDP flow is not tracked when a rule lets any address begin it and a rule of the other direction lets everything back to
   * any address: it needs no memory, and ends at once when a rule goes. True of the packets of both directions.
   */
  untracked(eni: NetworkInterface, direction: Direction, packet: Packet): boolean;
  /** The subnet's network ACL: the entry of the lowest number that matches decides. Not to be asked about later fragments. */
  acl(subnetId: string, direction: Direction, packet: Packet): AclVerdict;
}

/** A rule with its text read once. */
interface ReadRule { readonly rule: SecurityGroupRule; readonly group: SecurityGroup; readonly protocol: number | undefined; readonly blocks: readonly Cidr[]; readonly members?: ReadonlySet<number> | undefined }
interface ReadEntry { readonly entry: NetworkAclEntry; readonly protocol: number | undefined; readonly block: Cidr | undefined }

/** @param isPresent interfaces that are plugged into a living instance: a group's members */
export function readFiltering(snapshot: Snapshot, isPresent: (eni: NetworkInterface) => boolean): Filtering {
  const groupRules = lazily((id: string): readonly ReadRule[] => {
    const group = snapshot.get("security-group", id);
    return group ? group.rules.map((rule) => readRule(snapshot, group, rule, members)) : [];
  });
  const members = lazily((id: string): ReadonlySet<number> =>
    new Set(snapshot.list("network-interface").filter((eni) => eni.groupIds.includes(id) && isPresent(eni)).flatMap((eni) => eni.privateAddresses.map((p) => parseIp(p.address)!))));
  const acls = lazily((subnetId: string) => {
    const acl = snapshot.list("network-acl").find((one) => one.associations.some((a) => a.subnetId === subnetId));
    if (!acl) return undefined;
    const sorted = [...acl.entries].sort((a, b) => a.ruleNumber - b.ruleNumber);
    const entries = sorted.map((entry): ReadEntry => ({ entry, protocol: entry.protocol === "-1" ? undefined : protocolNumber(entry.protocol), block: parseCidr(entry.cidrBlock) }));
    return { acl, ingress: entries.filter((e) => !e.entry.egress), egress: entries.filter((e) => e.entry.egress) };
  });
  return {
    groups: (eni, direction, packet) => {
      for (const id of eni.groupIds)
        for (const read of groupRules(id)) if (read.rule.isEgress === (direction === "egress") && ruleMatches(read, direction, packet)) return { allowed: true, group: read.group, rule: read.rule };
      return { allowed: false };
    },
    untracked: (eni, direction, packet) => {
      if (packet.protocol !== TCP && packet.protocol !== UDP) return false;
      const back = direction === "egress" ? "ingress" : "egress";
      const rules = eni.groupIds.flatMap((id) => groupRules(id)).filter(toAnybody);
      const begins = (way: Direction, p: Packet): boolean => rules.some((read) => read.rule.isEgress === (way === "egress") && ruleMatches(read, way, p));
      const lets = (way: Direction): boolean => rules.some((read) => read.rule.isEgress === (way === "egress") && (read.rule.protocol === "-1" || (read.protocol === packet.protocol && allPorts(read.rule))));
      return (begins(direction, packet) && lets(back)) || (begins(back, replyTo(packet)) && lets(direction));
    },
    acl: (subnetId, direction, packet) => {
      const found = acls(subnetId);
      if (!found) return { allowed: false };
      const entry = found[direction].find((read) => entryMatches(read, direction, packet))?.entry;
      return { allowed: entry?.action === "allow", acl: found.acl, entry };
    },
  };
}

function readRule(snapshot: Snapshot, group: SecurityGroup, rule: SecurityGroupRule, members: (id: string) => ReadonlySet<number>): ReadRule {
  const protocol = rule.protocol === "-1" ? undefined : protocolNumber(rule.protocol);
  const block = rule.cidrIpv4 === undefined ? undefined : parseCidr(rule.cidrIpv4);
  if (block) return { rule, group, protocol, blocks: [block] };
  if (rule.prefixListId !== undefined) return { rule, group, protocol, blocks: prefixListBlocks(snapshot, rule.prefixListId) };
  const other = rule.referencedGroupId === undefined ? undefined : snapshot.get("security-group", rule.referencedGroupId);
  const known = other && (other.vpcId === group.vpcId || peeredVpcs(snapshot, group.vpcId).has(other.vpcId)); // else the rule is stale
  return { rule, group, protocol, blocks: [], members: known ? members(other.id) : undefined };
}

function ruleMatches({ rule, protocol, blocks, members }: ReadRule, direction: Direction, packet: Packet): boolean {
  if (rule.protocol !== "-1") {
    if (protocol !== packet.protocol) return false;
    if ((protocol === TCP || protocol === UDP) && !allPorts(rule) && (packet.destinationPort < rule.fromPort || packet.destinationPort > rule.toPort)) return false;
    if (protocol === ICMP && !icmpMatches(rule.fromPort, rule.toPort, packet)) return false;
  }
  const remote = direction === "egress" ? packet.destination : packet.source;
  return members?.has(remote) || blocks.some((block) => contains(block, remote));
}

const allPorts = (rule: SecurityGroupRule): boolean => rule.fromPort === -1 || (rule.fromPort === 0 && rule.toPort === 65535);
const toAnybody = (read: ReadRule): boolean => read.blocks.some((block) => block.prefixLength === 0);
const icmpMatches = (type: number, code: number, packet: Packet): boolean => (type === -1 || type === packet.icmpType) && (code === -1 || code === packet.icmpCode);

function entryMatches({ entry, protocol, block }: ReadEntry, direction: Direction, packet: Packet): boolean {
  if (!block || !contains(block, direction === "egress" ? packet.destination : packet.source)) return false;
  if (entry.protocol === "-1") return true;
  if (protocol !== packet.protocol) return false;
  if (protocol === TCP || protocol === UDP) {
    const from = entry.fromPort ?? 0, to = entry.toPort ?? 65535;
    return packet.destinationPort >= from && packet.destinationPort <= to;
  }
  if (protocol === ICMP) {
    const type = entry.icmpType ?? -1, code = entry.icmpCode ?? -1;
    return icmpMatches(type, code, packet);
  }
  return true;
}

function lazily<T>(make: (key: string) => T): (key: string) => T {
  const made = new Map<string, T>();
  return (key) => {
    if (!made.has(key)) made.set(key, make(key));
    return made.get(key)!;
  };
}
