// Owns StartNetworkInsightsAccessScopeAnalysis (EC2 API reference): the intent to search. The daemon does it over the network as it is right
// after this call, and writes what it found on the record (src/reconcile/insights-jobs.ts).

import type { NetworkInsightsAccessScopeAnalysis } from "../../model/records.ts";
import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { tagsFor } from "../describe.ts";
import { makerOf, newRecord } from "../new-record.ts";
import { find } from "../resource.ts";
import { accessScopeAnalysisView } from "./view.ts";

export const startNetworkInsightsAccessScopeAnalysis: Ec2Operation<"StartNetworkInsightsAccessScopeAnalysis"> = (input, ctx) => ctx.write((tx) => {
  const scope = find(tx, "network-insights-access-scope", input.NetworkInsightsAccessScopeId, ctx.region);
  const tags = tagsFor("network-insights-access-scope-analysis", input.TagSpecifications);
  const all = tx.list("network-insights-access-scope-analysis", ctx.region);
  if (all.length >= ctx.quota("network-insights-access-scope-analyses") || all.filter((a) => a.status === "running").length >= ctx.quota("concurrent-network-insights-analyses"))
    throw new Ec2Error("NetworkInsightsAccessScopeAnalysis.LimitExceeded", "The maximum number of network insights access scope analyses has been reached.");
  const record: NetworkInsightsAccessScopeAnalysis = { ...newRecord(tx, makerOf(ctx), "nisa", tags), scopeId: scope.id, status: "running", analyzedInterfaces: 0, findings: [] };
  tx.put("network-insights-access-scope-analysis", record);
  return { NetworkInsightsAccessScopeAnalysis: accessScopeAnalysisView(ctx, record) };
});
