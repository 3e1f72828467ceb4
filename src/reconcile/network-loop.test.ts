// Owns what callers are promised by the loop: an answer as soon as the kernel holds their revision, and never before.

import { test } from "node:test";
import assert from "node:assert/strict";
import type { Snapshot } from "../model/snapshot.ts";
import type { Kernel } from "./kernel.ts";
import { NetworkLoop } from "./network-loop.ts";

/** A kernel with one stray link, whose removal takes until `finish` is called. */
function slowKernel() {
  const waiting: (() => void)[] = [];
  let stray = true;
  let passes = 0;
  const kernel: Kernel = {
    lookAgain: () => undefined,
    links: () => new Map(stray ? [["vb99", 7]] : []),
    addLinks: async () => undefined,
    deleteLinks: () => new Promise((resolve) => waiting.push(() => { stray = false; resolve(); })),
    forget: () => undefined,
    attachAll: () => 0,
    applyTables: () => { passes++; return { added: 0, updated: 0, removed: 0 }; },
  };
  return { kernel, passes: () => passes, finish: () => waiting.splice(0).forEach((f) => f()) };
}

const own = { internet: { name: "vbinternet", innerMac: "02:00:00:00:00:01" }, services: { name: "vbservices", innerMac: "02:00:00:00:00:02" } };
const emptyAt = (revision: number): Snapshot => ({ revision, get: () => undefined, list: () => [] });
const settled = async (promise: Promise<unknown>): Promise<boolean> => {
  const pending = Symbol();
  return (await Promise.race([promise.then(() => true), new Promise((resolve) => setImmediate(() => resolve(pending)))])) !== pending;
};

test("a call that asks while its revision is being applied is answered by that pass", async () => {
  const { kernel, passes, finish } = slowKernel();
  const loop = new NetworkLoop({ kernel, own, snapshot: () => emptyAt(5), netnsOf: () => undefined, onApplied: () => undefined });
  loop.poke();
  const applied = loop.applied(5);
  assert.equal(await settled(applied), false, "the kernel does not hold it yet");
  finish();
  await applied;
  assert.equal(passes(), 1);
  await loop.close();
});

test("a pass that began before it was asked for is not the one that was asked for", async () => {
  const { kernel, passes, finish } = slowKernel();
  const loop = new NetworkLoop({ kernel, own, snapshot: () => emptyAt(5), netnsOf: () => undefined, onApplied: () => undefined });
  loop.poke();
  const asked = loop.pass();
  finish();
  await asked;
  assert.equal(passes(), 2);
  await loop.close();
});

test("a later revision waits for a later pass", async () => {
  const { kernel, finish } = slowKernel();
  let revision = 5;
  const loop = new NetworkLoop({ kernel, own, snapshot: () => emptyAt(revision), netnsOf: () => undefined, onApplied: () => undefined });
  loop.poke();
  revision = 6;
  const applied = loop.applied(6);
  finish();
  assert.equal(await settled(applied), false);
  loop.poke();
  await applied;
  await loop.close();
});

test("a pass for a guest that is ready trusts what is known of the links; soon after it they are read again", async () => {
  let looks = 0, heard = (): void => undefined;
  const again = new Promise<void>((resolve) => { heard = resolve; });
  const kernel: Kernel = { ...slowKernel().kernel, links: () => new Map(), lookAgain: () => { if (++looks === 2) heard(); } };
  const loop = new NetworkLoop({ kernel, own, snapshot: () => emptyAt(5), netnsOf: () => undefined, onApplied: () => undefined });
  await loop.pass();
  assert.equal(looks, 1, "the first knows nothing");
  await loop.pass();
  await loop.pass();
  assert.equal(looks, 1);
  await again;
  await loop.close();
});
