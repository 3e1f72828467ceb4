// Owns what the control socket shows of a box (status, drop counters by interface, NAT gateways' metrics) and what it understands of a question.

import { ControlError } from "./control.ts";
import type { DaemonOptions } from "./daemon-options.ts";
import { natMetricNames, type DropCount, type NatMetrics } from "./datapath/tables.ts";
import type { Instance } from "./model/records.ts";
import type { Snapshot } from "./model/snapshot.ts";
import type { InstanceJobs } from "./reconcile/instance-jobs.ts";
import type { NetworkLoop } from "./reconcile/network-loop.ts";
import { version } from "./version.ts";
import { MOST_BYTES } from "./watch/pcap.ts";
import { UnknownPlace, findInstance as findNamed, placeOf, portsOf } from "./watch/places.ts";
import type { CaptureOptions } from "./watch/watchers.ts";

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

/** Names that mean nothing are the asker's mistake. */
export function naming<T>(find: () => T): T {
  try {
    return find();
  } catch (error) {
    if (error instanceof UnknownPlace) throw new ControlError(404, error.message);
    throw error;
  }
}
export const findInstance = (snapshot: Snapshot, name: string): Instance => naming(() => findNamed(snapshot, name));

/** Drop counters with names, an interface's together; most packets first. @param place only there; "" everywhere */
export function drops(snapshot: Snapshot, counts: readonly DropCount[], place: string): unknown[] {
  const only = place === "" ? undefined : new Set(naming(() => portsOf(snapshot, place)));
  const interfaces = new Map(snapshot.list("network-interface").map((eni) => [eni.index, eni]));
  const rows = counts.flatMap(({ port, reason, packets, bytes }) => {
    const found = only?.has(port) === false ? undefined : placeOf(snapshot, interfaces, port);
    return found ? [{ port, interface: found.interface, instance: found.instance, name: found.name, reason, packets, bytes }] : []; // none: the interface is gone
  });
  const first = (a: string, b: string): number => (a === b ? 0 : a === "" ? 1 : b === "" ? -1 : a < b ? -1 : 1); // who has a name before who has none
  return rows.sort((a, b) => first(a.name, b.name) || first(a.instance, b.instance) || a.port - b.port || b.packets - a.packets).map(({ port: _, ...row }) => row);
}

/** NAT gateways that are not gone, with what each counted; one that has seen no packet yet has zeros. @param wanted an id or a Name tag; "" all */
export function natMetrics(snapshot: Snapshot, counted: readonly NatMetrics[], wanted: string): unknown[] {
  const there = snapshot.list("natgateway").filter((nat) => nat.state !== "deleted" && nat.state !== "failed"), found = there.filter((nat) => wanted === "" || nat.id === wanted || nat.tags.Name === wanted);
  if (wanted !== "" && found.length === 0) throw new ControlError(404, `there is no NAT gateway ${wanted}; list them with: aws ec2 describe-nat-gateways`);
  return found.map((nat) => {
    const port = snapshot.get("network-interface", nat.networkInterfaceId)?.index;
    return { natGateway: nat.id, name: nat.tags.Name ?? "", metrics: counted.find((one) => one.port === port)?.metrics ?? Object.fromEntries(natMetricNames.map((name) => [name, 0])) };
  });
}

/** What `vpcbox capture` asked for, checked. */
export function captureOptions(query: URLSearchParams): CaptureOptions {
  const number = (name: string, least: number, most: number): number | undefined => {
    const text = query.get(name);
    if (text === null) return undefined;
    const value = Number(text);
    if (!(value >= least && value <= most)) throw new ControlError(400, `${name} is a number from ${least} to ${most}, not ${text}`);
    return value;
  };
  return { most: number("snaplen", 14, MOST_BYTES), count: number("count", 1, 1e12), seconds: number("seconds", 0.001, 1e6) };
}
