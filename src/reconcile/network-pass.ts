// Owns the network pass: plan, read, diff, apply, prune for one snapshot. A second pass over the same snapshot changes nothing.

import type { GuestInterface } from "../instances/guest.ts";
import type { DesiredTables } from "../datapath/tables.ts";
import type { Snapshot } from "../model/snapshot.ts";
import { planGuestInterface } from "../plan/guests.ts";
import { linkName, liveInterfaces, planTables, type OwnLinks } from "../plan/plan.ts";
import type { Kernel, PlannedLink, TableChange } from "./kernel.ts";

export interface PassResult extends TableChange { readonly linksAdded: number; readonly linksRemoved: number; readonly attached: number }

/** Links the box may remove: its own naming, and never its two own links. */
const isInterfaceLink = (name: string): boolean => /^vb\d+$/.test(name);

/**
 * @param netnsOf the network namespace of an instance whose guest has one (prepared or running), else undefined: its links wait.
 */
export async function passNetwork(kernel: Kernel, snapshot: Snapshot, own: OwnLinks, netnsOf: (instanceId: string) => string | undefined): Promise<PassResult> {
  const live = liveInterfaces(snapshot);
  const wanted = new Set(live.map(linkName));
  let links = kernel.readLinks();
  const missing: PlannedLink[] = live.filter((eni) => !links.has(linkName(eni))).flatMap((eni) => {
    const netnsPath = netnsOf(eni.attachment!.instanceId);
    return netnsPath === undefined ? [] : [{ interface: planGuestInterface(snapshot, eni) satisfies GuestInterface, netnsPath }];
  });
  if (missing.length > 0) {
    await kernel.addLinks(missing);
    links = kernel.readLinks();
  }
  const attached = kernel.attachAll(links);
  const tables = onlyPresent(planTables(snapshot, own), links);
  const change = kernel.applyTables(tables, links);
  const stray = [...links.keys()].filter((name) => isInterfaceLink(name) && !wanted.has(name));
  if (stray.length > 0) await kernel.deleteLinks(stray); // after the tables: no packet finds a port without its link
  return { ...change, linksAdded: missing.length, linksRemoved: stray.length, attached };
}

/** Ports whose link is not there yet get no entry: packets to them are dropped with a reason instead of sent nowhere. */
function onlyPresent(tables: DesiredTables, links: ReadonlyMap<string, number>): DesiredTables {
  return { ...tables, ports: tables.ports.filter((p) => p.kind === "nat" || links.has(p.link)) };
}
