// Owns DescribeAddresses (EC2 API reference).

import { describe } from "../describe.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { addressByIp } from "./address-by-ip.ts";
import { addressFilters, addressView } from "./view.ts";

export const describeAddresses: Ec2Operation<"DescribeAddresses"> = (input, ctx) => {
  const snapshot = ctx.snapshot();
  const byIp = new Set((input.PublicIps ?? []).map((ip) => addressByIp(snapshot, ctx, ip).id));
  const { items } = describe(ctx, {
    kind: "elastic-ip", ids: input.AllocationIds, filters: input.Filters, dryRun: input.DryRun, table: addressFilters(snapshot, ctx),
    visible: (a) => byIp.size === 0 || byIp.has(a.id) || (input.AllocationIds ?? []).includes(a.id),
  });
  return { Addresses: items.map((a) => addressView(snapshot, ctx, a)) };
};
