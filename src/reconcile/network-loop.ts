// Owns the loop: one writer to the kernel. Commits poke it; a network pass brings the latest snapshot into the kernel and frees
// the calls that wait for it; then guests and images are brought to where their records want them (instance-jobs.ts).

import { log } from "../lib/log.ts";
import type { Snapshot } from "../model/snapshot.ts";
import type { OwnLinks } from "../plan/plan.ts";
import type { Kernel } from "./kernel.ts";
import { NetworkPasses, type PassResult } from "./network-pass.ts";

interface Waiter { readonly revision: number; readonly resolve: () => void; readonly reject: (error: Error) => void }

const ANY_LATER_PASS = Number.NEGATIVE_INFINITY;
const RETRY_MS = 1000;
const LOOK_AGAIN_MS = 500;
const TRIES_BEFORE_REFUSING = 3;

export interface NetworkLoopOptions {
  readonly kernel: Kernel;
  readonly own: OwnLinks;
  snapshot(): Snapshot;
  netnsOf(instanceId: string): string | undefined;
  /** After each pass that succeeded, with what the kernel holds now. */
  onApplied(applied: Snapshot): void;
}

export class NetworkLoop {
  readonly #options: NetworkLoopOptions;
  readonly #passes: NetworkPasses;
  readonly #waiters: Waiter[] = [];
  #applied = -1;
  #asked = false;
  #running = false;
  #closed = false;
  #problem: string | undefined;
  #failures = 0;
  #retry: NodeJS.Timeout | undefined;
  #lookAgain: NodeJS.Timeout | undefined;
  #reread = true;
  last: PassResult | undefined;

  constructor(options: NetworkLoopOptions) {
    this.#options = options;
    this.#passes = new NetworkPasses(options.kernel, options.own, options.netnsOf);
  }

  /** What keeps the kernel from the last snapshot, in one line; undefined when it holds it. */
  get problem(): string | undefined { return this.#problem; }
  get appliedRevision(): number { return this.#applied; }

  poke(): void {
    this.#asked = true;
    if (!this.#running && !this.#closed) void this.#run();
  }

  /** A pass that trusts nothing the box remembers of the kernel: now and then, against what others changed there. */
  pokeThoroughly(): void {
    this.#passes.forget();
    this.poke();
  }

  /** Resolves when the kernel holds this revision (or a later one). Rejects when it could not be brought there. */
  applied(revision: number): Promise<void> {
    if (this.#applied >= revision) return Promise.resolve();
    return this.#wait(revision);
  }

  /** A pass that begins after this call: for changes no record shows, like a namespace that is there now. */
  pass(): Promise<void> {
    const done = this.#wait(ANY_LATER_PASS);
    this.poke();
    return done;
  }

  #wait(revision: number): Promise<void> {
    return new Promise((resolve, reject) => this.#waiters.push({ revision, resolve, reject }));
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (this.#asked && !this.#closed) {
      this.#asked = false;
      const waiting = this.#waiters.splice(0); // those that came before this pass began
      const snapshot = this.#options.snapshot();
      try {
        const reread = this.#reread;
        this.#reread = false;
        this.last = await this.#passes.pass(snapshot, reread);
        if (!reread) this.#lookAgainSoon();
        this.#applied = snapshot.revision;
        this.#problem = undefined;
        this.#failures = 0;
        const came = this.#waiters.splice(0); // while the pass ran: a revision it held is theirs too, a pass that began before they asked is not
        for (const w of waiting) {
          if (w.revision <= snapshot.revision) w.resolve();
          else { came.push(w); this.#asked = true; }
        }
        for (const w of came) {
          if (w.revision !== ANY_LATER_PASS && w.revision <= snapshot.revision) w.resolve();
          else this.#waiters.push(w);
        }
        this.#options.onApplied(snapshot);
      } catch (error) {
        this.#fail(error as Error, waiting);
      }
    }
    this.#running = false;
  }

  /** An edit is answered without looking at every link; soon after it they are looked at: a guest's root can remove its own. */
  #lookAgainSoon(): void {
    this.#lookAgain ??= setTimeout(() => { this.#lookAgain = undefined; this.#reread = true; this.poke(); }, LOOK_AGAIN_MS);
  }

  #fail(error: Error, waiting: readonly Waiter[]): void {
    this.#problem = error.message;
    this.#reread = true;
    log("error", "network pass failed", { error: error.stack ?? error.message });
    if (++this.#failures >= TRIES_BEFORE_REFUSING) for (const w of waiting) w.reject(error);
    else this.#waiters.push(...waiting);
    this.#retry ??= setTimeout(() => { this.#retry = undefined; this.poke(); }, RETRY_MS);
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#retry);
    clearTimeout(this.#lookAgain);
    for (const w of this.#waiters.splice(0)) w.reject(new Error("the box is stopping"));
  }
}
