// Owns how a network ACL looks to clients (EC2 API reference, NetworkAcl) and its filters.

import type * as ec2 from "@aws-sdk/client-ec2";
import type { NetworkAcl, NetworkAclEntry } from "../../model/records.ts";
import type { Context } from "../../wire/operation.ts";
import { tagList, type FilterTable } from "../describe.ts";

export function networkAclView(ctx: Context, acl: NetworkAcl): ec2.NetworkAcl {
  return {
    NetworkAclId: acl.id,
    VpcId: acl.vpcId,
    OwnerId: ctx.accountId,
    IsDefault: acl.isDefault,
    Entries: acl.entries.map((e) => ({ RuleNumber: e.ruleNumber, Egress: e.egress, Protocol: e.protocol, RuleAction: e.action, CidrBlock: e.cidrBlock })),
    Associations: acl.associations.map((a) => ({ NetworkAclAssociationId: a.id, NetworkAclId: acl.id, SubnetId: a.subnetId })),
    Tags: tagList(acl.tags),
  };
}

export function networkAclFilters(ctx: Context): FilterTable<NetworkAcl> {
  const entries = (read: (e: NetworkAclEntry) => string) => (acl: NetworkAcl): string[] => acl.entries.map(read);
  const table: Record<string, (acl: NetworkAcl) => string | readonly string[] | undefined> = {
    "association.association-id": (acl) => acl.associations.map((a) => a.id),
    "association.network-acl-id": (acl) => acl.associations.map(() => acl.id),
    "association.subnet-id": (acl) => acl.associations.map((a) => a.subnetId),
    "default": (acl) => String(acl.isDefault),
    "entry.cidr": entries((e) => e.cidrBlock),
    "entry.egress": entries((e) => String(e.egress)),
    "entry.protocol": entries((e) => e.protocol),
    "entry.rule-action": entries((e) => e.action),
    "entry.rule-number": entries((e) => String(e.ruleNumber)),
    "network-acl-id": (acl) => acl.id,
    "owner-id": () => ctx.accountId,
    "vpc-id": (acl) => acl.vpcId,
  };
  for (const name of ["icmp.code", "icmp.type", "ipv6-cidr", "port-range.from", "port-range.to"]) table[`entry.${name}`] = () => undefined;
  return table;
}
