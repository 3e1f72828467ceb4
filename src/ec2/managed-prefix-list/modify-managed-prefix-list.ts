// Owns ModifyManagedPrefixList (EC2 API reference): entries make a new version, a name or a size does not. A size that what refers
// to the list has no room for is taken back: the list says modify-failed.

import { must } from "../../lib/assert.ts";
import { entriesOf } from "../../model/prefix-lists.ts";
import type { ManagedPrefixList } from "../../model/records.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import { Ec2Error } from "../../wire/error.ts";
import type { Context, Ec2Operation } from "../../wire/operation.ts";
import { find } from "../resource.ts";
import { refuseUnsupported } from "../unsupported.ts";
import { changedEntries, readMaxEntries, readName, tooManyEntries, wrongVersion } from "./entries.ts";
import { usersWithoutRoom } from "./room.ts";
import { prefixListView } from "./view.ts";

export const modifyManagedPrefixList: Ec2Operation<"ModifyManagedPrefixList"> = (input, ctx) => ctx.write((tx) => {
  refuseUnsupported(input, ["IpamPrefixListResolverSyncEnabled"], { IpamPrefixListResolverSyncEnabled: (v: boolean) => !v });
  const before = find(tx, "prefix-list", input.PrefixListId, ctx.region);
  const hasEntries = (input.AddEntries ?? []).length > 0 || (input.RemoveEntries ?? []).length > 0;
  if (hasEntries && input.MaxEntries !== undefined)
    throw new Ec2Error("InvalidParameterCombination", "You cannot modify the entries and the maximum number of entries for the prefix list in the same request.");
  if (!hasEntries && input.MaxEntries === undefined && input.PrefixListName === undefined) throw new Ec2Error("MissingParameter", "No modifications were specified for the prefix list.");
  if (hasEntries && input.CurrentVersion === undefined) throw new Ec2Error("MissingParameter", "The request must contain the parameter CurrentVersion");
  if (input.CurrentVersion !== undefined && input.CurrentVersion !== before.version) throw wrongVersion();
  let list: ManagedPrefixList = { ...before, name: input.PrefixListName === undefined ? before.name : readName(input.PrefixListName), state: "modify-complete", stateMessage: undefined };
  if (hasEntries) {
    const version = list.version + 1;
    list = { ...list, version, versions: [...list.versions, { version, entries: changedEntries(list, input.AddEntries, input.RemoveEntries) }] };
  }
  if (input.MaxEntries !== undefined) list = resized(tx, ctx, list, readMaxEntries(input.MaxEntries));
  tx.put("prefix-list", list);
  return { PrefixList: prefixListView(ctx, list, "modify-in-progress") };
});

function resized(snapshot: Snapshot, ctx: Context, list: ManagedPrefixList, maxEntries: number): ManagedPrefixList {
  if (must(entriesOf(list), "a list has its current version").length > maxEntries) throw tooManyEntries();
  const full = usersWithoutRoom(snapshot, ctx, list, maxEntries);
  if (full.length === 0) return { ...list, maxEntries };
  return { ...list, state: "modify-failed", stateMessage: `The following VPC resources do not have sufficient capacity: ${full.join(", ")}` };
}
