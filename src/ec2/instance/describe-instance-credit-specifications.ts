// Owns DescribeInstanceCreditSpecifications (EC2 API reference): without ids or filters, the burstable instances that run as unlimited.

import type { Instance } from "../../model/records.ts";
import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { describe, type FilterTable } from "../describe.ts";

const filters: FilterTable<Instance> = { "instance-id": (i) => i.id };

export const describeInstanceCreditSpecifications: Ec2Operation<"DescribeInstanceCreditSpecifications"> = (input, ctx) => {
  const named = (input.InstanceIds ?? []).length > 0;
  const all = !named && (input.Filters ?? []).length === 0;
  const page = describe(ctx, {
    kind: "instance", ids: input.InstanceIds, filters: input.Filters, maxResults: input.MaxResults, nextToken: input.NextToken, dryRun: input.DryRun, table: filters,
    visible: (i) => i.state !== "terminated" && (named || (i.creditSpecification !== undefined && (!all || i.creditSpecification === "unlimited"))),
  });
  const unburstable = page.items.find((i) => i.creditSpecification === undefined);
  if (unburstable) throw new Ec2Error("InvalidParameterValue", `The instance '${unburstable.id}' of type ${unburstable.instanceType} does not support credit specifications.`);
  return { InstanceCreditSpecifications: page.items.map((i) => ({ InstanceId: i.id, CpuCredits: i.creditSpecification })), NextToken: page.nextToken };
};
