// Owns DescribeManagedPrefixLists (EC2 API reference): the account's own. A box has no services behind lists of AWS's.

import type { Ec2Operation } from "../../wire/operation.ts";
import { describe } from "../describe.ts";
import { prefixListFilters, prefixListView } from "./view.ts";

export const describeManagedPrefixLists: Ec2Operation<"DescribeManagedPrefixLists"> = (input, ctx) => {
  const page = describe(ctx, {
    kind: "prefix-list", ids: input.PrefixListIds, filters: input.Filters, maxResults: input.MaxResults, nextToken: input.NextToken, dryRun: input.DryRun, table: prefixListFilters(ctx),
    pagesIds: true, limits: { min: 1, max: 100 },
  });
  return { PrefixLists: page.items.map((list) => prefixListView(ctx, list)), NextToken: page.nextToken };
};
