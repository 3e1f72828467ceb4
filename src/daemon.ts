// Owns the daemon's process: options in, ready line out, signals. Imported by nobody. Run as `node src/daemon.ts BOX` by `vpcbox up`,
// with its options as JSON on standard input; with {"cleanup": true} it only takes down what a dead box left behind.

import { mkdirSync, readFileSync, writeSync } from "node:fs";
import { flushCompileCache } from "node:module";
import { join } from "node:path";
import { parseOptions, type DaemonOptions } from "./daemon-options.ts";
import { beginEarlyParts } from "./early-parts.ts";
import { log } from "./lib/log.ts";
import { checkQuotas } from "./wire/quotas.ts";

const options: DaemonOptions = parseOptions(readFileSync(0, "utf8"));

const KEEP_COMPILED_MS = 1000;

process.on("uncaughtException", (error) => log("error", "uncaught", { error: error.stack ?? error.message }));
process.on("unhandledRejection", (error) => log("error", "unhandled rejection", { error: (error as Error)?.stack ?? String(error) }));

try {
  if (!options.cleanup) checkQuotas(options.quotas);
  mkdirSync(options.runDir, { recursive: true, mode: 0o711 });
  const early = beginEarlyParts(options);
  const { openBox } = await import("./box.ts"); // half of what a start takes: meanwhile the early parts come along
  const box = await openBox(options, early);
  if (options.cleanup) {
    await box.takeDown();
    process.exit(0);
  }
  const endpoint = await box.start();
  let ending: Promise<void> | undefined;
  const end = (): void => { ending ??= box.takeDown().then(() => process.exit(0), (error: Error) => { process.stderr.write(`vpcbox: ${error.message}\n`); process.exit(1); }); };
  process.on("SIGTERM", end);
  process.on("SIGINT", end);
  writeSync(readyFd(), `${JSON.stringify({ endpoint, pid: process.pid, state: options.stateDir })}\n`);
  log("info", "the box is up", { box: options.box, endpoint, state: options.stateDir, log: join(options.stateDir, "daemon.log") });
  setTimeout(flushCompileCache, KEEP_COMPILED_MS).unref(); // Node itself does so at an orderly end, which a daemon may never see
} catch (error) {
  process.stderr.write(`vpcbox: ${(error as Error).message}\n`);
  process.exit(1);
}

/** The descriptor `vpcbox up` waits on: 3 when it gave one, else standard output. */
function readyFd(): number {
  try {
    writeSync(3, "");
    return 3;
  } catch {
    return 1;
  }
}
