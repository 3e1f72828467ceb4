// Owns bringing guests and images to where their records want them: one job at a time per instance, a few at once in all,
// each safe to begin again after a kill. What came true is written to the record, which pokes the network loop.

import { setTimeout } from "node:timers/promises";
import { log } from "../lib/log.ts";
import type { GuestRead, Guests } from "../instances/guest.ts";
import { attachedInterfaces, guestDied, guestExited, guestReboots, instanceFailed, instanceStarted, instanceStopped, instanceTerminated } from "../model/lifecycle.ts";
import type { Image, Instance } from "../model/records.ts";
import type { Snapshot, Transaction } from "../model/snapshot.ts";
import { planGuest } from "../plan/guests.ts";
import { linkName } from "../plan/plan.ts";
import { nextStep, type Step } from "./instance-steps.ts";
import type { Kernel } from "./kernel.ts";
import { usedLayers } from "./used-layers.ts";

export interface InstanceJobsOptions {
  readonly guests: Guests;
  readonly kernel: Kernel;
  snapshot(): Snapshot;
  write(fn: (tx: Transaction) => void): void;
  /** A network pass that begins after this call. */
  passNetwork(): Promise<void>;
  now(): Date;
  readonly concurrency: number;
}

/** Until a job that failed is tried again: longer each time it fails. */
const FIRST_PAUSE_MS = 200, LONGEST_PAUSE_MS = 60_000;
const READ_AT_ONCE = 16;

export class InstanceJobs {
  readonly #options: InstanceJobsOptions;
  readonly #busy = new Set<string>();
  readonly #netns = new Map<string, string>();
  readonly #problems = new Map<string, string>();
  readonly #running = new Set<Promise<void>>();
  readonly #failures = new Map<string, { readonly times: number; readonly pause?: Promise<void> }>(); // since the last that succeeded
  readonly #waiting = new Set<string>(); // instances that may have something to be done
  #checkAll = true;
  #again = false;
  #settling: Promise<void> | undefined;
  #closed = false;

  constructor(options: InstanceJobsOptions) {
    this.#options = options;
    options.guests.onExit((instanceId) => {
      log("info", "guest ended", { instance: instanceId });
      this.#waiting.add(instanceId);
      this.settle();
    });
  }

  get problems(): readonly string[] { return [...this.#problems.values()]; }
  get busy(): boolean { return this.#busy.size > 0 || this.#waiting.size > 0 || this.#settling !== undefined || [...this.#failures.values()].some(({ pause }) => pause !== undefined); }

  /** The network namespace of a guest that has one, for its links. */
  netnsOf(instanceId: string): string | undefined { return this.#netns.get(instanceId); }

  /** After a start of the daemon: what ran before the machine or the box went down is to be booted again. */
  async recover(): Promise<void> {
    const reads = new Map((await this.#options.guests.read()).map((g) => [g.instanceId, g]));
    const snapshot = this.#options.snapshot();
    for (const instance of snapshot.list("instance"))
      if (reads.get(instance.id)?.status === "running") this.#netns.set(instance.id, await this.#options.guests.prepare(planGuest(snapshot, instance)));
    const lost = snapshot.list("instance").filter((i) => i.state === "running" && reads.get(i.id)?.status !== "running");
    if (lost.length > 0) this.#options.write((tx) => { for (const i of lost) tx.put("instance", { ...i, state: "pending" }); });
  }

  /** Looks at every guest again at the next settling: something happened that no record shows. */
  check(): void {
    this.#checkAll = true;
    this.settle();
  }

  settle(): void {
    if (this.#closed) return;
    this.#again = true;
    this.#settling ??= this.#settle().finally(() => { this.#settling = undefined; });
  }

  async #settle(): Promise<void> {
    while (this.#again && !this.#closed) {
      this.#again = false;
      const snapshot = this.#options.snapshot();
      this.#startCaptures(snapshot);
      if (this.#busy.size === 0) await this.#options.guests.keepLayers(usedLayers(snapshot));
      const { guests } = this.#options;
      for (const i of snapshot.list("instance")) if (this.#checkAll || this.#unsettled(i)) this.#waiting.add(i.id);
      if (this.#checkAll) for (const id of guests.ids()) this.#waiting.add(id);
      this.#checkAll = false;
      // Only guests of which something may be done are looked at: what one boot costs does not grow with their number.
      for (let ids = this.#next(); ids.length > 0; ids = this.#next()) this.#startSteps(ids, await guests.read(ids));
    }
  }

  /** Those that are looked at next; none when as much is under way as may be. */
  #next(): readonly string[] {
    if (this.#closed || this.#busy.size >= this.#options.concurrency) return [];
    const ids: string[] = [];
    for (const id of this.#waiting) {
      if (ids.length >= READ_AT_ONCE) break;
      this.#waiting.delete(id);
      if (!this.#busy.has(id) && !this.#failures.get(id)?.pause) ids.push(id); // the end of its job or pause puts it back
    }
    return ids;
  }

  readonly #settledBoots = new Map<string, number>();
  #unsettled(i: Instance): boolean {
    if (i.state === "running") return this.#settledBoots.get(i.id) !== i.bootNumber;
    return i.state === "pending" || i.state === "stopping" || i.state === "shutting-down";
  }

  #startSteps(ids: readonly string[], reads: readonly GuestRead[]): void {
    const snapshot = this.#options.snapshot();
    for (const id of ids) {
      const record = snapshot.get("instance", id);
      const step = nextStep(record, reads.find((guest) => guest.instanceId === id));
      if (step === "none") {
        if (record?.state === "running") this.#settledBoots.set(id, record.bootNumber);
      } else if (this.#busy.size >= this.#options.concurrency) this.#waiting.add(id);
      else if (!this.#busy.has(id)) this.#job(id, () => this.#do(step, id, record));
    }
  }

  #job(instanceId: string, body: () => Promise<void>): void {
    this.#busy.add(instanceId);
    const job = body().then(() => {
      this.#problems.delete(instanceId);
      this.#failures.delete(instanceId);
    }, (error: Error) => {
      log("error", "instance job failed", { instance: instanceId, error: error.stack ?? error.message });
      this.#problems.set(instanceId, `${instanceId}: ${error.message}`);
      this.#pause(instanceId);
    }).finally(() => {
      this.#busy.delete(instanceId);
      this.#running.delete(job);
      this.#waiting.add(instanceId);
      this.settle();
    });
    this.#running.add(job);
  }

  #pause(instanceId: string): void {
    const times = this.#failures.get(instanceId)?.times ?? 0;
    const pause = setTimeout(Math.min(FIRST_PAUSE_MS * 2 ** times, LONGEST_PAUSE_MS), undefined, { ref: false }).then(() => {
      this.#failures.set(instanceId, { times: times + 1 });
      this.#waiting.add(instanceId);
      this.settle();
    });
    this.#failures.set(instanceId, { times: times + 1, pause });
  }

  async #do(step: Step, id: string, record: Instance | undefined): Promise<void> {
    const { guests, write, now } = this.#options;
    switch (step) {
      case "boot": return this.#boot(id);
      case "restart": await this.#end(id); return this.#boot(id);
      case "mark-running": return write((tx) => instanceStarted(tx, id, now()));
      case "mark-exited": {
        const end = await guests.endOf(id);
        await this.#end(id);
        write((tx) => (end === "off" ? guestExited : end === "reboot" ? guestReboots : guestDied)(tx, id, now()));
        if (end === "reboot") await this.#boot(id);
        return;
      }
      case "stop": await this.#end(id); if (record?.state === "stopping") write((tx) => instanceStopped(tx, id, now())); return;
      case "remove":
        await this.#end(id);
        await guests.remove(id);
        if (record?.state === "shutting-down") write((tx) => instanceTerminated(tx, id, now()));
        return;
      case "none": return;
    }
  }

  async #boot(id: string): Promise<void> {
    const { guests, write, now } = this.#options;
    const snapshot = this.#options.snapshot();
    const record = snapshot.get("instance", id);
    if (!record) return;
    const spec = planGuest(snapshot, record);
    try {
      await this.#dropLinks(id); // of an earlier boot: their namespace is gone or going
      this.#netns.set(id, await guests.prepare(spec));
      await this.#options.passNetwork();
      await guests.start(spec);
    } catch (error) {
      log("error", "an instance could not be booted", { instance: id, error: (error as Error).stack ?? String(error) });
      this.#problems.set(id, `${id}: ${(error as Error).message}`);
      return write((tx) => instanceFailed(tx, id, now(), (error as Error).message));
    }
    write((tx) => instanceStarted(tx, id, now()));
  }

  async #end(id: string): Promise<void> {
    await this.#options.guests.stop(id);
    this.#netns.delete(id);
    this.#settledBoots.delete(id);
    await this.#dropLinks(id);
  }

  async #dropLinks(id: string): Promise<void> {
    await this.#options.kernel.deleteLinks(attachedInterfaces(this.#options.snapshot(), id).map(linkName));
  }

  #startCaptures(snapshot: Snapshot): void {
    for (const image of snapshot.list("image")) {
      const source = image.sourceInstanceId;
      if (image.state === "pending" && source !== undefined && !this.#busy.has(source)) this.#job(source, () => this.#capture(image, source));
    }
  }

  async #capture(image: Image, source: string): Promise<void> {
    const { guests, write } = this.#options;
    try {
      const layers = await guests.capture(source, image.id);
      write((tx) => {
        const now = tx.get("image", image.id);
        if (now) tx.put("image", { ...now, state: "available", layers });
        const instance = tx.get("instance", source);
        if (instance?.state === "running" && !image.captureNoReboot) tx.put("instance", { ...instance, bootNumber: instance.bootNumber + 1 });
      });
      if (!this.#options.snapshot().get("image", image.id)) await guests.removeLayer(image.id);
    } catch (error) {
      write((tx) => {
        const now = tx.get("image", image.id);
        if (now) tx.put("image", { ...now, state: "failed", stateReason: (error as Error).message });
      });
      throw error;
    }
  }

  /** Resolves when every guest is where its record wants it: nothing is under way and nothing is left to do. */
  async idle(): Promise<void> {
    do {
      this.check();
      await this.#settling;
      await Promise.all([...this.#running, ...[...this.#failures.values()].map(({ pause }) => pause)]);
    } while (this.busy);
  }

  /** Waits until nothing is under way; no new job begins. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#settling;
    await Promise.all(this.#running);
  }
}
