// Owns DescribePrefixLists (EC2 API reference): the address ranges of AWS's services, as VPC endpoints use them; never the account's
// own lists. A box has no such service and no endpoint, so no list is visible: filters are checked, and every id is unknown.

import type { Ec2Operation } from "../../wire/operation.ts";
import { describe } from "../describe.ts";

export const describePrefixLists: Ec2Operation<"DescribePrefixLists"> = (input, ctx) => {
  const page = describe(ctx, {
    kind: "prefix-list", ids: input.PrefixListIds, filters: input.Filters, maxResults: input.MaxResults, nextToken: input.NextToken, dryRun: input.DryRun,
    table: { "prefix-list-id": (list) => list.id, "prefix-list-name": (list) => list.name }, visible: () => false, pagesIds: true,
  });
  return { PrefixLists: [...page.items].map((list) => ({ PrefixListId: list.id, PrefixListName: list.name })), NextToken: page.nextToken };
};
