// Owns DescribeSecurityGroupReferences (EC2 API reference): which VPCs refer to groups over a peering.

import type { Ec2Operation } from "../../wire/operation.ts";
import { find } from "../resource.ts";
import { referencesTo } from "./peer-references.ts";

export const describeSecurityGroupReferences: Ec2Operation<"DescribeSecurityGroupReferences"> = (input, ctx) => {
  const snapshot = ctx.snapshot();
  const groups = (input.GroupId ?? []).map((id) => find(snapshot, "security-group", id, ctx.region));
  const references = groups.flatMap((group) => referencesTo(snapshot, group));
  return { SecurityGroupReferenceSet: references.map((r) => ({ GroupId: r.groupId, ReferencingVpcId: r.referencingVpcId, VpcPeeringConnectionId: r.vpcPeeringConnectionId })) };
};
