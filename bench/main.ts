// Owns `npm run bench`: figures as ratios measured side by side in one run, interleaved, medians and spread; it prints, writes
// JSON with `--json FILE`, and never fails a test. What each figure has to reach is in docs/performance.md.

import { readFileSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { parseArgs } from "node:util";
import { measureDaemon } from "./daemon.ts";
import { measureDatapath } from "./datapath.ts";
import { measureLaunch } from "./launch.ts";
import { buildBenchBox } from "./network.ts";

export interface Figure {
  readonly name: string;
  readonly unit: string;
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly samples: number;
  readonly target: string;
}

export function figure(name: string, unit: string, samples: readonly number[], target: string): Figure {
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (q: number): number => sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
  return { name, unit, median: at(0.5), min: at(0), max: sorted.at(-1) ?? Number.NaN, samples: sorted.length, target };
}

const { values } = parseArgs({ options: { json: { type: "string" }, rounds: { type: "string", default: "5" }, only: { type: "string" } } });
const rounds = Number(values.rounds);
const machine = { cpu: cpus()[0]?.model ?? "", cores: cpus().length, memoryGiB: Math.round(totalmem() / 2 ** 30), kernel: readFileSync("/proc/sys/kernel/osrelease", "utf8").trim(), node: process.version, date: new Date().toISOString().slice(0, 10) };
const note = (text: string): void => { process.stderr.write(`${text}\n`); };
const wanted = (part: string): boolean => values.only === undefined || values.only.split(",").includes(part);

const figures: Figure[] = [];
note("building the guide's network ...");
const bench = await buildBenchBox();
try {
  figures.push(figure("up answers its first call", "ms", [bench.firstCallMs], "< 1000"));
  if (wanted("datapath")) figures.push(...(await measureDatapath(bench, rounds, note)));
  if (wanted("launch")) figures.push(...(await measureLaunch(bench, 20, note)));
  if (wanted("daemon")) figures.push(...(await measureDaemon(bench, note)));
} finally {
  await bench.remove();
}
const show = (n: number): string => (Math.abs(n) >= 100 ? n.toFixed(0) : n.toFixed(2));
console.log(`${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, kernel ${machine.kernel}, Node ${machine.node}, ${machine.date}`);
for (const f of figures) console.log(`${f.name.padEnd(58)} ${show(f.median).padStart(9)} ${f.unit.padEnd(7)} (${show(f.min)} to ${show(f.max)}, n=${f.samples})  to reach: ${f.target}`);
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify({ machine, figures }, null, 2)}\n`);
