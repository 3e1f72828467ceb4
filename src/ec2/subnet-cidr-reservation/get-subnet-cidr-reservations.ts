// Owns GetSubnetCidrReservations (EC2 API reference): one subnet's.

import type { Ec2Operation } from "../../wire/operation.ts";
import { describe } from "../describe.ts";
import { find } from "../resource.ts";
import { reservationFilters, reservationView } from "./view.ts";

export const getSubnetCidrReservations: Ec2Operation<"GetSubnetCidrReservations"> = (input, ctx) => {
  const subnet = find(ctx.snapshot(), "subnet", input.SubnetId, ctx.region);
  const page = describe(ctx, {
    kind: "subnet-cidr-reservation", filters: input.Filters, maxResults: input.MaxResults, nextToken: input.NextToken, dryRun: input.DryRun, table: reservationFilters, visible: (r) => r.subnetId === subnet.id,
  });
  return { SubnetIpv4CidrReservations: page.items.map((r) => reservationView(ctx, r)), SubnetIpv6CidrReservations: [], NextToken: page.nextToken };
};
