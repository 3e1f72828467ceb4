// Owns DescribeNetworkInterfaces (EC2 API reference).

import { join } from "../../model/joins.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { describe } from "../describe.ts";
import { networkInterfaceFilters } from "./filters.ts";
import { networkInterfaceView } from "./view.ts";

export const describeNetworkInterfaces: Ec2Operation<"DescribeNetworkInterfaces"> = (input, ctx) => {
  const joins = join(ctx.snapshot());
  const page = describe(ctx, {
    kind: "network-interface", ids: input.NetworkInterfaceIds, filters: input.Filters, maxResults: input.MaxResults, nextToken: input.NextToken, dryRun: input.DryRun,
    table: networkInterfaceFilters(joins, ctx),
  });
  return { NetworkInterfaces: page.items.map((eni) => networkInterfaceView(joins, ctx, eni)), NextToken: page.nextToken };
};
