// Owns DescribeNetworkAcls (EC2 API reference).

import type { Ec2Operation } from "../../wire/operation.ts";
import { describe } from "../describe.ts";
import { networkAclFilters, networkAclView } from "./view.ts";

export const describeNetworkAcls: Ec2Operation<"DescribeNetworkAcls"> = (input, ctx) => {
  const page = describe(ctx, {
    kind: "network-acl", ids: input.NetworkAclIds, filters: input.Filters, maxResults: input.MaxResults, nextToken: input.NextToken, dryRun: input.DryRun, table: networkAclFilters(ctx), pagesIds: true,
  });
  return { NetworkAcls: page.items.map((acl) => networkAclView(ctx, acl)), NextToken: page.nextToken };
};
