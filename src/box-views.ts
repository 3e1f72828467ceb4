// Owns what the control socket shows of a box: status, drop counters by interface, and instances found by id or Name tag.

import { ControlError } from "./control.ts";
import type { DaemonOptions } from "./daemon-options.ts";
import { INTERNET_PORT, SERVICES_PORT, type DropCount } from "./datapath/tables.ts";
import type { Instance } from "./model/records.ts";
import type { Snapshot } from "./model/snapshot.ts";
import type { InstanceJobs } from "./reconcile/instance-jobs.ts";
import type { NetworkLoop } from "./reconcile/network-loop.ts";
import { version } from "./version.ts";

export function status(box: { readonly options: DaemonOptions; readonly endpoint: string; readonly snapshot: Snapshot; readonly loop: NetworkLoop; readonly jobs: InstanceJobs }): unknown {
  const { options, endpoint, snapshot, loop, jobs } = box;
  const instances: Record<string, number> = {};
  for (const instance of snapshot.list("instance")) instances[instance.state] = (instances[instance.state] ?? 0) + 1;
  const problems = [...(loop.problem === undefined ? [] : [loop.problem]), ...jobs.problems];
  return {
    box: options.box, endpoint, pid: process.pid, state: options.stateDir, version, instances, revision: snapshot.revision,
    converged: loop.appliedRevision >= snapshot.revision && !jobs.busy, lastPass: loop.last, problems,
  };
}

/** The instance of that id, or the one live instance whose Name tag it is. */
export function findInstance(snapshot: Snapshot, name: string): Instance {
  const byId = snapshot.get("instance", name);
  if (byId) return byId;
  const named = snapshot.list("instance").filter((i) => i.tags.Name === name && i.state !== "terminated" && i.state !== "shutting-down");
  if (named.length === 0) throw new ControlError(404, `there is no instance ${name === "" ? "without a name" : `"${name}"`}; list them with: aws ec2 describe-instances`);
  if (named.length > 1) throw new ControlError(409, `${named.length} instances are named "${name}" (${named.map((i) => i.id).join(", ")}): use the id`);
  return named[0]!;
}

export function drops(snapshot: Snapshot, counts: readonly DropCount[]): unknown[] {
  const interfaces = new Map(snapshot.list("network-interface").map((eni) => [eni.index, eni]));
  return counts.flatMap(({ port, reason, packets, bytes }) => {
    if (port === INTERNET_PORT || port === SERVICES_PORT) return [{ interface: port === INTERNET_PORT ? "internet" : "services", name: "", reason, packets, bytes }];
    const eni = interfaces.get(port);
    if (!eni) return []; // the interface is gone, its counters go with the next prune
    const instance = eni.attachment && snapshot.get("instance", eni.attachment.instanceId);
    return [{ interface: eni.id, name: instance?.tags.Name ?? "", reason, packets, bytes }];
  });
}
