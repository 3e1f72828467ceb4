// Owns DeleteFlowLogs (EC2 API reference): all of them or none.

import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { checkFlowLogIds } from "./flow-log-ids.ts";

export const deleteFlowLogs: Ec2Operation<"DeleteFlowLogs"> = (input, ctx) => ctx.write((tx) => {
  const ids = [...new Set(input.FlowLogIds ?? [])];
  if (ids.length === 0) throw new Ec2Error("MissingParameter", "The request must contain the parameter FlowLogId");
  checkFlowLogIds(tx, ctx.region, ids);
  for (const id of ids) tx.delete("vpc-flow-log", id);
  return { Unsuccessful: [] };
});
