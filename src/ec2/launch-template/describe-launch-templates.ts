// Owns DescribeLaunchTemplates (EC2 API reference).

import type { LaunchTemplate } from "../../model/records.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { describe, type FilterTable } from "../describe.ts";
import { findTemplate, templateView } from "./template.ts";

const filters: FilterTable<LaunchTemplate> = { "create-time": (t) => new Date(t.createdAt).toISOString(), "launch-template-name": (t) => t.name };

export const describeLaunchTemplates: Ec2Operation<"DescribeLaunchTemplates"> = (input, ctx) => {
  const snapshot = ctx.snapshot();
  const named = [
    ...(input.LaunchTemplateIds ?? []).map((LaunchTemplateId) => findTemplate(snapshot, ctx, { LaunchTemplateId }).id),
    ...(input.LaunchTemplateNames ?? []).map((LaunchTemplateName) => findTemplate(snapshot, ctx, { LaunchTemplateName }).id),
  ];
  const page = describe<"launch-template">(ctx, {
    kind: "launch-template", filters: input.Filters, maxResults: input.MaxResults, nextToken: input.NextToken, dryRun: input.DryRun, table: filters,
    ...(named.length > 0 ? { visible: (t) => named.includes(t.id) } : {}),
  });
  return { LaunchTemplates: page.items.map((t) => templateView(ctx, t)), NextToken: page.nextToken };
};
