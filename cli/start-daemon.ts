// Owns starting a box's daemon (src/daemon.ts, a program of its own) and learning whether it came up: it writes one line of JSON to
// descriptor 3 when its API answers, or ends with one line on stderr.

import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync, renameSync, statSync } from "node:fs";
import { getCompileCacheDir } from "node:module";
import { dirname } from "node:path";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { Failure, oneLine } from "./failure.ts";
import { logFile, type RememberedOptions } from "./box-files.ts";
import { searchPath } from "./requirements.ts";

const DAEMON = fileURLToPath(new URL("../src/daemon.ts", import.meta.url));
// Against memory that nobody uses: a small young generation, and a C library that gives back what a burst of work needed (docs/performance.md).
const ALLOCATOR = { MALLOC_ARENA_MAX: "2", MALLOC_TRIM_THRESHOLD_: "131072" };
const NODE_FLAGS = ["--disable-warning=ExperimentalWarning", "--max-semi-space-size=2"];
const LOG_LIMIT_BYTES = 16 << 20;

export interface DaemonArguments extends RememberedOptions {
  readonly box: string;
  readonly stateDir: string;
  readonly runDir: string;
  readonly internet?: "sealed";
  readonly cleanup?: boolean;
}
export interface Ready { readonly endpoint: string; readonly pid: number; readonly state: string }
export interface StartedDaemon {
  readonly ready: Ready;
  /** Resolves with its exit status when it ends. */
  readonly ended: Promise<number>;
  /** Asks it to take the box down and end. */
  end(): void;
  /** Lets this process end while the daemon goes on. */
  leave(): void;
}

/** Starts the daemon in a session of its own, writing to STATE/daemon.log, and waits for its ready line. */
export async function startDaemon(options: DaemonArguments): Promise<StartedDaemon> {
  const { child, failure } = launch(options);
  const ended = new Promise<number>((resolve) => child.on("exit", (code) => resolve(code ?? 1)));
  const ready = await new Promise<Ready>((resolve, reject) => {
    let text = "";
    const pipe = child.stdio[3] as Readable;
    pipe.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      if (!text.includes("\n")) return;
      pipe.destroy();
      resolve(JSON.parse(text.slice(0, text.indexOf("\n"))) as Ready);
    });
    child.on("error", reject);
    child.on("exit", (code, signal) => reject(new Failure(failure(code ?? signal))));
  });
  return { ready, ended, end: () => { child.kill("SIGTERM"); }, leave: () => child.unref() };
}

/** Runs the daemon only to take down what a dead one left behind. */
export async function cleanUp(options: DaemonArguments): Promise<void> {
  const { child, failure } = launch({ ...options, cleanup: true });
  const status = await new Promise<number | string | null>((resolve, reject) => { child.on("error", reject).on("exit", (code, signal) => resolve(code ?? signal)); });
  if (status !== 0) throw new Failure(failure(status));
}

/** @returns the process, and what to say when it ends badly. */
function launch(options: DaemonArguments): { child: ChildProcess; failure: (status: number | string | null) => string } {
  mkdirSync(options.stateDir, { recursive: true, mode: 0o711 });
  const file = logFile(options.stateDir);
  const from = rotate(file);
  const log = openSync(file, "a", 0o600), cache = getCompileCacheDir();
  try {
    const child = spawn(process.execPath, [...NODE_FLAGS, DAEMON, options.box], { detached: true, cwd: "/", env: { ...process.env, ...ALLOCATOR, PATH: searchPath(), ...(cache === undefined ? {} : { NODE_COMPILE_CACHE: dirname(cache) }) }, stdio: ["pipe", log, log, "pipe"] });
    child.stdin!.on("error", () => undefined); // it ended at once: that is reported below
    child.stdin!.end(JSON.stringify(options)); // not as an argument, which every user sees: access keys are in it
    return { child, failure: (status) => lastWords(file, from) ?? `the daemon ended (${status}) before its API answered; see ${file}` };
  } finally {
    closeSync(log);
  }
}

/** The daemon's own line about why it ended: "vpcbox: ..." in its log, after byte `from`. */
function lastWords(file: string, from: number): string | undefined {
  const lines = readFileSync(file).subarray(from).toString().split("\n").filter((line) => line.startsWith("vpcbox: "));
  const last = lines.at(-1);
  return last === undefined ? undefined : oneLine(last.slice("vpcbox: ".length));
}

/** Keeps one old log; answers the length of the current one. */
function rotate(file: string): number {
  const length = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  if (length < LOG_LIMIT_BYTES) return length;
  renameSync(file, `${file}.1`);
  return 0;
}
