// Owns how a network ACL looks to clients (EC2 API reference, NetworkAcl) and its filters.

import type * as ec2 from "@aws-sdk/client-ec2";
import { canonicalProtocol } from "../../model/protocols.ts";
import type { NetworkAcl, NetworkAclEntry } from "../../model/records.ts";
import type { Context } from "../../wire/operation.ts";
import { tagList, type FilterTable } from "../describe.ts";

export function networkAclView(ctx: Context, acl: NetworkAcl): ec2.NetworkAcl {
  return {
    NetworkAclId: acl.id,
    VpcId: acl.vpcId,
    OwnerId: ctx.accountId,
    IsDefault: acl.isDefault,
    Entries: acl.entries.map(entryView),
    Associations: acl.associations.map((a) => ({ NetworkAclAssociationId: a.id, NetworkAclId: acl.id, SubnetId: a.subnetId })),
    Tags: tagList(acl.tags),
  };
}

const entryView = (e: NetworkAclEntry): ec2.NetworkAclEntry => ({
  RuleNumber: e.ruleNumber, Egress: e.egress, Protocol: e.protocol, RuleAction: e.action, CidrBlock: e.cidrBlock,
  IcmpTypeCode: e.icmpType === undefined ? undefined : { Type: e.icmpType, Code: e.icmpCode },
  PortRange: e.fromPort === undefined ? undefined : { From: e.fromPort, To: e.toPort },
});

const text = (n: number | undefined): string | undefined => (n === undefined ? undefined : String(n));

export function networkAclFilters(ctx: Context): FilterTable<NetworkAcl> {
  const entries = (read: (e: NetworkAclEntry) => string | readonly string[] | undefined) => (acl: NetworkAcl): readonly string[] => acl.entries.flatMap((e) => read(e) ?? []);
  return {
    "association.association-id": (acl) => acl.associations.map((a) => a.id),
    "association.network-acl-id": (acl) => acl.associations.map(() => acl.id),
    "association.subnet-id": (acl) => acl.associations.map((a) => a.subnetId),
    "default": (acl) => String(acl.isDefault),
    "entry.cidr": entries((e) => e.cidrBlock),
    "entry.egress": entries((e) => String(e.egress)),
    "entry.icmp.code": entries((e) => text(e.icmpCode)),
    "entry.icmp.type": entries((e) => text(e.icmpType)),
    "entry.ipv6-cidr": () => undefined,
    "entry.port-range.from": entries((e) => text(e.fromPort)),
    "entry.port-range.to": entries((e) => text(e.toPort)),
    "entry.protocol": entries((e) => [e.protocol, canonicalProtocol(e.protocol)!]), // tcp, udp, icmp, or a number
    "entry.rule-action": entries((e) => e.action),
    "entry.rule-number": entries((e) => String(e.ruleNumber)),
    "network-acl-id": (acl) => acl.id,
    "owner-id": () => ctx.accountId,
    "vpc-id": (acl) => acl.vpcId,
  };
}
