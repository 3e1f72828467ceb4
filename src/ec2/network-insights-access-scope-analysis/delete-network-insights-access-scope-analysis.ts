// Owns DeleteNetworkInsightsAccessScopeAnalysis (EC2 API reference). One that runs may go too: what it finds is then for nobody.

import type { Ec2Operation } from "../../wire/operation.ts";
import { find } from "../resource.ts";

export const deleteNetworkInsightsAccessScopeAnalysis: Ec2Operation<"DeleteNetworkInsightsAccessScopeAnalysis"> = (input, ctx) => ctx.write((tx) => {
  const analysis = find(tx, "network-insights-access-scope-analysis", input.NetworkInsightsAccessScopeAnalysisId, ctx.region);
  tx.delete("network-insights-access-scope-analysis", analysis.id);
  return { NetworkInsightsAccessScopeAnalysisId: analysis.id };
});
