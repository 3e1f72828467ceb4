// Owns how a managed prefix list looks to clients (EC2 API reference, ManagedPrefixList) and its filters.

import type * as ec2 from "@aws-sdk/client-ec2";
import type { ManagedPrefixList } from "../../model/records.ts";
import type { Context } from "../../wire/operation.ts";
import { tagList, type FilterTable } from "../describe.ts";

/** @param state what a call that changes the list answers with; else what became of the last change */
export function prefixListView(ctx: Context, list: ManagedPrefixList, state?: ec2.PrefixListState): ec2.ManagedPrefixList {
  return {
    PrefixListId: list.id,
    PrefixListName: list.name,
    PrefixListArn: `arn:aws:ec2:${list.region}:${ctx.accountId}:prefix-list/${list.id}`,
    AddressFamily: list.addressFamily,
    State: state ?? list.state ?? "create-complete",
    StateMessage: state === undefined ? list.stateMessage : undefined,
    MaxEntries: list.maxEntries,
    Version: list.version,
    OwnerId: ctx.accountId,
    Tags: tagList(list.tags),
    IpamPrefixListResolverSyncEnabled: false,
  };
}

export const prefixListFilters = (ctx: Context): FilterTable<ManagedPrefixList> => ({
  "owner-id": () => ctx.accountId,
  "prefix-list-id": (list) => list.id,
  "prefix-list-name": (list) => list.name,
});
