// Owns the fabric namespace as the reconciler's Kernel: links through src/linux, program and tables through src/datapath.

import type { Datapath } from "../datapath/loader.ts";
import type { DesiredTables } from "../datapath/tables.ts";
import { addVethPairs, deleteLinks, readLinks } from "../linux/link.ts";
import { inNetns } from "../linux/netns.ts";
import type { GuestInterface } from "../instances/guest.ts";
import { Remembered } from "../lib/remembered.ts";
import type { Kernel, PlannedLink, TableChange } from "./kernel.ts";

/** Of every interface (EC2 user guide, "Network MTU"); what is longer than the internet takes hears of it at the gateway. */
export const LINK_MTU = 9001;

export class Fabric implements Kernel {
  readonly #netnsPath: string;
  readonly #datapath: Datapath;
  readonly #attached = new Set<number>();
  readonly #ifindexOf = new Remembered<(link: string) => number | undefined>();

  constructor(netnsPath: string, datapath: Datapath) {
    this.#netnsPath = netnsPath;
    this.#datapath = datapath;
  }

  readLinks(): ReadonlyMap<string, number> {
    return readLinks(this.#netnsPath);
  }

  addLinks(links: readonly PlannedLink[]): Promise<void> {
    return addVethPairs(this.#netnsPath, links.map(({ interface: i, netnsPath }) => ({
      outer: i.link,
      inner: i.device,
      innerNetns: netnsPath,
      innerMac: i.mac,
      mtu: LINK_MTU,
      addresses: [i.address, ...i.moreAddresses].map((a) => `${a}/${i.prefixLength}`),
      ...routing(i),
    })));
  }

  deleteLinks(names: readonly string[]): Promise<void> {
    return deleteLinks(this.#netnsPath, names);
  }

  /** Each link once in this process's life: its first attachment replaces a dead daemon's. Link numbers are never used again. */
  forget(): void {
    this.#attached.clear();
    this.#datapath.forget();
  }

  attachAll(links: ReadonlyMap<string, number>): number {
    const present = [...links].filter(([name]) => name.startsWith("vb")).map(([, ifindex]) => ifindex);
    const fresh = present.filter((ifindex) => !this.#attached.has(ifindex));
    if (fresh.length > 0) inNetns(this.#netnsPath, () => { for (const ifindex of fresh) this.#datapath.attach(ifindex); });
    this.#attached.clear();
    for (const ifindex of present) this.#attached.add(ifindex);
    return fresh.length;
  }

  applyTables(desired: DesiredTables, links: ReadonlyMap<string, number>): TableChange {
    return this.#datapath.apply(desired, this.#ifindexOf.of([links], () => (link) => links.get(link)));
  }
}

/**
 * The default route is eth0's; what has a further interface's address leaves by that interface, as Amazon Linux sets it up
 * (amazon-ec2-net-utils: a table of its own, and a default route of a higher metric).
 */
function routing(i: GuestInterface): { readonly routes: readonly string[]; readonly rules: readonly string[] } {
  const number = Number(/\d+$/.exec(i.device)?.[0] ?? 0);
  if (number === 0) return { routes: [`default via ${i.gateway} dev ${i.device}`], rules: [] };
  const table = 10_000 + number;
  return {
    routes: [`default via ${i.gateway} dev ${i.device} metric ${512 + 10 * number}`, `default via ${i.gateway} dev ${i.device} table ${table}`],
    rules: [i.address, ...i.moreAddresses].map((address) => `from ${address} lookup ${table} priority ${table}`),
  };
}
