// Owns the running of a guest's processes: runc, and what runc left in its state directory. State is read from there, so that a
// daemon that was killed and started again finds its guests.

import { closeSync, existsSync, openSync, readFileSync, rmSync, statSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { run, start } from "../linux/exec.ts";
import { isAlive, type ProcessIdentity } from "../linux/process.ts";
import { runcRoot, type GuestPlaces, type Places } from "./places.ts";

/** One thread for runc's own work, which is all in a row: more of them wait for each other. */
const environment = { ...process.env, GOMAXPROCS: "1" };
const CONSOLE_LIMIT = 1 << 20, START_MS = 60_000;

/** The guest's init when it runs; undefined when it never started or has ended. */
export function runningInit(places: Places, instanceId: string): ProcessIdentity | undefined {
  const directory = join(runcRoot(places), instanceId);
  try {
    if (existsSync(join(directory, "exec.fifo"))) return undefined; // created, and whoever would have started it is gone
    const state = JSON.parse(readFileSync(join(directory, "state.json"), "utf8")) as { init_process_pid: number; init_process_start: number };
    const init = { pid: state.init_process_pid, startTime: String(state.init_process_start) };
    return isAlive(init) ? init : undefined;
  } catch {
    return undefined; // no such container
  }
}

/** Starts the bundle's init; its output goes to the console file. @throws with runc's own reason */
export async function startContainer(places: Places, guest: GuestPlaces, instanceId: string): Promise<ProcessIdentity> {
  if (existsSync(guest.console) && statSync(guest.console).size > CONSOLE_LIMIT) truncateSync(guest.console);
  const log = join(guest.run, "runc.log");
  rmSync(log, { force: true });
  const output = openSync(guest.console, "a", 0o600);
  try {
    const argv = ["runc", "--root", runcRoot(places), "--log", log, "--log-format", "json", "run", "--detach", "--bundle", guest.run, instanceId];
    const runc = start(argv, { fds: [output, output], env: environment });
    const timer = setTimeout(() => runc.end(), START_MS);
    const status = await runc.exited;
    clearTimeout(timer);
    const init = runningInit(places, instanceId);
    if (status !== 0 || init === undefined) throw new Error(`the instance's first process did not start: ${lastError(log) ?? `runc's exit status is ${status}`}`);
    return init;
  } finally {
    closeSync(output);
  }
}

function lastError(log: string): string | undefined {
  if (!existsSync(log)) return undefined;
  const last = readFileSync(log, "utf8").trim().split("\n").at(-1) ?? "";
  try {
    return (JSON.parse(last) as { msg: string }).msg;
  } catch {
    return last === "" ? undefined : last; // cut short
  }
}

/** Ends every process of it and forgets it; nothing when there is none. */
export async function deleteContainer(places: Places, instanceId: string): Promise<void> {
  if (!existsSync(join(runcRoot(places), instanceId))) return;
  await run(["runc", "--root", runcRoot(places), "delete", "--force", instanceId], { env: environment });
  rmSync(join(runcRoot(places), instanceId), { recursive: true, force: true });
}

export const pause = (places: Places, instanceId: string): Promise<unknown> => run(["runc", "--root", runcRoot(places), "pause", instanceId]);
export const resume = (places: Places, instanceId: string): Promise<unknown> => run(["runc", "--root", runcRoot(places), "resume", instanceId]);
