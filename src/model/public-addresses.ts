// Owns which public addresses of the box are free, and picks one. The pools are the whole box's: regions share them, so that an
// address of the box's internet leads to one interface (../internet/addresses.ts; data, hence allowed here).

import { formatIp, parseCidr, sizeOf } from "../lib/ip.ts";
import { must } from "../lib/assert.ts";
import { publicPools } from "../internet/addresses.ts";
import type { Snapshot } from "./snapshot.ts";

/** Every public address that something holds: Elastic IPs, and addresses given to interfaces. */
export function publicAddressesInUse(snapshot: Snapshot): ReadonlySet<string> {
  const used = new Set<string>();
  for (const address of snapshot.list("elastic-ip")) used.add(address.publicIp);
  for (const eni of snapshot.list("network-interface")) for (const p of eni.privateAddresses) if (p.publicIp !== undefined) used.add(p.publicIp);
  return used;
}

export function isPublicPoolAddress(address: string): boolean {
  return pool.includes(address);
}

/** A free public address at random; undefined when every one is taken. @param randomInt a number from 0 below its argument */
export function allocatePublicIp(snapshot: Snapshot, randomInt: (below: number) => number): string | undefined {
  const used = publicAddressesInUse(snapshot);
  const free = pool.filter((address) => !used.has(address));
  return free.length === 0 ? undefined : free[randomInt(free.length)];
}

const pool: readonly string[] = publicPools.flatMap((text) => {
  const block = must(parseCidr(text), "a pool is a block");
  return Array.from({ length: sizeOf(block) - 2 }, (_, i) => formatIp(block.address + 1 + i)); // without .0 and .255
});
