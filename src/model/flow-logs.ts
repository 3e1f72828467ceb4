// Owns which interfaces a flow log watches (VPC user guide, "Flow logs basics"): its own, or each of its subnet or VPC, those too that are
// made after it.

import type { FlowLog, NetworkInterface } from "./records.ts";
import type { Snapshot } from "./snapshot.ts";

export function flowLogsOf(snapshot: Snapshot, eni: NetworkInterface): readonly FlowLog[] {
  return snapshot.list("vpc-flow-log", eni.region).filter(({ resourceId }) => resourceId === eni.id || resourceId === eni.subnetId || resourceId === eni.vpcId);
}

/** Verdicts that some flow log wants of an interface. */
export function loggedTraffic(snapshot: Snapshot, eni: NetworkInterface): FlowLog["trafficType"] | undefined {
  const [first, ...others] = new Set(flowLogsOf(snapshot, eni).map((log) => log.trafficType));
  return others.length > 0 ? "ALL" : first;
}
