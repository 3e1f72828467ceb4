// Owns what comes with every VPC: its main route table, its default network ACL and its default security group (Amazon VPC user
// guide, "VPC basics").

import type { NetworkAcl, NetworkAclEntry, RouteTable, SecurityGroup, SecurityGroupRule, Tags, Vpc } from "../../model/records.ts";
import type { Transaction } from "../../model/snapshot.ts";
import { newRecord, type Maker } from "../new-record.ts";
import { finalDenies, inOrder } from "../network-acl/entries.ts";
import { regionDhcpOptions } from "../dhcp-options/region-dhcp-options.ts";

export interface NewVpc { readonly cidrBlock: string; readonly isDefault: boolean; readonly instanceTenancy: string; readonly tags: Tags }

export function putVpc(tx: Transaction, maker: Maker, spec: NewVpc): Vpc {
  const vpc: Vpc = {
    ...newRecord(tx, maker, "vpc", spec.tags),
    cidrAssociations: [{ associationId: maker.newId("vpc-cidr-assoc"), cidrBlock: spec.cidrBlock }],
    isDefault: spec.isDefault,
    instanceTenancy: spec.instanceTenancy,
    dhcpOptionsId: regionDhcpOptions(tx, maker).id,
    enableDnsSupport: true,
    enableDnsHostnames: spec.isDefault,
  };
  tx.put("vpc", vpc);
  putRouteTable(tx, maker, vpc, {}, true);
  tx.put("network-acl", newDefaultAcl(tx, maker, vpc));
  tx.put("security-group", newDefaultGroup(tx, maker, vpc));
  return vpc;
}

/** A route table as it begins: the local route of each of the VPC's blocks. */
export function putRouteTable(tx: Transaction, maker: Maker, vpc: Vpc, tags: Tags, main: boolean): RouteTable {
  const table: RouteTable = {
    ...newRecord(tx, maker, "rtb", tags),
    vpcId: vpc.id,
    routes: vpc.cidrAssociations.map((a) => ({ destination: a.cidrBlock, target: { kind: "local" }, origin: "CreateRouteTable" })),
    associations: main ? [{ id: maker.newId("rtbassoc"), main: true }] : [],
  };
  tx.put("route-table", table);
  return table;
}

/** Everything in and out. */
function newDefaultAcl(tx: Transaction, maker: Maker, vpc: Vpc): NetworkAcl {
  const allow = (egress: boolean): NetworkAclEntry => ({ ruleNumber: 100, egress, protocol: "-1", action: "allow", cidrBlock: "0.0.0.0/0" });
  return { ...newRecord(tx, maker, "acl"), vpcId: vpc.id, isDefault: true, entries: inOrder([allow(true), allow(false), ...finalDenies]), associations: [] };
}

/** Everything in from itself, everything out. */
function newDefaultGroup(tx: Transaction, maker: Maker, vpc: Vpc): SecurityGroup {
  const base = newRecord(tx, maker, "sg");
  const ingress: SecurityGroupRule = { id: maker.newId("sgr"), isEgress: false, protocol: "-1", fromPort: -1, toPort: -1, referencedGroupId: base.id, tags: {} };
  return { ...base, vpcId: vpc.id, name: "default", description: "default VPC security group", rules: [ingress, allOutbound(maker)] };
}

/** The rule that a new group has. */
export const allOutbound = (maker: Maker): SecurityGroupRule => ({ id: maker.newId("sgr"), isEgress: true, protocol: "-1", fromPort: -1, toPort: -1, cidrIpv4: "0.0.0.0/0", tags: {} });
