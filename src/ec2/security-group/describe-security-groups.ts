// Owns DescribeSecurityGroups (EC2 API reference): by id, and in the default VPC by name.

import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { describe } from "../describe.ts";
import { securityGroupFilters } from "./filters.ts";
import { groupNamed } from "./group-name.ts";
import { securityGroupView } from "./view.ts";

export const describeSecurityGroups: Ec2Operation<"DescribeSecurityGroups"> = (input, ctx) => {
  const snapshot = ctx.snapshot();
  const ids = input.GroupIds ?? [];
  const names = input.GroupNames ?? [];
  if (input.MaxResults !== undefined && ids.length + names.length > 0)
    throw new Ec2Error("InvalidParameterCombination", `The parameter ${ids.length > 0 ? "GroupIds" : "GroupNames"} cannot be used with the parameter MaxResults`);
  const page = describe(ctx, {
    kind: "security-group", ids: [...ids, ...names.map((name) => groupNamed(snapshot, ctx, name).id)], filters: input.Filters, maxResults: input.MaxResults, nextToken: input.NextToken,
    dryRun: input.DryRun, table: securityGroupFilters(snapshot, ctx),
  });
  return { SecurityGroups: page.items.map((group) => securityGroupView(snapshot, ctx, group)), NextToken: page.nextToken };
};
