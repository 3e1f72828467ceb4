// Owns the proof that what holds of the program by BPF_PROG_TEST_RUN holds on real wires: the differential's own networks and packets, sent
// and heard by sockets in namespaces. WIRE_SEED draws the same again.

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import { caseOf, savedCases, type Case } from "./case.ts";
import { Program, type Difference } from "./program.ts";
import { describe } from "./search.ts";
import type { WireRuns } from "./wire.ts";

const NETWORKS = 500, PACKETS_EACH = 40, MOST_CASE_MS = 500; // by a clock that goes on while packets are under way: ages are a second from a timeout
const seed = Number(process.env.WIRE_SEED ?? Date.now() % 1_000_000_000);
let program: Program, wire: WireRuns;
before(async () => { ({ program, wire } = await Program.openOnWires()); });
after(() => program.close());

function run(one: Case): Difference | undefined {
  for (let tries = 0; ; tries++) {
    const began = performance.now(), difference = program.run(one);
    if (!difference || performance.now() - began < MOST_CASE_MS || tries === 2) return difference;
  }
}

test("wire: every case that once failed", () => {
  for (const [name, one] of savedCases()) assert.equal(program.inside(() => run(one))?.what, undefined, name);
});

test(`wire: ${NETWORKS} networks, sockets and frames on real links`, { timeout: 300_000 }, (t) => {
  t.diagnostic(`WIRE_SEED=${seed}`);
  for (const one of fc.sample(caseOf(PACKETS_EACH), { numRuns: NETWORKS, seed })) {
    const difference = program.inside(() => run(one));
    if (difference) assert.fail(describe({ one, difference }));
  }
  t.diagnostic(`${program.packets} packets, ${program.delivered} arrived; ${wire.said} sent by plain sockets, ${wire.heard} heard by one; dropped: ${[...program.reasons].sort((a, b) => b[1] - a[1]).map(([reason, count]) => `${reason} ${count}`).join(", ")}`);
  assert.ok(program.packets > 5 * NETWORKS && program.delivered > program.packets / 10 && wire.said > NETWORKS && wire.heard > NETWORKS / 20, "enough of each");
});
