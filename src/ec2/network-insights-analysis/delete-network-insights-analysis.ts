// Owns DeleteNetworkInsightsAnalysis (EC2 API reference). One that runs may go too: what it finds is then for nobody.

import type { Ec2Operation } from "../../wire/operation.ts";
import { find } from "../resource.ts";

export const deleteNetworkInsightsAnalysis: Ec2Operation<"DeleteNetworkInsightsAnalysis"> = (input, ctx) => ctx.write((tx) => {
  const analysis = find(tx, "network-insights-analysis", input.NetworkInsightsAnalysisId, ctx.region);
  tx.delete("network-insights-analysis", analysis.id);
  return { NetworkInsightsAnalysisId: analysis.id };
});
