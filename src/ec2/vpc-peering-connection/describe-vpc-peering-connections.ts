// Owns DescribeVpcPeeringConnections (EC2 API reference). Both regions of a connection see it.

import type { Ec2Operation } from "../../wire/operation.ts";
import { describe } from "../describe.ts";
import { peeringFilters, peeringView } from "./view.ts";

export const describeVpcPeeringConnections: Ec2Operation<"DescribeVpcPeeringConnections"> = (input, ctx) => {
  const snapshot = ctx.snapshot();
  const page = describe(ctx, {
    kind: "vpc-peering-connection", ids: input.VpcPeeringConnectionIds, filters: input.Filters, maxResults: input.MaxResults, nextToken: input.NextToken, dryRun: input.DryRun,
    table: peeringFilters(snapshot, ctx), pagesIds: true,
  });
  return { VpcPeeringConnections: page.items.map((peering) => peeringView(snapshot, ctx, peering)), NextToken: page.nextToken };
};
