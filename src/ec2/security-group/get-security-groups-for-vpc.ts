// Owns GetSecurityGroupsForVpc (EC2 API reference): the groups that interfaces in the VPC may have.

import type { SecurityGroup } from "../../model/records.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { applyFilters, tagList, type FilterTable } from "../describe.ts";
import { paginate, usualLimits } from "../page.ts";
import { find } from "../resource.ts";

export const getSecurityGroupsForVpc: Ec2Operation<"GetSecurityGroupsForVpc"> = (input, ctx) => {
  const snapshot = ctx.snapshot();
  const vpc = find(snapshot, "vpc", input.VpcId, ctx.region);
  const filters: FilterTable<SecurityGroup> = {
    "description": (g) => g.description, "group-id": (g) => g.id, "group-name": (g) => g.name, "owner-id": () => ctx.accountId, "primary-vpc-id": (g) => g.vpcId,
  };
  const found = applyFilters(snapshot.list("security-group", ctx.region).filter((g) => g.vpcId === vpc.id), input.Filters, filters);
  const page = paginate(found, (g) => g.id, input.MaxResults, input.NextToken, usualLimits, { of: "security-group", at: (g) => g.index });
  return {
    SecurityGroupForVpcs: page.items.map((g) => ({ GroupId: g.id, GroupName: g.name, Description: g.description, OwnerId: ctx.accountId, PrimaryVpcId: g.vpcId, Tags: tagList(g.tags) })),
    NextToken: page.nextToken,
  };
};
