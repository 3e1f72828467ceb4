// Owns `npm run bench`: figures as ratios measured side by side in one run, interleaved, medians and spread; it prints, writes
// JSON with `--json FILE`, and never fails a test. What each figure has to reach is in docs/performance.md. A new part is a file
// that exports a Part (figure.ts) and a line in `parts`.

import { readFileSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { parseArgs } from "node:util";
import { crowdPart, hundredPart } from "./crowd.ts";
import { analysisPart } from "./analysis.ts";
import { daemonPart } from "./daemon.ts";
import { datapathPart } from "./datapath.ts";
import type { Figure, Part } from "./figure.ts";
import { launchPart } from "./launch.ts";
import { buildBenchBox, type BenchBox } from "./network.ts";
import { wirePart } from "./wire.ts";
import { scalePart } from "./scale.ts";

const parts: Readonly<Record<string, Part>> = {
  datapath: datapathPart,
  scale: scalePart,
  launch: launchPart,
  hundred: hundredPart,
  crowd: crowdPart,
  daemon: daemonPart,
  wire: wirePart,
  analysis: analysisPart,
};

const usage = `npm run bench -- [--json FILE] [--rounds N] [--only PART,...]

  --json FILE      also writes the figures there
  --rounds N       interleaved rounds of each comparison (5)
  --only PART,...  only these parts:
${Object.entries(parts).map(([name, { about }]) => `    ${name.padEnd(12)} ${about}`).join("\n")}
`;

function wrong(text: string): never {
  process.stderr.write(`bench: ${text}; npm run bench -- --help lists what there is\n`);
  process.exit(2);
}

function readArguments() {
  try {
    return parseArgs({ options: { json: { type: "string" }, rounds: { type: "string", default: "5" }, only: { type: "string" }, help: { type: "boolean", short: "h" } } }).values;
  } catch (error) {
    return wrong((error as Error).message);
  }
}

const values = readArguments();
if (values.help) {
  process.stdout.write(usage);
  process.exit(0);
}
const rounds = Number(values.rounds);
if (!Number.isInteger(rounds) || rounds < 1) wrong("--rounds takes a number from 1 on");
const wanted = values.only === undefined ? Object.keys(parts) : values.only.split(",");
for (const name of wanted) if (!(name in parts)) wrong(`there is no part ${name}`);
if (process.getuid?.() !== 0) wrong("needs root for namespaces and packets; put sudo before it");

const machine = { cpu: cpus()[0]?.model ?? "", cores: cpus().length, memoryGiB: Math.round(totalmem() / 2 ** 30), kernel: readFileSync("/proc/sys/kernel/osrelease", "utf8").trim(), node: process.version, date: new Date().toISOString().slice(0, 10) };
const note = (text: string): void => { process.stderr.write(`${text}\n`); };
let guide: Promise<BenchBox> | undefined;
const figures: Figure[] = [];
try {
  const bench = { rounds, note, guide: () => (guide ??= (note("building the guide's network ..."), buildBenchBox())) };
  for (const name of wanted) figures.push(...(await parts[name]!.measure(bench)));
} finally {
  await (await guide?.catch(() => undefined))?.remove();
}
const show = (n: number): string => (Math.abs(n) >= 100 ? n.toFixed(0) : n.toFixed(2));
console.log(`${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, kernel ${machine.kernel}, Node ${machine.node}, ${machine.date}`);
for (const f of figures) console.log(`${f.name.padEnd(58)} ${show(f.median).padStart(9)} ${f.unit.padEnd(7)} (${show(f.min)} to ${show(f.max)}, n=${f.samples})${f.target === "-" ? "" : `  to reach: ${f.target}`}`);
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify({ machine, figures }, null, 2)}\n`);
