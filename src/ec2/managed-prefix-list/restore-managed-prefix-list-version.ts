// Owns RestoreManagedPrefixListVersion (EC2 API reference): the entries of an earlier version become those of a new one.

import { entriesOf } from "../../model/prefix-lists.ts";
import type { ManagedPrefixList } from "../../model/records.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { find } from "../resource.ts";
import { tooManyEntries, wrongVersion } from "./entries.ts";
import { prefixListView } from "./view.ts";
import { unknownVersion } from "./version.ts";

export const restoreManagedPrefixListVersion: Ec2Operation<"RestoreManagedPrefixListVersion"> = (input, ctx) => ctx.write((tx) => {
  const before = find(tx, "prefix-list", input.PrefixListId, ctx.region);
  if (input.CurrentVersion !== before.version) throw wrongVersion();
  const entries = input.PreviousVersion! < before.version ? entriesOf(before, input.PreviousVersion!) : undefined;
  if (!entries) throw unknownVersion(input.PreviousVersion!);
  if (entries.length > before.maxEntries) throw tooManyEntries();
  const version = before.version + 1;
  const list: ManagedPrefixList = { ...before, version, versions: [...before.versions, { version, entries }], state: "restore-complete", stateMessage: undefined };
  tx.put("prefix-list", list);
  return { PrefixList: prefixListView(ctx, list, "restore-in-progress") };
});
