// Owns how a DHCP option set looks to clients (EC2 API reference, DhcpOptions) and its filters.

import type * as ec2 from "@aws-sdk/client-ec2";
import type { DhcpOptions } from "../../model/records.ts";
import type { Context } from "../../wire/operation.ts";
import { tagList, type FilterTable } from "../describe.ts";

export const dhcpOptionsView = (ctx: Context, options: DhcpOptions): ec2.DhcpOptions => ({
  DhcpOptionsId: options.id,
  OwnerId: ctx.accountId,
  DhcpConfigurations: Object.entries(options.configurations).map(([Key, values]) => ({ Key, Values: values.map((Value) => ({ Value })) })),
  Tags: tagList(options.tags),
});

export const dhcpOptionsFilters = (ctx: Context): FilterTable<DhcpOptions> => ({
  "dhcp-options-id": (o) => o.id,
  "key": (o) => Object.keys(o.configurations),
  "owner-id": () => ctx.accountId,
  "value": (o) => Object.values(o.configurations).flat(),
});
