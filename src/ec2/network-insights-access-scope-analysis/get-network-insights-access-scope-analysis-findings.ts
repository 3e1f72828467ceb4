// Owns GetNetworkInsightsAccessScopeAnalysisFindings (EC2 API reference): the ways that were found, page by page. None while it runs.

import type { Ec2Operation } from "../../wire/operation.ts";
import { paginate } from "../page.ts";
import { find } from "../resource.ts";
import { findingView, numberedFindings } from "./view.ts";

export const getNetworkInsightsAccessScopeAnalysisFindings: Ec2Operation<"GetNetworkInsightsAccessScopeAnalysisFindings"> = (input, ctx) => {
  const analysis = find(ctx.snapshot(), "network-insights-access-scope-analysis", input.NetworkInsightsAccessScopeAnalysisId, ctx.region);
  const page = paginate(numberedFindings(analysis), (finding) => finding.id, input.MaxResults ?? 100, input.NextToken, { min: 1, max: 100 });
  return {
    NetworkInsightsAccessScopeAnalysisId: analysis.id, AnalysisStatus: analysis.status,
    AnalysisFindings: page.items.map((finding) => findingView(analysis, finding)), NextToken: page.nextToken,
  };
};
