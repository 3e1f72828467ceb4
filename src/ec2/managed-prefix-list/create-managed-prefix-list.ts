// Owns CreateManagedPrefixList (EC2 API reference). IPv6 lists are kept and shown; no IPv6 packet moves.

import type { ManagedPrefixList } from "../../model/records.ts";
import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { tagsFor } from "../describe.ts";
import { makerOf, newRecord } from "../new-record.ts";
import { readEntries, readFamily, readMaxEntries, readName, tooManyEntries } from "./entries.ts";
import { prefixListView } from "./view.ts";

export const createManagedPrefixList: Ec2Operation<"CreateManagedPrefixList"> = (input, ctx) => ctx.write((tx) => {
  const tags = tagsFor("prefix-list", input.TagSpecifications);
  const name = readName(input.PrefixListName!);
  const addressFamily = readFamily(input.AddressFamily!);
  const maxEntries = readMaxEntries(input.MaxEntries!);
  const entries = readEntries(addressFamily, input.Entries);
  if (entries.length > maxEntries) throw tooManyEntries();
  if (tx.list("prefix-list", ctx.region).length >= ctx.quota("prefix-lists-per-region"))
    throw new Ec2Error("PrefixListLimitExceeded", "The maximum number of prefix lists has been reached.");
  const list: ManagedPrefixList = { ...newRecord(tx, makerOf(ctx), "pl", tags), name, addressFamily, maxEntries, version: 1, versions: [{ version: 1, entries }] };
  tx.put("prefix-list", list);
  return { PrefixList: prefixListView(ctx, list, "create-in-progress") };
});
