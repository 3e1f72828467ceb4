// Owns what Start, Stop, Reboot and Terminate share: several ids, all or nothing, and the states before and after (EC2 user
// guide, "Amazon EC2 instance state changes").

import type * as ec2 from "@aws-sdk/client-ec2";
import type { Instance } from "../../model/records.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import { Ec2Error } from "../../wire/error.ts";
import type { Context } from "../../wire/operation.ts";
import { checkId, notFound } from "../resource.ts";
import { stateView } from "./view.ts";

/** The instances of those ids, each once, in the order asked for; unknown ones are refused all together. */
export function instancesNamed(snapshot: Snapshot, ctx: Context, ids: readonly string[] | undefined): readonly Instance[] {
  if (!ids || ids.length === 0) throw new Ec2Error("MissingParameter", "The request must contain the parameter InstanceId");
  for (const id of ids) checkId("instance", id);
  const unique = [...new Set(ids)];
  const found = unique.map((id) => snapshot.get("instance", id));
  const missing = unique.filter((_, i) => found[i]?.region !== ctx.region);
  if (missing.length > 0) throw notFound("instance", missing);
  return found as Instance[];
}

export const stateChange = (before: Instance, after: Instance): ec2.InstanceStateChange => ({
  InstanceId: before.id, PreviousState: stateView(before.state), CurrentState: stateView(after.state),
});

/** "User initiated (2026-11-23 10:00:00 GMT)" */
export const userInitiated = (now: Date): string => `User initiated (${now.toISOString().slice(0, 19).replace("T", " ")} GMT)`;
