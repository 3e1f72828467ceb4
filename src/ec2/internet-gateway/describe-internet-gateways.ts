// Owns DescribeInternetGateways (EC2 API reference).

import type { Ec2Operation } from "../../wire/operation.ts";
import { describe } from "../describe.ts";
import { internetGatewayFilters, internetGatewayView } from "./view.ts";

export const describeInternetGateways: Ec2Operation<"DescribeInternetGateways"> = (input, ctx) => {
  const page = describe(ctx, {
    kind: "internet-gateway", ids: input.InternetGatewayIds, filters: input.Filters, maxResults: input.MaxResults, nextToken: input.NextToken, dryRun: input.DryRun,
    table: internetGatewayFilters(ctx), pagesIds: true,
  });
  return { InternetGateways: page.items.map((gateway) => internetGatewayView(ctx, gateway)), NextToken: page.nextToken };
};
