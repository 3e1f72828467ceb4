// Owns DescribeStaleSecurityGroups (EC2 API reference): groups with rules about groups of a peer VPC that is gone. A box has no
// peering yet: the true answer is none.

import type { Ec2Operation } from "../../wire/operation.ts";
import { find } from "../resource.ts";

export const describeStaleSecurityGroups: Ec2Operation<"DescribeStaleSecurityGroups"> = (input, ctx) => {
  find(ctx.snapshot(), "vpc", input.VpcId, ctx.region);
  return { StaleSecurityGroupSet: [] };
};
