// Owns the slice of the agreement suite that runs with every test: analysis and packets agree, and no fault that was put in goes untold.

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { compare } from "./agreement.ts";
import { Stage } from "./stage.ts";

let stage: Stage;
before(async () => { stage = await Stage.open(); });
after(() => stage.close());

test("150 random networks: the analysis says what the packets do, and names every fault put in", { timeout: 300_000 }, async () => {
  const figures = await compare(stage, 150, 1);
  assert.deepEqual(figures.failures, []);
  assert.equal(figures.networks, 150);
  assert.ok(figures.reachable > 20 && figures.unreachable > 60 && figures.faults > 80 && figures.mended > 40 && figures.codes.size > 8, JSON.stringify(figures));
});
