// Owns DescribeNatGateways (EC2 API reference): deleted and failed ones too, for an hour.

import type { Ec2Operation } from "../../wire/operation.ts";
import { describe } from "../describe.ts";
import { natGatewayFilters, natGatewayView } from "./view.ts";

export const describeNatGateways: Ec2Operation<"DescribeNatGateways"> = (input, ctx) => {
  const page = describe(ctx, {
    kind: "natgateway", ids: input.NatGatewayIds, filters: input.Filter, maxResults: input.MaxResults, nextToken: input.NextToken, dryRun: input.DryRun, table: natGatewayFilters, pagesIds: true,
  });
  return { NatGateways: page.items.map(natGatewayView), NextToken: page.nextToken };
};
