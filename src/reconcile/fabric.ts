// Owns the fabric namespace as the reconciler's Kernel: links through src/linux, program and tables through src/datapath.

import type { Datapath } from "../datapath/loader.ts";
import type { DesiredTables } from "../datapath/tables.ts";
import { addVethPairs, deleteLinks, readLinks } from "../linux/link.ts";
import type { LinkRoute, SourceRule } from "../linux/netlink.ts";
import { inNetns } from "../linux/netns.ts";
import type { GuestInterface } from "../instances/guest.ts";
import { Remembered, RememberedMap } from "../lib/remembered.ts";
import type { Kernel, PlannedLink, TableChange } from "./kernel.ts";

/** Of every interface (EC2 user guide, "Network MTU"); what is longer than the internet takes hears of it at the gateway. */
export const LINK_MTU = 9001;

export class Fabric implements Kernel {
  readonly #netnsPath: string;
  readonly #datapath: Datapath;
  #links: ReadonlyMap<string, number> | undefined; // undefined: who knows
  readonly #sameLinks = new RememberedMap<string, number>();
  #attached: ReadonlySet<number> = new Set();
  #attachedTo: ReadonlyMap<string, number> | undefined;
  readonly #ifindexOf = new Remembered<(link: string) => number | undefined>();

  constructor(netnsPath: string, datapath: Datapath) {
    this.#netnsPath = netnsPath;
    this.#datapath = datapath;
  }

  links(): ReadonlyMap<string, number> {
    return (this.#links ??= this.#sameLinks.of(readLinks(this.#netnsPath)));
  }

  lookAgain(): void {
    this.#links = undefined;
  }

  addLinks(links: readonly PlannedLink[]): void {
    const before = this.links();
    this.#links = undefined; // until all of them are there
    const made = addVethPairs(this.#netnsPath, links.map(({ interface: i, netnsPath }) => ({
      outer: i.link,
      inner: i.device,
      innerNetns: netnsPath,
      innerMac: i.mac,
      innerAlias: i.id, // as Amazon Linux names it (amazon-ec2-net-utils): scripts ask for the device of an interface's id
      mtu: LINK_MTU,
      addresses: [i.address, ...i.moreAddresses].map((a) => `${a}/${i.prefixLength}`),
      ...routing(i),
    })));
    this.#links = this.#sameLinks.of(new Map([...before, ...made]));
  }

  deleteLinks(names: readonly string[]): void {
    const before = this.#links, gone = new Set(names);
    this.#links = undefined;
    deleteLinks(this.#netnsPath, names);
    if (before) this.#links = this.#sameLinks.of(new Map([...before].filter(([name]) => !gone.has(name))));
  }

  /** Each link once in this process's life: its first attachment replaces a dead daemon's. Link numbers are never used again. */
  forget(): void {
    this.#links = this.#attachedTo = undefined;
    this.#attached = new Set();
    this.#datapath.forget();
  }

  attachAll(links: ReadonlyMap<string, number>): number {
    if (links === this.#attachedTo) return 0;
    const present = [...links].filter(([name]) => name.startsWith("vb")).map(([, ifindex]) => ifindex);
    const fresh = present.filter((ifindex) => !this.#attached.has(ifindex));
    if (fresh.length > 0) inNetns(this.#netnsPath, () => { for (const ifindex of fresh) this.#datapath.attach(ifindex); });
    [this.#attached, this.#attachedTo] = [new Set(present), links];
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
function routing(i: GuestInterface): { readonly routes: readonly LinkRoute[]; readonly rules: readonly SourceRule[] } {
  const number = Number(/\d+$/.exec(i.device)?.[0] ?? 0);
  if (number === 0) return { routes: [{ via: i.gateway }], rules: [] };
  const table = 10_000 + number;
  return {
    routes: [{ via: i.gateway, metric: 512 + 10 * number }, { via: i.gateway, table }],
    rules: [i.address, ...i.moreAddresses].map((from) => ({ from, table, priority: table })),
  };
}
