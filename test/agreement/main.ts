// Owns `npm run agreement -- [--networks N] [--seed N]`: the analyzer against real packets, over random networks with faults put in.

import { parseArgs } from "node:util";
import { compare } from "./agreement.ts";
import { Stage } from "./stage.ts";

const { values } = parseArgs({ options: { networks: { type: "string", default: "2000" }, seed: { type: "string", default: "1" } } });
const networks = Number(values.networks), seed = Number(values.seed);
if (!Number.isInteger(networks) || networks < 1 || !Number.isInteger(seed)) {
  process.stderr.write("agreement: --networks and --seed take whole numbers\n");
  process.exit(2);
}
const stage = await Stage.open();
const began = performance.now();
try {
  const figures = await compare(stage, networks, seed, ({ networks: done }) => { if (done % 200 === 0) process.stderr.write(`${done} networks, ${Math.round((performance.now() - began) / 1000)} s\n`); });
  const list = (counts: ReadonlyMap<string, number>): string => [...counts].sort((a, b) => b[1] - a[1]).map(([name, n]) => `  ${String(n).padStart(6)}  ${name}`).join("\n");
  for (const failure of figures.failures) process.stderr.write(`${failure}\n`);
  process.stdout.write(`${figures.networks} networks (seeds ${seed} to ${seed + figures.networks - 1}): ${figures.reachable} whose packet was answered, ${figures.unreachable} whose was not\n${figures.faults} faults put in; ${figures.mended} networks mended as was said, and answered then; ${figures.failures.length} disagreements\npackets:\n${list(figures.byProtocol)}\nways:\n${list(figures.byWay)}\ncauses:\n${list(figures.codes)}\n`);
  process.exitCode = figures.failures.length === 0 ? 0 : 1;
} finally {
  await stage.close();
}
