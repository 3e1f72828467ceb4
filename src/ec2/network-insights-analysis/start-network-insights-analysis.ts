// Owns StartNetworkInsightsAnalysis (EC2 API reference): the intent to analyze a path. The daemon does it over the network as it is right
// after this call, and writes what it found on the record (src/reconcile/insights-jobs.ts).

import type { NetworkInsightsAnalysis } from "../../model/records.ts";
import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { resourceOfArn } from "../arn.ts";
import { tagsFor } from "../describe.ts";
import { makerOf, newRecord } from "../new-record.ts";
import { find } from "../resource.ts";
import { refuseUnsupported } from "../unsupported.ts";
import { networkInsightsAnalysisView } from "./view.ts";

export const startNetworkInsightsAnalysis: Ec2Operation<"StartNetworkInsightsAnalysis"> = (input, ctx) => ctx.write((tx) => {
  refuseUnsupported(input, ["AdditionalAccounts"]);
  const path = find(tx, "network-insights-path", input.NetworkInsightsPathId, ctx.region);
  const filterInArns = [...new Set(input.FilterInArns ?? [])], filterOutArns = [...new Set(input.FilterOutArns ?? [])];
  for (const arn of filterInArns) resourceOfArn(tx, ctx, arn, "FilterInArn");
  for (const arn of filterOutArns) resourceOfArn(tx, ctx, arn, "FilterOutArn");
  const both = filterInArns.find((arn) => filterOutArns.includes(arn));
  if (both !== undefined) throw new Ec2Error("InvalidParameterCombination", `The ARN ${both} cannot be used in FilterInArns and in FilterOutArns.`);
  const tags = tagsFor("network-insights-analysis", input.TagSpecifications);
  const all = tx.list("network-insights-analysis", ctx.region);
  if (all.length >= ctx.quota("network-insights-analyses") || all.filter((a) => a.status === "running").length >= ctx.quota("concurrent-network-insights-analyses"))
    throw new Ec2Error("NetworkInsightsAnalysis.LimitExceeded", "The maximum number of network insights analyses has been reached.");
  const record: NetworkInsightsAnalysis = { ...newRecord(tx, makerOf(ctx), "nia", tags), pathId: path.id, filterInArns, filterOutArns, status: "running" };
  tx.put("network-insights-analysis", record);
  return { NetworkInsightsAnalysis: networkInsightsAnalysisView(ctx, record) };
});
