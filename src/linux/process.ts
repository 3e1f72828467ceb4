// Owns processes by pid and start time: a pid that was given to another process is not ours (proc(5), /proc/PID/stat).

import { readFileSync } from "node:fs";

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
