// Owns how an analysis looks to clients (EC2 API reference, NetworkInsightsAnalysis) and its filters.

import type * as ec2 from "@aws-sdk/client-ec2";
import type { NetworkInsightsAnalysis } from "../../model/records.ts";
import { ec2Arn, type Owner } from "../arn.ts";
import { tagList, type FilterTable } from "../describe.ts";

const filled = <T>(list: readonly T[] | undefined): T[] | undefined => (list === undefined || list.length === 0 ? undefined : [...list]);

export const networkInsightsAnalysisView = (owner: Owner, { result, ...analysis }: NetworkInsightsAnalysis): ec2.NetworkInsightsAnalysis => ({
  NetworkInsightsAnalysisId: analysis.id,
  NetworkInsightsAnalysisArn: ec2Arn(owner, "network-insights-analysis", analysis.id),
  NetworkInsightsPathId: analysis.pathId,
  FilterInArns: filled(analysis.filterInArns),
  FilterOutArns: filled(analysis.filterOutArns),
  StartDate: new Date(analysis.createdAt),
  Status: analysis.status,
  StatusMessage: analysis.statusMessage,
  WarningMessage: analysis.warningMessage,
  NetworkPathFound: result?.pathFound,
  ForwardPathComponents: filled(result?.forward as ec2.PathComponent[] | undefined),
  ReturnPathComponents: filled(result?.return as ec2.PathComponent[] | undefined),
  Explanations: filled(result?.explanations as ec2.Explanation[] | undefined),
  AlternatePathHints: filled(result?.hints as ec2.AlternatePathHint[] | undefined),
  Tags: tagList(analysis.tags),
});

export const networkInsightsAnalysisFilters: FilterTable<NetworkInsightsAnalysis> = {
  "path-found": (a) => a.result && String(a.result.pathFound),
  "status": (a) => a.status,
};
