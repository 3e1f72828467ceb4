// Owns running a command inside a namespace: the daemon says by which command line one gets in, this process spawns it with its own
// streams, passes signals on, and ends as it ended (docs/adr/0009).

import { execFile, spawn } from "node:child_process";
import { constants } from "node:os";
import { createInterface } from "node:readline";
import type { User } from "./calling-user.ts";
import { Failure } from "./failure.ts";

const PASSED_ON = ["SIGINT", "SIGQUIT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2"] as const;

export const onTerminal = (): boolean => process.stdin.isTTY === true && process.stdout.isTTY === true;

/** Called before the child is started: a signal that answers its first word must not find us unprepared, and none is delivered while it starts. */
const passOn = (to: (signal: NodeJS.Signals) => void): void => { for (const signal of PASSED_ON) process.on(signal, to); };

/** Runs `argv` to its end. Resolves with the exit status to end with: its own, or 128 + n when signal n ended it. */
export function runInside(argv: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<number> {
  const [file, ...args] = argv as [string, ...string[]];
  return new Promise((resolve, reject) => {
    // A terminal sends Ctrl-C and Ctrl-\ to the whole foreground group: the child has it already.
    const sentByTerminal = (signal: NodeJS.Signals): boolean => process.stdin.isTTY === true && (signal === "SIGINT" || signal === "SIGQUIT");
    passOn((signal) => { if (!sentByTerminal(signal)) child.kill(signal); });
    const child = spawn(file, args, { stdio: "inherit", env });
    child.on("error", (error: NodeJS.ErrnoException) => reject(new Failure(error.code === "ENOENT" ? `the program ${file} is missing; run: npm run setup` : error.message)));
    child.on("exit", (code, signal) => resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])));
  });
}

/** What `argv` prints; undefined when it fails. */
export function outputOf(argv: readonly string[]): Promise<string | undefined> {
  const [file, ...args] = argv as [string, ...string[]];
  return new Promise((resolve) => execFile(file, args, (error, stdout) => resolve(error ? undefined : stdout)));
}

/** Runs `argv`, its lines on our stderr as they come. @throws Failure with the line that begins with "error: " */
export function runSaying(argv: readonly string[]): Promise<void> {
  const [file, ...args] = argv as [string, ...string[]];
  return new Promise((resolve, reject) => {
    passOn((signal) => child.kill(signal));
    const child = spawn(file, args, { stdio: ["ignore", "ignore", "pipe"] });
    let wrong: string | undefined;
    createInterface(child.stderr!).on("line", (line) => {
      if (line.startsWith("error: ")) wrong = line.slice("error: ".length);
      else process.stderr.write(`${line}\n`);
    });
    child.on("error", reject);
    child.on("close", (code) => (code === 0 ? resolve() : reject(new Failure(wrong ?? `${args[0]} ended with status ${code}`))));
  });
}

export interface AtHome { readonly argv: readonly string[]; readonly env: NodeJS.ProcessEnv; readonly shell: string; readonly directory: string; readonly user: User | undefined }

/** What makes a command of the laptop one of the user who is at the keyboard, also behind sudo. */
export function asUserAtHome(user: User | undefined): AtHome {
  const shell = user?.shell ?? process.env.SHELL ?? "/bin/sh";
  if (!user) return { argv: [], env: process.env, shell, directory: process.env.HOME ?? "/root", user };
  const argv = ["setpriv", `--reuid=${user.uid}`, `--regid=${user.gid}`, "--init-groups", "--"];
  return { argv, env: { ...process.env, HOME: user.home, USER: user.name, LOGNAME: user.name, SHELL: shell }, shell, directory: user.home, user };
}
