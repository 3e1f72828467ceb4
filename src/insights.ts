// Owns how the API's analyses come to be done by src/reconcile's jobs. What does them (analyses.ts, the analyzer with it) is loaded when
// the first is asked for: `up` does not wait for it.

import type { AnalysesParts } from "./analyses.ts";
import type { Snapshot, Transaction } from "./model/snapshot.ts";
import { InsightsJobs } from "./reconcile/insights-jobs.ts";

export interface InsightsParts extends AnalysesParts {
  snapshot(): Snapshot;
  write(fn: (tx: Transaction) => void): void;
  poke(): void;
}

export function openInsights(parts: InsightsParts): InsightsJobs {
  return new InsightsJobs({
    snapshot: parts.snapshot, write: parts.write, poke: parts.poke, now: () => new Date(), concurrency: 4,
    analyzePath: async (applied, analysis) => (await import("./analyses.ts")).doPath(parts, applied, analysis),
    analyzeScope: async (applied, analysis) => (await import("./analyses.ts")).doScope(parts, applied, analysis),
  });
}
