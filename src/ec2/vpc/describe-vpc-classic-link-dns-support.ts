// Owns DescribeVpcClassicLinkDnsSupport (EC2 API reference): as DescribeVpcClassicLink, there is none.

import type { Ec2Operation } from "../../wire/operation.ts";
import { describe } from "../describe.ts";

export const describeVpcClassicLinkDnsSupport: Ec2Operation<"DescribeVpcClassicLinkDnsSupport"> = (input, ctx) => {
  const page = describe(ctx, { kind: "vpc", ids: input.VpcIds, maxResults: input.MaxResults, nextToken: input.NextToken, table: {}, pagesIds: true });
  return { Vpcs: page.items.map((vpc) => ({ VpcId: vpc.id, ClassicLinkDnsSupported: false })), NextToken: page.nextToken };
};
