// Owns what the reconciler asks of the kernel's network, as an interface, so that the loop is tested against a fake one.
// The real one is in fabric.ts.

import type { DesiredTables } from "../datapath/tables.ts";
import type { GuestInterface } from "../instances/guest.ts";

export interface PlannedLink { readonly interface: GuestInterface; readonly netnsPath: string }
export interface TableChange { readonly added: number; readonly updated: number; readonly removed: number }

export interface Kernel {
  /** Links of the fabric namespace, name -> interface index: as they were read, and what was made and deleted since. The very same map until one comes or goes. */
  links(): ReadonlyMap<string, number>;
  /** Others may have made or deleted some: the next links() reads them. */
  lookAgain(): void;
  /** Makes veth pairs, inner ends in the guests' namespaces with address and default route, and attaches the program. */
  addLinks(links: readonly PlannedLink[]): void | Promise<void>;
  /** Those of them that are there. */
  deleteLinks(names: readonly string[]): void | Promise<void>;
  /** What is remembered to save reading goes: links as well; the next attachAll() attaches to every link again, the next applyTables() reads every table; neither changes what is as it should be. */
  forget(): void;
  /** Attaches the program to every link that is not known to have it; answers how many were not. */
  attachAll(links: ReadonlyMap<string, number>): number;
  applyTables(desired: DesiredTables, links: ReadonlyMap<string, number>): TableChange;
}
