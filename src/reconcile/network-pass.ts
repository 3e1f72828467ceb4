// Owns the network pass: plan, read, diff, apply, prune for one snapshot. A second pass over the same snapshot changes nothing. What a
// pass left is remembered, so that the next costs what the edit touched; `forget` lets the next one read everything again.

import type { GuestInterface } from "../instances/guest.ts";
import type { DesiredTables, PortEntry } from "../datapath/tables.ts";
import { Remembered, RememberedList } from "../lib/remembered.ts";
import type { NetworkInterface } from "../model/records.ts";
import type { Snapshot } from "../model/snapshot.ts";
import { planGuestInterface } from "../plan/guests.ts";
import { createPlanner, linkName, type OwnLinks, type Planner } from "../plan/plan.ts";
import type { Kernel, PlannedLink, TableChange } from "./kernel.ts";

export interface PassResult extends TableChange { readonly linksAdded: number; readonly linksRemoved: number; readonly attached: number }

/** Links the box may remove: its own naming, and never its two own links. */
const isInterfaceLink = (name: string): boolean => /^vb\d+$/.test(name);

export class NetworkPasses {
  readonly #kernel: Kernel;
  readonly #planner: Planner;
  readonly #netnsOf: (instanceId: string) => string | undefined;
  readonly #present = new Remembered<readonly PortEntry[]>();
  readonly #ports = new RememberedList<PortEntry>();
  #settled: { readonly links: ReadonlyMap<string, number>; readonly live: readonly NetworkInterface[] } | undefined; // by the last pass: each of these interfaces has its link

  /** @param netnsOf the network namespace of an instance whose guest has one (prepared or running), else undefined: its links wait. */
  constructor(kernel: Kernel, own: OwnLinks, netnsOf: (instanceId: string) => string | undefined) {
    this.#kernel = kernel;
    this.#planner = createPlanner(own);
    this.#netnsOf = netnsOf;
  }

  /** The next pass trusts nothing that is remembered of the kernel. */
  forget(): void {
    this.#settled = undefined;
    this.#kernel.forget();
  }

  /** @param reread links may have come or gone though no record shows it */
  async pass(snapshot: Snapshot, reread: boolean): Promise<PassResult> {
    if (reread) this.#kernel.lookAgain();
    const live = this.#planner.live(snapshot), settled = this.#settled?.live === live && this.#settled.links === this.#kernel.links();
    this.#settled = undefined; // until the pass has succeeded
    const missing = settled ? [] : this.#missing(snapshot, live, this.#kernel.links());
    if (missing.length > 0) await this.#kernel.addLinks(missing);
    const links = this.#kernel.links(), attached = this.#kernel.attachAll(links);
    const change = this.#kernel.applyTables(this.#onlyPresent(this.#planner.tables(snapshot), links), links);
    const stray = settled ? [] : strayLinks(links, live);
    if (stray.length > 0) await this.#kernel.deleteLinks(stray); // after the tables: no packet finds a port without its link
    else if (settled || live.every((eni) => links.has(linkName(eni)))) this.#settled = { links, live };
    return { ...change, linksAdded: missing.length, linksRemoved: stray.length, attached };
  }

  #missing(snapshot: Snapshot, live: readonly NetworkInterface[], links: ReadonlyMap<string, number>): readonly PlannedLink[] {
    return live.filter((eni) => !links.has(linkName(eni))).flatMap((eni) => {
      const netnsPath = this.#netnsOf(eni.attachment!.instanceId);
      return netnsPath === undefined ? [] : [{ interface: planGuestInterface(snapshot, eni) satisfies GuestInterface, netnsPath }];
    });
  }

  /** Ports whose link is not there yet get no entry: packets to them are dropped with a reason instead of sent nowhere. */
  #onlyPresent(tables: DesiredTables, links: ReadonlyMap<string, number>): DesiredTables {
    return { ...tables, ports: this.#present.of([tables.ports, links], () => this.#ports.of(tables.ports.filter((p) => p.kind === "nat" || links.has(p.link)))) };
  }
}

function strayLinks(links: ReadonlyMap<string, number>, live: readonly NetworkInterface[]): string[] {
  const wanted = new Set(live.map(linkName));
  return [...links.keys()].filter((name) => isInterfaceLink(name) && !wanted.has(name));
}
