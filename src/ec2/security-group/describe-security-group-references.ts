// Owns DescribeSecurityGroupReferences (EC2 API reference): which VPCs refer to groups across a peering or transit gateway. A box has
// neither yet: for groups that exist the true answer is none.

import type { Ec2Operation } from "../../wire/operation.ts";
import { find } from "../resource.ts";

export const describeSecurityGroupReferences: Ec2Operation<"DescribeSecurityGroupReferences"> = (input, ctx) => {
  for (const id of input.GroupId ?? []) find(ctx.snapshot(), "security-group", id, ctx.region);
  return { SecurityGroupReferenceSet: [] };
};
