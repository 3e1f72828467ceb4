// Owns GetManagedPrefixListAssociations (EC2 API reference): which security groups and route tables refer to a list.

import { usersOf } from "../../model/prefix-lists.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { paginate } from "../page.ts";
import { find } from "../resource.ts";

export const getManagedPrefixListAssociations: Ec2Operation<"GetManagedPrefixListAssociations"> = (input, ctx) => {
  const snapshot = ctx.snapshot();
  const list = find(snapshot, "prefix-list", input.PrefixListId, ctx.region), { groups, tables } = usersOf(snapshot, list);
  const users = [...groups.map(({ id, index }) => ({ id, place: index })), ...tables.map(({ id, index }) => ({ id, place: 2 ** 40 + index }))];
  const page = paginate(users, (u) => u.id, input.MaxResults, input.NextToken, { min: 5, max: 255 }, { of: list.id, at: (u) => u.place });
  return { PrefixListAssociations: page.items.map((r) => ({ ResourceId: r.id, ResourceOwner: ctx.accountId })), NextToken: page.nextToken };
};
