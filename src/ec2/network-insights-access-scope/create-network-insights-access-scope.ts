// Owns CreateNetworkInsightsAccessScope (EC2 API reference): which paths one wants to know of.

import type { NetworkInsightsAccessScope } from "../../model/records.ts";
import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { tagsFor } from "../describe.ts";
import { makerOf, newRecord } from "../new-record.ts";
import { checkScopePaths } from "./scope-paths.ts";
import { accessScopeContentView, accessScopeView } from "./view.ts";

export const createNetworkInsightsAccessScope: Ec2Operation<"CreateNetworkInsightsAccessScope"> = (input, ctx) => ctx.write((tx) => {
  const matchPaths = input.MatchPaths ?? [], excludePaths = input.ExcludePaths ?? [];
  if (matchPaths.length === 0) throw new Ec2Error("MissingParameter", "The request must contain the parameter MatchPath");
  checkScopePaths(tx, ctx, matchPaths, "MatchPath");
  checkScopePaths(tx, ctx, excludePaths, "ExcludePath");
  const tags = tagsFor("network-insights-access-scope", input.TagSpecifications);
  if (tx.list("network-insights-access-scope", ctx.region).length >= ctx.quota("network-insights-access-scopes")) throw new Ec2Error("NetworkInsightsAccessScope.LimitExceeded", "The maximum number of network insights access scopes has been reached.");
  const record: NetworkInsightsAccessScope = { ...newRecord(tx, makerOf(ctx), "nis", tags), matchPaths, excludePaths };
  tx.put("network-insights-access-scope", record);
  return { NetworkInsightsAccessScope: accessScopeView(ctx, record), NetworkInsightsAccessScopeContent: accessScopeContentView(record) };
});
