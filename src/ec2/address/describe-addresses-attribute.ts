// Owns DescribeAddressesAttribute (EC2 API reference): the only attribute is a reverse DNS name.

import { describe } from "../describe.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { addressAttributeView, addressFilters } from "./view.ts";

export const describeAddressesAttribute: Ec2Operation<"DescribeAddressesAttribute"> = (input, ctx) => {
  const page = describe(ctx, {
    kind: "elastic-ip", ids: input.AllocationIds, maxResults: input.MaxResults, nextToken: input.NextToken, dryRun: input.DryRun, table: addressFilters(ctx.snapshot(), ctx), limits: { min: 1, max: 1000 },
  });
  return { Addresses: page.items.map(addressAttributeView), NextToken: page.nextToken };
};
