// Owns where a box has its files, and what the command remembers of one: the state directory while the box is in the kernel
// (RUN/up.json, gone after a reboot as the kernel's part is), and what `up` was given (STATE/options.json, for the next `up`).

import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";

const RUN_ROOT = "/run/vpcbox";

export const runDir = (box: string): string => join(RUN_ROOT, box);
export const controlSocket = (box: string): string => join(runDir(box), "control.sock");
export const pinDir = (box: string): string => join("/sys/fs/bpf/vpcbox", box);
export const defaultStateDir = (box: string): string => join("/var/lib/vpcbox", box);
export const logFile = (stateDir: string): string => join(stateDir, "daemon.log");

/** What `up` was given, as the daemon takes it (src/daemon-options.ts). */
export interface RememberedOptions {
  readonly port?: number;
  readonly host?: string;
  readonly accountId?: string;
  readonly accessKeys?: readonly { readonly id: string; readonly secret: string }[];
  readonly quotas?: Readonly<Record<string, number | "unlimited">>;
  readonly timeScale?: number;
}

const optionsFile = (stateDir: string): string => join(stateDir, "options.json");
const upFile = (box: string): string => join(runDir(box), "up.json");

export const recallOptions = (stateDir: string): RememberedOptions => (readJson(optionsFile(stateDir)) ?? {}) as RememberedOptions;
export const rememberOptions = (stateDir: string, options: RememberedOptions): void => writeJson(optionsFile(stateDir), options);

/** The state directory of the box that is in the kernel now, alive or left behind by a dead daemon. */
export const recallStateDir = (box: string): string | undefined => (readJson(upFile(box)) as { stateDir?: string } | undefined)?.stateDir;
export const rememberStateDir = (box: string, stateDir: string): void => writeJson(upFile(box), { stateDir });

/** After a start that failed before anything of the box existed: nothing is there to be taken down. */
export function forgetUnstarted(box: string): void {
  const [only, ...rest] = existsSync(runDir(box)) ? readdirSync(runDir(box)) : [];
  if (only === basename(upFile(box)) && rest.length === 0) rmSync(runDir(box), { recursive: true });
}

/** Is anything of this box under /run or among the pinned programs? */
export const hasLeftovers = (box: string): boolean => existsSync(runDir(box)) || existsSync(pinDir(box));

/** Boxes that have a control socket. */
export function boxesUp(): string[] {
  try {
    return readdirSync(RUN_ROOT).filter((name) => existsSync(controlSocket(name))).sort();
  } catch {
    return []; // no box has ever been up here, or this user may not look
  }
}

/** Step by step: where the kernel makes no directories (/proc, /sys), Node's recursive mkdir never ends. */
export function makeDirectory(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return;
  makeDirectory(dirname(path));
  mkdirSync(path, { mode: 0o711 });
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return undefined; // never written, not ours to read, or cut off by a crash: as if nothing was remembered
  }
}

function writeJson(file: string, value: unknown): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o711 });
  writeFileSync(file, `${JSON.stringify(value)}\n`, { mode: 0o600 });
}
