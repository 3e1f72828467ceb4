// Owns which private addresses of a subnet are free (Amazon VPC user guide, "Subnet sizing": the first four and the last are
// AWS's own).

import { formatIp, lastOf, parseCidr, sizeOf } from "../lib/ip.ts";
import { must } from "../lib/assert.ts";
import type { Subnet } from "./records.ts";
import type { Snapshot } from "./snapshot.ts";

export type AddressPlace = "usable" | "reserved" | "outside";

export function placeOf(subnet: Subnet, address: number): AddressPlace {
  const block = must(parseCidr(subnet.cidrBlock), "a subnet's block parses");
  if (address < block.address || address > lastOf(block)) return "outside";
  return address < block.address + 4 || address === lastOf(block) ? "reserved" : "usable";
}

/** The addresses that interfaces have in the subnet. */
export function privateAddressesInUse(snapshot: Snapshot, subnetId: string): ReadonlySet<string> {
  const used = new Set<string>();
  for (const eni of snapshot.list("network-interface")) if (eni.subnetId === subnetId) for (const p of eni.privateAddresses) used.add(p.address);
  return used;
}

export function availableAddressCount(snapshot: Snapshot, subnet: Subnet): number {
  return sizeOf(must(parseCidr(subnet.cidrBlock), "a subnet's block parses")) - 5 - privateAddressesInUse(snapshot, subnet.id).size;
}

/** `count` free addresses at random places; fewer when the subnet has no more. `taken` are spoken for in the same call. */
export function pickPrivateAddresses(snapshot: Snapshot, subnet: Subnet, count: number, taken: ReadonlySet<string>, randomInt: (below: number) => number): readonly string[] {
  const block = must(parseCidr(subnet.cidrBlock), "a subnet's block parses");
  const used = new Set([...privateAddressesInUse(snapshot, subnet.id), ...taken]);
  const usable = sizeOf(block) - 5;
  const picked: string[] = [];
  const start = randomInt(usable);
  for (let i = 0; i < usable && picked.length < count; i++) {
    const address = formatIp(block.address + 4 + ((start + i) % usable));
    if (!used.has(address)) picked.push(address);
  }
  return picked;
}
