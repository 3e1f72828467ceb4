// Owns how an access scope looks to clients (EC2 API reference, NetworkInsightsAccessScope, NetworkInsightsAccessScopeContent).

import type * as ec2 from "@aws-sdk/client-ec2";
import type { NetworkInsightsAccessScope } from "../../model/records.ts";
import { ec2Arn, type Owner } from "../arn.ts";
import { tagList } from "../describe.ts";

export const accessScopeView = (owner: Owner, scope: NetworkInsightsAccessScope): ec2.NetworkInsightsAccessScope => ({
  NetworkInsightsAccessScopeId: scope.id,
  NetworkInsightsAccessScopeArn: ec2Arn(owner, "network-insights-access-scope", scope.id),
  CreatedDate: new Date(scope.createdAt),
  UpdatedDate: new Date(scope.createdAt),
  Tags: tagList(scope.tags),
});

export const accessScopeContentView = (scope: NetworkInsightsAccessScope): ec2.NetworkInsightsAccessScopeContent => ({
  NetworkInsightsAccessScopeId: scope.id,
  MatchPaths: [...scope.matchPaths],
  ExcludePaths: scope.excludePaths.length === 0 ? undefined : [...scope.excludePaths],
});
