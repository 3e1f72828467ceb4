// Owns DescribeRegions (EC2 API reference). A box has every region.

import { regions, type Region } from "../../model/regions.ts";
import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { applyFilters, type FilterTable } from "../describe.ts";

type Row = Region & { readonly tags?: undefined };
const endpointOf = (r: Region): string => `ec2.${r.name}.amazonaws.com`;
const optInStatus = (r: Region): string => (r.optIn ? "opted-in" : "opt-in-not-required");
const filters: FilterTable<Row> = { "endpoint": endpointOf, "opt-in-status": optInStatus, "region-name": (r) => r.name };

export const describeRegions: Ec2Operation<"DescribeRegions"> = (input) => {
  const names = input.RegionNames ?? [];
  const unknown = names.find((name) => !regions.some((r) => r.name === name));
  if (unknown !== undefined) throw new Ec2Error("InvalidParameterValue", `Invalid region name: [${unknown}]`);
  const found = applyFilters<Row>(names.length === 0 ? regions : regions.filter((r) => names.includes(r.name)), input.Filters, filters);
  return { Regions: found.map((r) => ({ RegionName: r.name, Endpoint: endpointOf(r), OptInStatus: optInStatus(r) })) };
};
