// Owns DescribeTags (EC2 API reference): one row per tag.

import type * as ec2 from "@aws-sdk/client-ec2";
import type { Ec2Operation } from "../../wire/operation.ts";
import { applyFilters, tagList, type FilterTable } from "../describe.ts";
import { paginate, usualLimits } from "../page.ts";
import { allTagged } from "./tagged-resource.ts";

interface Row { readonly id: string; readonly type: string; readonly key: string; readonly value: string; readonly tags: Readonly<Record<string, string>>; readonly place: number }

const filters: FilterTable<Row> = {
  "key": (r) => r.key,
  "resource-id": (r) => r.id,
  "resource-type": (r) => r.type,
  "value": (r) => r.value,
};

export const describeTags: Ec2Operation<"DescribeTags"> = (input, ctx) => {
  const rows = allTagged(ctx.snapshot(), ctx.region).flatMap((resource) => tagList(resource.tags).map(({ Key, Value }): Row => ({ id: resource.id, type: resource.type, key: Key, value: Value, tags: { [Key]: Value }, place: resource.place })));
  const page = paginate(applyFilters(rows, input.Filters, filters), (r) => `${r.id} ${r.key}`, input.MaxResults, input.NextToken, usualLimits, { of: "tag", at: (r) => r.place });
  return { Tags: page.items.map((r) => ({ Key: r.key, Value: r.value, ResourceId: r.id, ResourceType: r.type as ec2.ResourceType })), NextToken: page.nextToken };
};
