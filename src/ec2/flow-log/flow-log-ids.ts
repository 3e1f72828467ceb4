// Owns the refusal of flow log ids that nothing has: EC2 counts and lists them.

import type { Snapshot } from "../../model/snapshot.ts";
import { Ec2Error } from "../../wire/error.ts";
import { checkId } from "../resource.ts";

export function checkFlowLogIds(snapshot: Snapshot, region: string, ids: readonly string[]): void {
  for (const id of ids) checkId("vpc-flow-log", id);
  const unknown = ids.filter((id) => snapshot.get("vpc-flow-log", id)?.region !== region);
  if (unknown.length > 0) throw new Ec2Error("InvalidFlowLogId.NotFound", `These flow log ids in the input list are not found: [TotalCount: ${unknown.length}] ${unknown.join(" ")}`);
}
