// Owns DescribeSecurityGroupRules (EC2 API reference).

import type { SecurityGroup, SecurityGroupRule } from "../../model/records.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { applyFilters, type FilterTable } from "../describe.ts";
import { paginate, usualLimits } from "../page.ts";
import { checkRuleId, unknownRules } from "./rule-ids.ts";
import { ruleView } from "./view.ts";

interface Row { readonly group: SecurityGroup; readonly rule: SecurityGroupRule; readonly tags: SecurityGroupRule["tags"] }

const filters: FilterTable<Row> = { "group-id": (r) => r.group.id, "security-group-rule-id": (r) => r.rule.id };

export const describeSecurityGroupRules: Ec2Operation<"DescribeSecurityGroupRules"> = (input, ctx) => {
  const ids = input.SecurityGroupRuleIds ?? [];
  ids.forEach(checkRuleId);
  const snapshot = ctx.snapshot();
  const all: Row[] = snapshot.list("security-group", ctx.region).flatMap((group) => group.rules.map((rule) => ({ group, rule, tags: rule.tags })));
  const missing = ids.filter((id) => !all.some((r) => r.rule.id === id));
  if (missing.length > 0) throw unknownRules(missing);
  const found = applyFilters(ids.length === 0 ? all : all.filter((r) => ids.includes(r.rule.id)), input.Filters, filters);
  const page = paginate(found, (r) => r.rule.id, input.MaxResults, input.NextToken, usualLimits, { of: "rule", at: (r) => r.group.index });
  return { SecurityGroupRules: page.items.map(({ group, rule }) => ruleView(snapshot, ctx, group, rule)), NextToken: page.nextToken };
};
