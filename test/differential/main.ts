// Owns `npm run differential -- [--cases N] [--seed N]`: the same search as the test, as long as one wants.

import { parseArgs } from "node:util";
import { savedCases } from "./case.ts";
import { Program } from "./program.ts";
import { describe, save, search } from "./search.ts";

const { values } = parseArgs({ options: { cases: { type: "string", default: "10000000" }, seed: { type: "string", default: String(Date.now() % 1_000_000_000) } } });
const cases = Number(values.cases), seed = Number(values.seed);
if (!Number.isInteger(cases) || cases < 1 || !Number.isInteger(seed)) {
  process.stderr.write("differential: --cases and --seed take whole numbers\n");
  process.exit(2);
}
const program = await Program.open();
const began = performance.now();
let shown = 0;
try {
  const failed = savedCases().filter(([, one]) => program.inside(() => program.run(one)) !== undefined);
  for (const [name] of failed) process.stderr.write(`differential: ${name} fails again\n`);
  const found = search(program, cases, seed, { progress: (packets) => {
    if (packets - shown < 500_000) return;
    shown = packets;
    process.stderr.write(`${packets} of ${cases} packets agree, ${Math.round(packets / (performance.now() - began) * 1000)} a second\n`);
  } });
  if (found) process.stderr.write(`differential: seed ${seed}, kept as ${save(found.one, seed)}:\n${describe(found)}\n`);
  else process.stdout.write(`${program.packets} packets agree (seed ${seed}): ${program.delivered} delivered, dropped for ${[...program.reasons].map(([reason, count]) => `${reason} ${count}`).join(", ")}\n`);
  process.exitCode = found || failed.length > 0 ? 1 : 0;
} finally {
  await program.close();
}
