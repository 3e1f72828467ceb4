// Owns the proof that the kernel program and the model agree: a million packets through random networks, each judged by both, on
// verdict, target, rewritten bytes, checksums and reason. DIFFERENTIAL_SEED makes another million of it.

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { savedCases } from "./case.ts";
import { Program } from "./program.ts";
import { describe, save, search } from "./search.ts";

const PACKETS = 1_000_000;
const seed = Number(process.env.DIFFERENTIAL_SEED ?? Date.now() % 1_000_000_000);
let program: Program;
before(async () => { program = await Program.open(); });
after(async () => { await program.close(); });

test("differential: every case that once failed", () => {
  for (const [name, one] of savedCases()) program.inside(() => assert.equal(program.run(one), undefined, name));
});

test("differential: with the fences that other processors than x86's need", { timeout: 300_000 }, async () => {
  const fenced = await Program.open({ loadsNeedFences: true });
  try {
    const found = search(fenced, PACKETS / 20, seed);
    if (found) assert.fail(`seed ${seed}, kept as ${save(found.one, seed)}:\n${describe(found)}`);
  } finally {
    await fenced.close();
  }
});

test("differential: a million packets", { timeout: 600_000 }, (t) => {
  const found = search(program, PACKETS, seed);
  if (found) assert.fail(`seed ${seed}, kept as ${save(found.one, seed)}:\n${describe(found)}`);
  t.diagnostic(`${program.packets} packets, ${program.delivered} delivered; dropped: ${[...program.reasons].sort((a, b) => b[1] - a[1]).map(([reason, count]) => `${reason} ${count}`).join(", ")}`);
  assert.ok(program.delivered > PACKETS / 10, "enough of them arrive somewhere");
});
