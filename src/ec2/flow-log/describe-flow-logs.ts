// Owns DescribeFlowLogs (EC2 API reference).

import type { Ec2Operation } from "../../wire/operation.ts";
import { describe } from "../describe.ts";
import { checkFlowLogIds } from "./flow-log-ids.ts";
import { flowLogFilters, flowLogView } from "./view.ts";

export const describeFlowLogs: Ec2Operation<"DescribeFlowLogs"> = (input, ctx) => {
  checkFlowLogIds(ctx.snapshot(), ctx.region, input.FlowLogIds ?? []);
  const page = describe(ctx, {
    kind: "vpc-flow-log", ids: input.FlowLogIds, filters: input.Filter, maxResults: input.MaxResults, nextToken: input.NextToken, dryRun: input.DryRun, table: flowLogFilters, pagesIds: true, limits: { min: 1, max: 1000 },
  });
  return { FlowLogs: page.items.map(flowLogView), NextToken: page.nextToken };
};
