// Owns how the API's analyses are done: records and shapes from src/ec2, answers from src/reach, guests looked into on the way.

import { setImmediate } from "node:timers/promises";
import { analyzeScope } from "./ec2/network-insights-access-scope-analysis/analyze-scope.ts";
import { analyzePath, type Ask } from "./ec2/network-insights-analysis/analyze-path.ts";
import { lookingIntoGuests, type ReadFacts } from "./guest-reading.ts";
import type { NetworkInsightsAccessScopeAnalysis, NetworkInsightsAnalysis } from "./model/records.ts";
import { readNetwork } from "./model/network.ts";
import type { Snapshot } from "./model/snapshot.ts";
import { analyzedInterfaces, findAccess } from "./reach/access-scope.ts";
import { analyze } from "./reach/analyze.ts";
import type { ScopeFindings } from "./reconcile/insights-jobs.ts";

export interface AnalysesParts {
  readonly accountId: string;
  readonly readFacts: ReadFacts;
}

export function doPath({ accountId, readFacts }: AnalysesParts, applied: Snapshot, analysis: NetworkInsightsAnalysis): ReturnType<typeof analyzePath> {
  const ask: Ask = (snapshot, question) => {
    const network = readNetwork(snapshot);
    return lookingIntoGuests(snapshot, readFacts, (guests) => analyze(network, question, guests));
  };
  return analyzePath(applied, { region: analysis.region, accountId }, analysis, ask);
}

export async function doScope({ accountId, readFacts }: AnalysesParts, applied: Snapshot, analysis: NetworkInsightsAccessScopeAnalysis): Promise<ScopeFindings> {
  const network = readNetwork(applied);
  const { answer: guests, problems } = await lookingIntoGuests(applied, readFacts, (known) => { for (const id of forwarders(applied, analysis.region)) known(id); return known; });
  const found = await analyzeScope(applied, { region: analysis.region, accountId }, analysis, (scope) => findAccess(network, analysis.region, scope, guests), async () => { await setImmediate(); });
  const warning = [...(found.warning === undefined ? [] : [found.warning]), ...problems].join(" ");
  return { findings: found.findings, analyzedInterfaces: analyzedInterfaces(network, analysis.region).length, warning: warning === "" ? undefined : warning };
}

/** Instances that may send on what is not theirs: the check is off. */
const forwarders = (snapshot: Snapshot, region: string): readonly string[] => [...new Set(snapshot.list("network-interface", region)
  .filter((eni) => !eni.sourceDestCheck && eni.attachment !== undefined && snapshot.get("instance", eni.attachment.instanceId)?.state === "running").map((eni) => eni.attachment!.instanceId))];
