// Owns which private addresses of a subnet are free (Amazon VPC user guide, "Subnet sizing": the first four and the last are
// AWS's own).

import { contains, formatIp, lastOf, parseCidr, parseIp, sizeOf, type Cidr } from "../lib/ip.ts";
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

/** What is reserved in the subnet by CIDR: no address of it is given by itself, only when it is asked for by name. */
function reservedRanges(snapshot: Snapshot, subnetId: string): readonly Cidr[] {
  return snapshot.list("subnet-cidr-reservation").filter((r) => r.subnetId === subnetId).map((r) => must(parseCidr(r.cidr), "a reservation's block parses"));
}

/** How many addresses can be had without naming them. */
export function unreservedAddressCount(snapshot: Snapshot, subnet: Subnet): number {
  const ranges = reservedRanges(snapshot, subnet.id);
  const block = must(parseCidr(subnet.cidrBlock), "a subnet's block parses");
  const inReach = (range: Cidr): number => Math.max(0, Math.min(lastOf(range), lastOf(block) - 1) - Math.max(range.address, block.address + 4) + 1);
  const used = [...privateAddressesInUse(snapshot, subnet.id)].filter((text) => !ranges.some((range) => contains(range, must(parseIp(text), "an address parses"))));
  return sizeOf(block) - 5 - ranges.reduce((sum, range) => sum + inReach(range), 0) - used.length; // reservations do not overlap
}

/** `count` free addresses at random places; fewer when the subnet has no more. `taken` are spoken for in the same call. */
export function pickPrivateAddresses(snapshot: Snapshot, subnet: Subnet, count: number, taken: ReadonlySet<string>, randomInt: (below: number) => number): readonly string[] {
  const block = must(parseCidr(subnet.cidrBlock), "a subnet's block parses");
  const used = new Set([...privateAddressesInUse(snapshot, subnet.id), ...taken]);
  const ranges = reservedRanges(snapshot, subnet.id);
  const usable = sizeOf(block) - 5;
  const picked: string[] = [];
  const start = randomInt(usable);
  for (let i = 0; i < usable && picked.length < count; i++) {
    const address = block.address + 4 + ((start + i) % usable);
    if (!used.has(formatIp(address)) && !ranges.some((range) => contains(range, address))) picked.push(formatIp(address));
  }
  return picked;
}
