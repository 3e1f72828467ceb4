// Owns DescribeAvailabilityZones (EC2 API reference).

import { availabilityZones, type AvailabilityZone } from "../../model/regions.ts";
import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { applyFilters, type FilterTable } from "../describe.ts";

type Row = AvailabilityZone & { readonly tags?: undefined };

export const describeAvailabilityZones: Ec2Operation<"DescribeAvailabilityZones"> = (input, ctx) => {
  const zones: readonly Row[] = availabilityZones(ctx.region);
  const names = input.ZoneNames ?? [];
  const ids = input.ZoneIds ?? [];
  const unknown = names.find((name) => !zones.some((z) => z.name === name)) ?? ids.find((id) => !zones.some((z) => z.id === id));
  if (unknown !== undefined) throw new Ec2Error("InvalidParameterValue", `Invalid availability zone: [${unknown}]`);
  const group = `${ctx.region}-zg-1`;
  const never = (): undefined => undefined;
  const filters: FilterTable<Row> = {
    "group-long-name": never, "group-name": () => group, "message": never, "opt-in-status": () => "opt-in-not-required", "parent-zone-id": never, "parent-zone-name": never,
    "region-name": () => ctx.region, "state": () => "available", "zone-id": (z) => z.id, "zone-name": (z) => z.name, "zone-type": () => "availability-zone",
  };
  const named = zones.filter((z) => (names.length === 0 && ids.length === 0) || names.includes(z.name) || ids.includes(z.id));
  return {
    AvailabilityZones: applyFilters(named, input.Filters, filters).map((z) => ({
      ZoneName: z.name, ZoneId: z.id, RegionName: ctx.region, GroupName: group, NetworkBorderGroup: ctx.region, ZoneType: "availability-zone", State: "available", OptInStatus: "opt-in-not-required", Messages: [],
    })),
  };
};
