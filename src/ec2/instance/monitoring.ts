// Owns what MonitorInstances and UnmonitorInstances share: the flag is kept and shown; nothing is measured.

import type * as ec2 from "@aws-sdk/client-ec2";
import type { Context } from "../../wire/operation.ts";
import { instancesNamed } from "./change-states.ts";

export const setMonitoring = (ctx: Context, ids: readonly string[] | undefined, on: boolean): ec2.InstanceMonitoring[] => ctx.write((tx) => {
  const instances = instancesNamed(tx, ctx, ids);
  for (const instance of instances) tx.put("instance", { ...instance, monitoring: on });
  return instances.map((i) => ({ InstanceId: i.id, Monitoring: { State: on === i.monitoring ? (on ? "enabled" : "disabled") : on ? "pending" : "disabling" } }));
});
