// Owns GetManagedPrefixListAssociations (EC2 API reference): which security groups and route tables refer to a list.

import { usersOf } from "../../model/prefix-lists.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { paginate } from "../describe.ts";
import { find } from "../resource.ts";

export const getManagedPrefixListAssociations: Ec2Operation<"GetManagedPrefixListAssociations"> = (input, ctx) => {
  const snapshot = ctx.snapshot();
  const { groups, tables } = usersOf(snapshot, find(snapshot, "prefix-list", input.PrefixListId, ctx.region));
  const page = paginate([...groups, ...tables], (r) => r.id, input.MaxResults, input.NextToken, { min: 5, max: 255 });
  return { PrefixListAssociations: page.items.map((r) => ({ ResourceId: r.id, ResourceOwner: ctx.accountId })), NextToken: page.nextToken };
};
