// Owns how the analysis of an access scope looks to clients (EC2 API reference, NetworkInsightsAccessScopeAnalysis,
// AccessScopeAnalysisFinding).

import type * as ec2 from "@aws-sdk/client-ec2";
import type { NetworkInsightsAccessScopeAnalysis } from "../../model/records.ts";
import { ec2Arn, type Owner } from "../arn.ts";
import { tagList } from "../describe.ts";

export const accessScopeAnalysisView = (owner: Owner, analysis: NetworkInsightsAccessScopeAnalysis): ec2.NetworkInsightsAccessScopeAnalysis => ({
  NetworkInsightsAccessScopeAnalysisId: analysis.id,
  NetworkInsightsAccessScopeAnalysisArn: ec2Arn(owner, "network-insights-access-scope-analysis", analysis.id),
  NetworkInsightsAccessScopeId: analysis.scopeId,
  Status: analysis.status,
  StatusMessage: analysis.statusMessage,
  WarningMessage: analysis.warningMessage,
  StartDate: new Date(analysis.createdAt),
  EndDate: analysis.endedAt === undefined ? undefined : new Date(analysis.endedAt),
  FindingsFound: analysis.status === "succeeded" ? (analysis.findings.length > 0 ? "true" : "false") : "unknown",
  AnalyzedEniCount: analysis.analyzedInterfaces,
  Tags: tagList(analysis.tags),
});

export interface NumberedFinding { readonly id: string; readonly components: readonly object[] }
export const numberedFindings = (analysis: NetworkInsightsAccessScopeAnalysis): readonly NumberedFinding[] => analysis.findings.map((components, i) => ({ id: `AnalysisFinding-${i + 1}`, components }));

export const findingView = (analysis: NetworkInsightsAccessScopeAnalysis, finding: NumberedFinding): ec2.AccessScopeAnalysisFinding => ({
  NetworkInsightsAccessScopeAnalysisId: analysis.id,
  NetworkInsightsAccessScopeId: analysis.scopeId,
  FindingId: finding.id,
  FindingComponents: [...finding.components],
});
