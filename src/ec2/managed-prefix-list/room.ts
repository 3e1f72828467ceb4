// Owns how prefix lists count against the quotas of what refers to them: as many rules or routes as the list may have entries
// (Amazon VPC user guide, "Prefix lists concepts and rules").

import { isPrefixListId, usersOf } from "../../model/prefix-lists.ts";
import type { ManagedPrefixList, RouteTable, SecurityGroupRule } from "../../model/records.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import type { Context } from "../../wire/operation.ts";

/** @param sizes sizes that lists would have; the others have their own */
type Sizes = Readonly<Record<string, number>>;

const sizeOf = (snapshot: Snapshot, id: string, sizes: Sizes): number => sizes[id] ?? snapshot.get("prefix-list", id)?.maxEntries ?? 1;

/** How many of a table's routes count: those that a call made, local ones not. */
export function countRoutes(snapshot: Snapshot, table: Pick<RouteTable, "routes">, sizes: Sizes = {}): number {
  const made = table.routes.filter((r) => r.origin === "CreateRoute");
  return made.reduce((sum, r) => sum + (isPrefixListId(r.destination) ? sizeOf(snapshot, r.destination, sizes) : 1), 0);
}

/** IPv4 and IPv6 are counted by themselves; rules about a group count for both (Amazon VPC user guide, "Quotas"). */
export function countRules(snapshot: Snapshot, oneDirection: readonly SecurityGroupRule[], sizes: Sizes = {}): number {
  const count = { IPv4: 0, IPv6: 0 };
  for (const rule of oneDirection) {
    const size = rule.prefixListId === undefined ? 1 : sizeOf(snapshot, rule.prefixListId, sizes);
    const family = rule.prefixListId === undefined ? undefined : snapshot.get("prefix-list", rule.prefixListId)?.addressFamily;
    if (rule.cidrIpv6 === undefined && family !== "IPv6") count.IPv4 += size;
    if (rule.cidrIpv4 === undefined && family !== "IPv4") count.IPv6 += size;
  }
  return Math.max(count.IPv4, count.IPv6);
}

/** The ids of what refers to the list and would go over its quota if the list had that size. */
export function usersWithoutRoom(snapshot: Snapshot, ctx: Context, list: ManagedPrefixList, size: number): readonly string[] {
  if (size <= list.maxEntries) return [];
  const sizes = { [list.id]: size };
  const { groups, tables } = usersOf(snapshot, list);
  const fullGroups = groups.filter((g) => [true, false].some((egress) => countRules(snapshot, g.rules.filter((r) => r.isEgress === egress), sizes) > ctx.quota("rules-per-security-group")));
  const fullTables = tables.filter((t) => countRoutes(snapshot, t, sizes) > ctx.quota("routes-per-route-table"));
  return [...fullGroups, ...fullTables].map((r) => r.id);
}
