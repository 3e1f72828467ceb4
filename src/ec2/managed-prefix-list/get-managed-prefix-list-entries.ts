// Owns GetManagedPrefixListEntries (EC2 API reference): of the current version, or of one of those before.

import { entriesOf } from "../../model/prefix-lists.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { paginate } from "../page.ts";
import { find } from "../resource.ts";
import { unknownVersion } from "./version.ts";

export const getManagedPrefixListEntries: Ec2Operation<"GetManagedPrefixListEntries"> = (input, ctx) => {
  const list = find(ctx.snapshot(), "prefix-list", input.PrefixListId, ctx.region);
  const entries = entriesOf(list, input.TargetVersion ?? list.version);
  if (!entries) throw unknownVersion(input.TargetVersion!);
  const page = paginate(entries, (e) => e.cidr, input.MaxResults, input.NextToken, { min: 1, max: 100 });
  return { Entries: page.items.map((e) => ({ Cidr: e.cidr, Description: e.description })), NextToken: page.nextToken };
};
