// Owns DescribeStaleSecurityGroups (EC2 API reference): a VPC's groups with rules about groups of a peer VPC that are gone, or that no
// active peering leads to.

import type * as ec2 from "@aws-sdk/client-ec2";
import type { SecurityGroup } from "../../model/records.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import type { Context, Ec2Operation } from "../../wire/operation.ts";
import { paginate } from "../page.ts";
import { find } from "../resource.ts";
import { isStale } from "./peer-references.ts";
import { permissionsView } from "./view.ts";

export const describeStaleSecurityGroups: Ec2Operation<"DescribeStaleSecurityGroups"> = (input, ctx) => {
  const snapshot = ctx.snapshot();
  const vpc = find(snapshot, "vpc", input.VpcId, ctx.region);
  const stale = snapshot.list("security-group", ctx.region).filter((group) => group.vpcId === vpc.id && group.rules.some((rule) => isStale(snapshot, rule)));
  const page = paginate(stale, (group) => group.id, input.MaxResults, input.NextToken, { min: 5, max: 255 }, { of: "stale", at: (group) => group.index });
  return {
    StaleSecurityGroupSet: page.items.map((group) => ({
      GroupId: group.id, GroupName: group.name, Description: group.description, VpcId: group.vpcId,
      StaleIpPermissions: stalePermissions(snapshot, ctx, group, false), StaleIpPermissionsEgress: stalePermissions(snapshot, ctx, group, true),
    })),
    NextToken: page.nextToken,
  };
};

function stalePermissions(snapshot: Snapshot, ctx: Context, group: SecurityGroup, egress: boolean): ec2.StaleIpPermission[] {
  const rules = group.rules.filter((rule) => rule.isEgress === egress && isStale(snapshot, rule));
  return permissionsView(snapshot, ctx, rules).map(({ IpProtocol, FromPort, ToPort, UserIdGroupPairs }) => ({ IpProtocol, FromPort, ToPort, IpRanges: [], PrefixListIds: [], UserIdGroupPairs }));
}
