// Owns DescribeInstanceStatus (EC2 API reference): running instances unless IncludeAllInstances. A guest that runs is reachable:
// its init is up and its links are; one that boots is still being checked.

import type * as ec2 from "@aws-sdk/client-ec2";
import { zoneIdOf } from "../../model/regions.ts";
import type { Instance } from "../../model/records.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { describe, type FilterTable } from "../describe.ts";
import { stateView } from "./view.ts";

type Status = "ok" | "initializing" | "not-applicable";
const statusOf = (i: Instance): Status => (i.state === "running" ? "ok" : i.state === "pending" ? "initializing" : "not-applicable");
const reachability = (i: Instance): string | undefined => (statusOf(i) === "ok" ? "passed" : statusOf(i) === "initializing" ? "initializing" : undefined);

const filters: FilterTable<Instance> = {
  "application-status.status": () => undefined,
  "availability-zone": (i) => i.availabilityZone,
  "availability-zone-id": (i) => zoneIdOf(i.region, i.availabilityZone),
  "event.code": () => undefined,
  "event.description": () => undefined,
  "event.instance-event-id": () => undefined,
  "event.not-after": () => undefined,
  "event.not-before": () => undefined,
  "event.not-before-deadline": () => undefined,
  "instance-state-code": (i) => String(stateView(i.state).Code),
  "instance-state-name": (i) => i.state,
  "instance-status.reachability": reachability,
  "instance-status.status": statusOf,
  "operator.managed": () => "false",
  "operator.principal": () => undefined,
  "system-status.reachability": reachability,
  "system-status.status": statusOf,
  "attached-ebs-status.status": statusOf,
};

export const describeInstanceStatus: Ec2Operation<"DescribeInstanceStatus"> = (input, ctx) => {
  const named = (input.InstanceIds ?? []).length > 0; // one that does not run is known all the same
  const shown = (i: Instance): boolean => i.state === "running" || input.IncludeAllInstances === true;
  const page = describe(ctx, {
    kind: "instance", ids: input.InstanceIds, filters: input.Filters, maxResults: input.MaxResults, nextToken: input.NextToken, dryRun: input.DryRun, table: filters,
    ...(named ? {} : { visible: shown }),
  });
  return { InstanceStatuses: page.items.filter(shown).map(statusView), NextToken: page.nextToken };
};

function statusView(instance: Instance): ec2.InstanceStatus {
  const status = statusOf(instance);
  const name = reachability(instance);
  const summary: ec2.InstanceStatusSummary = { Status: status, Details: name === undefined ? undefined : [{ Name: "reachability", Status: name as ec2.StatusType }] };
  return {
    InstanceId: instance.id,
    AvailabilityZone: instance.availabilityZone,
    InstanceState: stateView(instance.state),
    InstanceStatus: summary,
    SystemStatus: summary,
    AttachedEbsStatus: status === "not-applicable" ? undefined : { Status: status, Details: name === undefined ? undefined : [{ Name: "reachability", Status: name as ec2.StatusType }] },
    Operator: { Managed: false },
  };
}
