// Owns DescribeInstanceTypeOfferings (EC2 API reference): every type is offered in every zone of every region.

import type * as ec2 from "@aws-sdk/client-ec2";
import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { applyFilters, type FilterTable } from "../describe.ts";
import { paginate } from "../page.ts";
import { oneOf } from "../instance/metadata-options.ts";
import { instanceTypes } from "./types.ts";

interface Offering { readonly instanceType: string; readonly location: string; readonly tags?: undefined }
const filters: FilterTable<Offering> = { "instance-type": (o) => o.instanceType, "location": (o) => o.location };

export const describeInstanceTypeOfferings: Ec2Operation<"DescribeInstanceTypeOfferings"> = (input, ctx) => {
  const kind = oneOf("locationType", input.LocationType, ["region", "availability-zone", "availability-zone-id"] as const) ?? "region";
  if (kind === "availability-zone-id") throw new Ec2Error("UnsupportedOperation", "The parameter LocationType with value availability-zone-id is not supported.");
  const locations = kind === "region" ? [ctx.region] : ["a", "b", "c"].map((letter) => `${ctx.region}${letter}`);
  const all = instanceTypes.flatMap((t) => locations.map((location): Offering => ({ instanceType: t.name, location })));
  const found = applyFilters(all, input.Filters, filters);
  const page = paginate(found, (o) => `${o.instanceType} ${o.location}`, input.MaxResults ?? 1000, input.NextToken);
  return {
    InstanceTypeOfferings: page.items.map((o) => ({ InstanceType: o.instanceType as ec2._InstanceType, LocationType: kind, Location: o.location })),
    NextToken: page.nextToken,
  };
};
