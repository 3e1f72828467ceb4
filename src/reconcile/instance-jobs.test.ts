// Owns what a job on one instance costs the others, and how one that fails is tried again.

import { test } from "node:test";
import assert from "node:assert/strict";
import type { GuestRead, Guests } from "../instances/guest.ts";
import type { Instance } from "../model/records.ts";
import type { Kind, Snapshot, Tables } from "../model/snapshot.ts";
import { InstanceJobs } from "./instance-jobs.ts";
import type { Kernel } from "./kernel.ts";

const CROWD = 200;
const idOf = (n: number): string => `i-${n.toString(16).padStart(17, "0")}`;

/** A crowd of running instances; `remove` is what the machine does about one that is terminated. */
function crowd(remove: (id: string) => Promise<void>) {
  const records = new Map(Array.from({ length: CROWD }, (_, n) => [idOf(n), { id: idOf(n), state: "running", bootNumber: 1 } as Instance]));
  const alive = new Set(records.keys());
  const read: string[] = [], ended: ((id: string) => void)[] = [];
  const snapshot: Snapshot = {
    revision: 1,
    get: <K extends Kind>(kind: K, id: string) => (kind === "instance" ? records.get(id) : undefined) as Tables[K] | undefined,
    list: <K extends Kind>(kind: K) => (kind === "instance" ? [...records.values()] : []) as unknown as Tables[K][],
  };
  const guests = {
    ids: () => [...alive],
    read: async (ids: readonly string[] = [...alive]) => {
      read.push(...ids);
      return ids.filter((id) => alive.has(id)).map((instanceId): GuestRead => ({ instanceId, status: "running", bootNumber: 1, pid: 1 }));
    },
    stop: async () => undefined,
    remove: async (id: string) => { await remove(id); alive.delete(id); },
    keepLayers: async () => undefined,
    onExit: (listener: (id: string) => void) => { ended.push(listener); },
  } as unknown as Guests;
  const kernel = { deleteLinks: async () => undefined } as unknown as Kernel;
  const jobs = new InstanceJobs({ guests, kernel, snapshot: () => snapshot, write: () => undefined, passNetwork: async () => undefined, now: () => new Date(0), concurrency: 4 });
  const terminate = (id: string): void => { records.set(id, { ...records.get(id)!, state: "terminated" }); };
  return { jobs, read, terminate, alive };
}

test("instance jobs: what is done to one looks at that one, not at the crowd", async () => {
  const { jobs, read, terminate, alive } = crowd(async () => undefined);
  await jobs.idle(); // the first look is at all
  assert.equal(new Set(read).size, CROWD);
  read.length = 0;
  for (let n = 0; n < 10; n++) terminate(idOf(n));
  jobs.check();
  await jobs.idle();
  assert.equal(alive.size, CROWD - 10);
  assert.ok(read.length < 4 * CROWD, `${read.length} looks at ${CROWD} instances for ten jobs`); // idle() looks at all, each job at a few
  await jobs.close();
});

test("instance jobs: one that fails is tried again after a pause that grows, and the others go on", async () => {
  const tries: number[] = [];
  const { jobs, terminate, alive } = crowd(async (id) => {
    if (id !== idOf(0)) return;
    tries.push(performance.now());
    if (tries.length < 4) throw new Error("not yet");
  });
  await jobs.idle();
  for (let n = 0; n < 5; n++) terminate(idOf(n));
  jobs.check();
  await jobs.idle();
  assert.equal(alive.size, CROWD - 5);
  assert.equal(tries.length, 4);
  const pauses = tries.slice(1).map((at, n) => at - tries[n]!);
  assert.deepEqual(pauses.map((pause, n) => pause >= 190 * 2 ** n), [true, true, true], pauses.join(" "));
  assert.deepEqual(jobs.problems, [], "and it is no problem any more");
  await jobs.close();
});
