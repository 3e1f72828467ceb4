// Owns DescribeAddressesAttribute (EC2 API reference): the only attribute is a reverse DNS name, and no address here has one.

import { describe } from "../describe.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { addressFilters } from "./view.ts";

export const describeAddressesAttribute: Ec2Operation<"DescribeAddressesAttribute"> = (input, ctx) => {
  const page = describe(ctx, {
    kind: "elastic-ip", ids: input.AllocationIds, maxResults: input.MaxResults, nextToken: input.NextToken, dryRun: input.DryRun, table: addressFilters(ctx.snapshot(), ctx),
  });
  return { Addresses: page.items.map((a) => ({ PublicIp: a.publicIp, AllocationId: a.id })), NextToken: page.nextToken };
};
