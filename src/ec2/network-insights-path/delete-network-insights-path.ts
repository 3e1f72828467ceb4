// Owns DeleteNetworkInsightsPath (EC2 API reference): its analyses are to be deleted first.

import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { find } from "../resource.ts";

export const deleteNetworkInsightsPath: Ec2Operation<"DeleteNetworkInsightsPath"> = (input, ctx) => ctx.write((tx) => {
  const path = find(tx, "network-insights-path", input.NetworkInsightsPathId, ctx.region);
  if (tx.list("network-insights-analysis", ctx.region).some((a) => a.pathId === path.id))
    throw new Ec2Error("AnalysisExistsForNetworkInsightsPath", `The network insights path '${path.id}' has analyses. Delete them before you delete the path.`);
  tx.delete("network-insights-path", path.id);
  return { NetworkInsightsPathId: path.id };
});
