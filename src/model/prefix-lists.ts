// Owns what a managed prefix list stands for, and what refers to it (Amazon VPC user guide, "Managed prefix lists"): routes by their
// destination, security-group rules by their source or destination.

import { parseCidr, type Cidr } from "../lib/ip.ts";
import type { ManagedPrefixList, PrefixListEntry, RouteTable, SecurityGroup } from "./records.ts";
import type { Snapshot } from "./snapshot.ts";

export const isPrefixListId = (destination: string): boolean => destination.startsWith("pl-");

/** The entries of a version, the current one unless told; undefined when there is no such version. */
export function entriesOf(list: ManagedPrefixList, version: number = list.version): readonly PrefixListEntry[] | undefined {
  return list.versions.find((v) => v.version === version)?.entries;
}

/** The IPv4 blocks that a list has now; none of an unknown list or one of IPv6. */
export function prefixListBlocks(snapshot: Snapshot, id: string): readonly Cidr[] {
  const list = snapshot.get("prefix-list", id);
  return list ? (entriesOf(list) ?? []).flatMap((entry) => parseCidr(entry.cidr) ?? []) : [];
}

export interface PrefixListUsers { readonly groups: readonly SecurityGroup[]; readonly tables: readonly RouteTable[] }

/** What refers to the list, in order of creation. */
export function usersOf(snapshot: Snapshot, list: ManagedPrefixList): PrefixListUsers {
  return {
    groups: snapshot.list("security-group", list.region).filter((group) => group.rules.some((rule) => rule.prefixListId === list.id)),
    tables: snapshot.list("route-table", list.region).filter((table) => table.routes.some((route) => route.destination === list.id)),
  };
}
