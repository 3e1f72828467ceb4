// Owns doing the analyses that were started: a few at once, over the network as the kernel has it. One that was running when the daemon
// died is running in its record, and is done again at the next start.

import { log } from "../lib/log.ts";
import type { InsightsResult, NetworkInsightsAccessScopeAnalysis, NetworkInsightsAnalysis } from "../model/records.ts";
import type { Snapshot, Transaction } from "../model/snapshot.ts";

/** What an access scope's analysis found. */
export interface ScopeFindings { readonly findings: readonly (readonly object[])[]; readonly analyzedInterfaces: number; readonly warning?: string | undefined }

export interface InsightsJobsOptions {
  snapshot(): Snapshot;
  write(fn: (tx: Transaction) => void): void;
  /** Makes the next call of settle() come: more may be waiting. */
  poke(): void;
  now(): Date;
  readonly concurrency: number;
  analyzePath(snapshot: Snapshot, analysis: NetworkInsightsAnalysis): Promise<{ readonly result: InsightsResult; readonly warning?: string | undefined }>;
  analyzeScope(snapshot: Snapshot, analysis: NetworkInsightsAccessScopeAnalysis): Promise<ScopeFindings>;
}

type Work = { readonly id: string; isWanted(): boolean; do(snapshot: Snapshot): Promise<(tx: Transaction) => void>; fail(message: string): (tx: Transaction) => void };

export class InsightsJobs {
  readonly #options: InsightsJobsOptions;
  readonly #running = new Map<string, Promise<void>>();
  #closed = false;

  constructor(options: InsightsJobsOptions) {
    this.#options = options;
  }

  /** @param applied what the kernel holds; records may have moved on since */
  settle(applied: Snapshot): void {
    for (const work of this.#waiting(applied)) {
      if (this.#closed || this.#running.size >= this.#options.concurrency) return;
      if (!work.isWanted()) continue;
      if (!this.#running.has(work.id)) this.#begin(work, applied);
    }
  }

  #waiting(applied: Snapshot): readonly Work[] {
    const paths = applied.list("network-insights-analysis").filter((a) => a.status === "running").map((a) => this.#pathWork(a));
    return [...paths, ...applied.list("network-insights-access-scope-analysis").filter((a) => a.status === "running").map((a) => this.#scopeWork(a))];
  }

  #begin(work: Work, applied: Snapshot): void {
    const job = work.do(applied).catch((error: Error) => {
      log("error", "an analysis failed", { analysis: work.id, error: error.stack ?? error.message });
      return work.fail(error.message);
    }).then((put) => {
      this.#running.delete(work.id);
      if (this.#closed) return;
      this.#options.write(put);
      this.#options.poke();
    });
    this.#running.set(work.id, job);
  }

  /** Its record may be gone by then: nobody asks any more. */
  #pathWork(analysis: NetworkInsightsAnalysis): Work {
    const end = (change: Partial<NetworkInsightsAnalysis>) => (tx: Transaction): void => {
      const now = tx.get("network-insights-analysis", analysis.id);
      if (now?.status === "running") tx.put("network-insights-analysis", { ...now, ...change });
    };
    return {
      id: analysis.id,
      isWanted: () => this.#options.snapshot().get("network-insights-analysis", analysis.id)?.status === "running",
      do: async (snapshot) => {
        const { warning, result } = await this.#options.analyzePath(snapshot, analysis);
        return end({ status: "succeeded", result, warningMessage: warning });
      },
      fail: (statusMessage) => end({ status: "failed", statusMessage }),
    };
  }

  #scopeWork(analysis: NetworkInsightsAccessScopeAnalysis): Work {
    const end = (change: Partial<NetworkInsightsAccessScopeAnalysis>) => (tx: Transaction): void => {
      const now = tx.get("network-insights-access-scope-analysis", analysis.id);
      if (now?.status === "running") tx.put("network-insights-access-scope-analysis", { ...now, ...change, endedAt: this.#options.now().toISOString() });
    };
    return {
      id: analysis.id,
      isWanted: () => this.#options.snapshot().get("network-insights-access-scope-analysis", analysis.id)?.status === "running",
      do: async (snapshot) => {
        const { warning, ...found } = await this.#options.analyzeScope(snapshot, analysis);
        return end({ status: "succeeded", ...found, warningMessage: warning });
      },
      fail: (statusMessage) => end({ status: "failed", statusMessage }),
    };
  }

  /** Begins nothing more and waits for what is under way: its end is not written, so that the next start does it. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#running.values());
  }
}
