// Owns which Availability Zone a new subnet lies in: the one that was named, by name or id, else the region's first.

import { must } from "../../lib/assert.ts";
import { availabilityZones } from "../../model/regions.ts";
import { Ec2Error } from "../../wire/error.ts";
import type { Context } from "../../wire/operation.ts";

export function chooseZone(ctx: Context, name: string | undefined, id: string | undefined): string {
  const zones = availabilityZones(ctx.region);
  if (name !== undefined && id !== undefined) throw new Ec2Error("InvalidParameterCombination", "The parameter availabilityZone cannot be used with the parameter availabilityZoneId");
  if (name === undefined && id === undefined) return must(zones[0], `region ${ctx.region} has zones`).name;
  const zone = zones.find((z) => z.name === name || z.id === id);
  if (zone) return zone.name;
  const [value, parameter, list] = name !== undefined ? [name, "availabilityZone", zones.map((z) => z.name)] : [id, "availabilityZoneId", zones.map((z) => z.id)];
  throw new Ec2Error("InvalidParameterValue", `Value (${value}) for parameter ${parameter} is invalid. Subnets can currently only be created in the following availability zones: ${list.join(", ")}.`);
}
