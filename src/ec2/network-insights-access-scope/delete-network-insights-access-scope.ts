// Owns DeleteNetworkInsightsAccessScope (EC2 API reference): its analyses are to be deleted first.

import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { find } from "../resource.ts";

export const deleteNetworkInsightsAccessScope: Ec2Operation<"DeleteNetworkInsightsAccessScope"> = (input, ctx) => ctx.write((tx) => {
  const scope = find(tx, "network-insights-access-scope", input.NetworkInsightsAccessScopeId, ctx.region);
  if (tx.list("network-insights-access-scope-analysis", ctx.region).some((a) => a.scopeId === scope.id))
    throw new Ec2Error("AnalysisExistsForNetworkInsightsAccessScope", `The network insights access scope '${scope.id}' has analyses. Delete them before you delete the scope.`);
  tx.delete("network-insights-access-scope", scope.id);
  return { NetworkInsightsAccessScopeId: scope.id };
});
