// Owns DescribeDhcpOptions (EC2 API reference).

import type { Ec2Operation } from "../../wire/operation.ts";
import { describe } from "../describe.ts";
import { dhcpOptionsFilters, dhcpOptionsView } from "./view.ts";

export const describeDhcpOptions: Ec2Operation<"DescribeDhcpOptions"> = (input, ctx) => {
  const page = describe(ctx, {
    kind: "dhcp-options", ids: input.DhcpOptionsIds, filters: input.Filters, maxResults: input.MaxResults, nextToken: input.NextToken, dryRun: input.DryRun, table: dhcpOptionsFilters(ctx), pagesIds: true,
  });
  return { DhcpOptions: page.items.map((options) => dhcpOptionsView(ctx, options)), NextToken: page.nextToken };
};
