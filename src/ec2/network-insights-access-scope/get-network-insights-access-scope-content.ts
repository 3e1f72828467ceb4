// Owns GetNetworkInsightsAccessScopeContent (EC2 API reference): the paths as they were given.

import type { Ec2Operation } from "../../wire/operation.ts";
import { find } from "../resource.ts";
import { accessScopeContentView } from "./view.ts";

export const getNetworkInsightsAccessScopeContent: Ec2Operation<"GetNetworkInsightsAccessScopeContent"> = (input, ctx) =>
  ({ NetworkInsightsAccessScopeContent: accessScopeContentView(find(ctx.snapshot(), "network-insights-access-scope", input.NetworkInsightsAccessScopeId, ctx.region)) });
