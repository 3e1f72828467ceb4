// Owns the entries of managed prefix lists as calls give them: their form, and how additions and removals make the next version
// (EC2 API reference, ModifyManagedPrefixList; Amazon VPC user guide, "Prefix lists concepts and rules").

import { canonical, formatCidr, parseCidr } from "../../lib/ip.ts";
import { canonicalIpv6Cidr } from "../../lib/ipv6.ts";
import { entriesOf } from "../../model/prefix-lists.ts";
import type { ManagedPrefixList, PrefixListEntry } from "../../model/records.ts";
import { Ec2Error } from "../../wire/error.ts";
import { required } from "../missing.ts";

const MAX_ENTRIES = 1000;
const MAX_CHANGES = 100; // of a call
const MAX_TEXT = 255;

type Family = ManagedPrefixList["addressFamily"];
interface EntryInput { readonly Cidr?: string | undefined; readonly Description?: string | undefined }

const invalid = (message: string): Ec2Error => new Ec2Error("InvalidParameterValue", message);

export const tooManyEntries = (): Ec2Error => new Ec2Error("PrefixListMaxEntriesExceeded", "You've reached the maximum number of entries for the prefix list.");
export const wrongVersion = (): Ec2Error => new Ec2Error("PrefixListVersionMismatch", "The prefix list has the incorrect version number.");

export function readFamily(text: string): Family {
  if (text !== "IPv4" && text !== "IPv6") throw invalid(`Value (${text}) for parameter addressFamily is invalid. Valid values are IPv4 and IPv6.`);
  return text;
}

export function readName(name: string): string {
  if (name.length > MAX_TEXT) throw invalid(`Value (${name}) for parameter prefixListName is invalid. The name may have up to ${MAX_TEXT} characters.`);
  if (name.startsWith("com.amazonaws")) throw invalid("Invalid prefix list name. The prefix list name cannot start with com.amazonaws.");
  return name;
}

export function readMaxEntries(n: number): number {
  if (!Number.isInteger(n) || n < 1 || n > MAX_ENTRIES) throw invalid(`Value (${n}) for parameter maxEntries is invalid. It must be between 1 and ${MAX_ENTRIES}.`);
  return n;
}

export function readCidrOf(family: Family, text: string): string {
  const v4 = family === "IPv4" ? parseCidr(text) : undefined;
  const block = v4 ? formatCidr(canonical(v4)) : family === "IPv6" ? canonicalIpv6Cidr(text) : undefined;
  if (block === undefined) throw invalid(`Value (${text}) for parameter Cidr is invalid. This is not a valid ${family} CIDR block.`);
  return block;
}

/** Entries of a call, each block once. */
export function readEntries(family: Family, given: readonly EntryInput[] | undefined): readonly PrefixListEntry[] {
  checkCount(given ?? []);
  const entries = (given ?? []).map(({ Cidr, Description }): PrefixListEntry => {
    if ((Description ?? "").length > MAX_TEXT) throw invalid(`Value (${Description}) for parameter Description is invalid. It may have up to ${MAX_TEXT} characters.`);
    const cidr = readCidrOf(family, required(Cidr, "Cidr"));
    return Description === undefined || Description === "" ? { cidr } : { cidr, description: Description };
  });
  refuseTwice(entries.map((e) => e.cidr));
  return entries;
}

/** The entries of the next version. */
export function changedEntries(list: ManagedPrefixList, add: readonly EntryInput[] | undefined, remove: readonly EntryInput[] | undefined): readonly PrefixListEntry[] {
  checkCount([...(add ?? []), ...(remove ?? [])]);
  const added = readEntries(list.addressFamily, add);
  const removed = (remove ?? []).map(({ Cidr }) => readCidrOf(list.addressFamily, required(Cidr, "Cidr")));
  refuseTwice(removed);
  const both = added.find((e) => removed.includes(e.cidr));
  if (both) throw invalid(`Request cannot contain Cidr ${both.cidr} in both AddPrefixListEntries and RemovePrefixListEntries`);
  const before = entriesOf(list) ?? [];
  for (const cidr of removed) if (!before.some((e) => e.cidr === cidr)) throw new Ec2Error("InvalidPrefixListModification", `The prefix list entry with CIDR (${cidr}) does not exist.`);
  for (const { cidr, description } of added)
    if (before.some((e) => e.cidr === cidr)) throw new Ec2Error("InvalidPrefixListModification", `An entry with the CIDR (${cidr}) and description (${description ?? ""}) already exists.`);
  const entries = [...before.filter((e) => !removed.includes(e.cidr)), ...added];
  if (entries.length > list.maxEntries) throw tooManyEntries();
  return entries;
}

function checkCount(entries: readonly EntryInput[]): void {
  if (entries.length > MAX_CHANGES) throw invalid(`Request cannot contain more than ${MAX_CHANGES} entry additions or removals.`);
}

function refuseTwice(cidrs: readonly string[]): void {
  const twice = cidrs.find((cidr, i) => cidrs.indexOf(cidr) !== i);
  if (twice !== undefined) throw invalid(`Request cannot contain duplicate Cidr ${twice}`);
}
