// Owns the daemon's own figures: memory at rest, and the guide by `npm run guide` on a box that is set up.

import { readFileSync } from "node:fs";
import { run, root } from "../test/support/box.ts";
import { figure, type Bench, type Figure, type Part } from "./figure.ts";

export const daemonPart: Part = { about: "up to its first answer, the daemon's memory, npm run guide", measure: measureDaemon };

async function measureDaemon({ guide: build, note }: Bench): Promise<Figure[]> {
  const bench = await build();
  note("the guide ...");
  const rss = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${bench.box.pid}/status`, "utf8"))?.[1]) / 1024;
  const started = performance.now();
  const guide = await run("sh", ["tools/node.sh", "tools/guide.ts", "--box", bench.box.name], { timeoutMs: 120_000, env: { ...process.env, PWD: root } });
  if (guide.status !== 0) throw new Error(`the guide failed: ${guide.stderr}`);
  return [figure("up answers its first call", "ms", [bench.firstCallMs], "< 1000"), figure("the daemon's memory", "MB", [rss], "< 120"), figure("npm run guide on a box that is set up", "s", [(performance.now() - started) / 1000], "< 15")];
}
