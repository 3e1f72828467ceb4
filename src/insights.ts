// Owns how the API's analyses are put together: records and shapes from src/ec2, answers from src/reach, guests looked into on the way, done
// by src/reconcile's jobs.

import { setImmediate } from "node:timers/promises";
import { analyzeScope } from "./ec2/network-insights-access-scope-analysis/analyze-scope.ts";
import { analyzePath, type Ask } from "./ec2/network-insights-analysis/analyze-path.ts";
import { lookingIntoGuests } from "./guest-reading.ts";
import { readNetwork } from "./model/network.ts";
import type { Snapshot, Transaction } from "./model/snapshot.ts";
import { analyzedInterfaces, findAccess } from "./reach/access-scope.ts";
import { analyze } from "./reach/analyze.ts";
import type { GuestFacts } from "./reach/guest.ts";
import { InsightsJobs } from "./reconcile/insights-jobs.ts";

export interface InsightsParts {
  readonly accountId: string;
  snapshot(): Snapshot;
  write(fn: (tx: Transaction) => void): void;
  poke(): void;
  readFacts(instanceId: string): Promise<GuestFacts>;
}

export function openInsights({ accountId, snapshot, write, poke, readFacts }: InsightsParts): InsightsJobs {
  const ask: Ask = (applied, question) => {
    const network = readNetwork(applied);
    return lookingIntoGuests(applied, readFacts, (guests) => analyze(network, question, guests));
  };
  return new InsightsJobs({
    snapshot, write, poke, now: () => new Date(), concurrency: 4,
    analyzePath: (applied, analysis) => analyzePath(applied, { region: analysis.region, accountId }, analysis, ask),
    analyzeScope: async (applied, analysis) => {
      const network = readNetwork(applied);
      const { answer: guests, problems } = await lookingIntoGuests(applied, readFacts, (known) => { for (const id of forwarders(applied, analysis.region)) known(id); return known; });
      const found = await analyzeScope(applied, { region: analysis.region, accountId }, analysis, (scope) => findAccess(network, analysis.region, scope, guests), async () => { await setImmediate(); });
      const warning = [...(found.warning === undefined ? [] : [found.warning]), ...problems].join(" ");
      return { findings: found.findings, analyzedInterfaces: analyzedInterfaces(network, analysis.region).length, warning: warning === "" ? undefined : warning };
    },
  });
}

/** Instances that may send on what is not theirs: the check is off. */
const forwarders = (snapshot: Snapshot, region: string): readonly string[] => [...new Set(snapshot.list("network-interface", region)
  .filter((eni) => !eni.sourceDestCheck && eni.attachment !== undefined && snapshot.get("instance", eni.attachment.instanceId)?.state === "running").map((eni) => eni.attachment!.instanceId))];
