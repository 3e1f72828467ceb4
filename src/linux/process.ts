// Owns processes by pid and start time: a pid that was given to another process is not ours (proc(5), /proc/PID/stat).

import { closeSync, readFileSync } from "node:fs";
import { endedProcesses, openProcess } from "./libc.ts";

export interface ProcessIdentity { readonly pid: number; readonly startTime: string }

/** undefined when there is no such process (or only its zombie). */
export function identify(pid: number): ProcessIdentity | undefined {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").replace(/^.*\) /s, "").split(" ");
    return fields[0] === "Z" ? undefined : { pid, startTime: fields[19]! };
  } catch {
    return undefined;
  }
}
export const isAlive = (p: ProcessIdentity): boolean => identify(p.pid)?.startTime === p.startTime;

/** Signals it when it is still the same process. */
export function signal(p: ProcessIdentity, name: NodeJS.Signals): void {
  if (!isAlive(p)) return;
  try {
    process.kill(p.pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** Resolves true when it ended within the time. */
export async function waitForEnd(p: ProcessIdentity, timeoutMs: number): Promise<boolean> {
  const end = Date.now() + timeoutMs;
  while (isAlive(p)) {
    if (Date.now() > end) return false;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return true;
}

/**
 * Tells which of many processes have ended: of those that are not our children nobody else does. A look costs one system call however
 * many they are.
 */
export class ProcessWatch {
  readonly #watched = new Map<string, { readonly process: ProcessIdentity; readonly fd: number | undefined }>(); // no descriptor: it had ended

  get size(): number { return this.#watched.size; }
  get names(): Iterable<string> { return this.#watched.keys(); }

  add(name: string, process: ProcessIdentity): void {
    const there = this.#watched.get(name)?.process;
    if (there?.pid === process.pid && there.startTime === process.startTime) return;
    this.remove(name);
    const fd = openProcess(process.pid);
    if (fd === undefined || isAlive(process)) this.#watched.set(name, { process, fd });
    else { // its number is another's
      closeSync(fd);
      this.#watched.set(name, { process, fd: undefined });
    }
  }

  remove(name: string): void {
    const fd = this.#watched.get(name)?.fd;
    if (fd !== undefined) closeSync(fd);
    this.#watched.delete(name);
  }

  /** Names of those that have ended; they are not watched any more. */
  takeEnded(): readonly string[] {
    const open = [...this.#watched].flatMap(([name, { fd }]) => (fd === undefined ? [] : [[name, fd] as const]));
    const ended = endedProcesses(open.map(([, fd]) => fd));
    const names = [...[...this.#watched].filter(([, { fd }]) => fd === undefined).map(([name]) => name), ...open.filter((_, i) => ended[i]).map(([name]) => name)];
    for (const name of names) this.remove(name);
    return names;
  }

  close(): void {
    for (const name of [...this.#watched.keys()]) this.remove(name);
  }
}
