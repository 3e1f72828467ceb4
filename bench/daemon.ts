// Owns the daemon's own figures: memory at rest, and the guide by `npm run guide` on a box that is set up.

import { readFileSync } from "node:fs";
import { run, root } from "../test/support/box.ts";
import { figure, type Figure } from "./main.ts";
import type { BenchBox } from "./network.ts";

export async function measureDaemon(bench: BenchBox, note: (text: string) => void): Promise<Figure[]> {
  note("the guide ...");
  const rss = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${bench.box.pid}/status`, "utf8"))?.[1]) / 1024;
  const started = performance.now();
  const guide = await run("sh", ["tools/node.sh", "tools/guide.ts", "--box", bench.box.name], { timeoutMs: 120_000, env: { ...process.env, PWD: root } });
  if (guide.status !== 0) throw new Error(`the guide failed: ${guide.stderr}`);
  return [figure("the daemon's memory", "MB", [rss], "< 120"), figure("npm run guide on a box that is set up", "s", [(performance.now() - started) / 1000], "< 15")];
}
