// Owns DeleteManagedPrefixList (EC2 API reference): not while a rule or a route refers to it.

import { usersOf } from "../../model/prefix-lists.ts";
import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { find } from "../resource.ts";
import { prefixListView } from "./view.ts";

export const deleteManagedPrefixList: Ec2Operation<"DeleteManagedPrefixList"> = (input, ctx) => ctx.write((tx) => {
  const list = find(tx, "prefix-list", input.PrefixListId, ctx.region);
  const { groups, tables } = usersOf(tx, list);
  if (groups.length + tables.length > 0) throw new Ec2Error("DependencyViolation", `The prefix list '${list.id}' has dependencies and cannot be deleted.`);
  tx.delete("prefix-list", list.id);
  return { PrefixList: prefixListView(ctx, list, "delete-in-progress") };
});
