// Owns DescribeVpcClassicLink (EC2 API reference): EC2-Classic is gone, and no VPC is linked to it. Older clients still ask of every VPC.

import type { Ec2Operation } from "../../wire/operation.ts";
import { describe, tagList } from "../describe.ts";

export const describeVpcClassicLink: Ec2Operation<"DescribeVpcClassicLink"> = (input, ctx) => {
  const page = describe(ctx, { kind: "vpc", ids: input.VpcIds, filters: input.Filters, dryRun: input.DryRun, table: { "is-classic-link-enabled": () => "false" } });
  return { Vpcs: page.items.map((vpc) => ({ VpcId: vpc.id, ClassicLinkEnabled: false, Tags: tagList(vpc.tags) })) };
};
