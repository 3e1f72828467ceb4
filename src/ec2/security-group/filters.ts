// Owns DescribeSecurityGroups's filters, as data (EC2 API reference).

import type { SecurityGroup, SecurityGroupRule } from "../../model/records.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import type { Context } from "../../wire/operation.ts";
import type { FilterTable } from "../describe.ts";
import { hasPorts } from "./view.ts";

export function securityGroupFilters(snapshot: Snapshot, ctx: Context): FilterTable<SecurityGroup> {
  const ports = (read: (r: SecurityGroupRule) => number) => (r: SecurityGroupRule): string | undefined => (hasPorts(r.protocol) ? String(read(r)) : undefined);
  const ofRule: Readonly<Record<string, (r: SecurityGroupRule) => string | undefined>> = {
    "cidr": (r) => r.cidrIpv4,
    "from-port": ports((r) => r.fromPort),
    "group-id": (r) => r.referencedGroupId,
    "group-name": (r) => (r.referencedGroupId === undefined ? undefined : snapshot.get("security-group", r.referencedGroupId)?.name),
    "ipv6-cidr": (r) => r.cidrIpv6,
    "prefix-list-id": (r) => r.prefixListId,
    "protocol": (r) => r.protocol,
    "to-port": ports((r) => r.toPort),
    "user-id": (r) => (r.referencedGroupId === undefined ? undefined : ctx.accountId),
  };
  const table: Record<string, (g: SecurityGroup) => string | readonly string[] | undefined> = {
    "description": (g) => g.description,
    "group-id": (g) => g.id,
    "group-name": (g) => g.name,
    "owner-id": () => ctx.accountId,
    "vpc-id": (g) => g.vpcId,
  };
  for (const [name, read] of Object.entries(ofRule)) {
    table[`ip-permission.${name}`] = (g) => g.rules.flatMap((r) => (r.isEgress ? [] : read(r) ?? []));
    table[`egress.ip-permission.${name}`] = (g) => g.rules.flatMap((r) => (r.isEgress ? read(r) ?? [] : []));
  }
  return table;
}
