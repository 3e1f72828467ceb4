// Owns running other programs: the only file that spawns them. A program that is missing is named with the package that has it.

import { spawn, type StdioOptions } from "node:child_process";

const packages: Readonly<Record<string, string>> = { "xtables-nft-multi": "iptables", ip: "iproute2", tc: "iproute2", runc: "runc", nsenter: "util-linux", unshare: "util-linux", iptables: "iptables", mount: "mount" };

/** A program that ended badly. `message` is one line: the command and the first line it wrote to stderr. */
export class CommandError extends Error {
  readonly command: readonly string[];
  readonly status: number;
  readonly stderr: string;
  constructor(command: readonly string[], status: number, stderr: string) {
    super(`${command.slice(0, 4).join(" ")}: ${stderr.trim().split("\n")[0] || `exit status ${status}`}`);
    this.command = command;
    this.status = status;
    this.stderr = stderr;
  }
}

export interface Finished { readonly stdout: string; readonly stderr: string; readonly status: number }
export interface RunOptions {
  readonly input?: string;
  readonly timeoutMs?: number;
  /** Ends a program that writes more: what it says is not ours to believe. */
  readonly outputBytes?: number;
  readonly env?: NodeJS.ProcessEnv | undefined;
  readonly okStatuses?: readonly number[];
  readonly cwd?: string;
  /** Runs the spawning itself, for instance inside a network namespace: the program inherits what the thread has at that moment. */
  readonly around?: <T>(spawn: () => T) => T;
}

/** Runs a program to its end. @throws CommandError for a status that is not among `okStatuses` (0). */
export function run(argv: readonly string[], options: RunOptions = {}): Promise<Finished> {
  const [file, ...args] = argv as [string, ...string[]];
  return new Promise((resolve, reject) => {
    const spawnIt = () => spawn(file, args, { stdio: ["pipe", "pipe", "pipe"], cwd: options.cwd, env: options.env ?? process.env });
    const child = options.around ? options.around(spawnIt) : spawnIt();
    const timer = setTimeout(() => child.kill("SIGKILL"), options.timeoutMs ?? 60_000);
    let stdout = "", stderr = "";
    const most = options.outputBytes ?? Infinity;
    const more = (so: string, chunk: Buffer): string => {
      if (so.length + chunk.length > most) child.kill("SIGKILL");
      return so.length > most ? so : so + String(chunk);
    };
    child.stdout.on("data", (chunk: Buffer) => { stdout = more(stdout, chunk); });
    child.stderr.on("data", (chunk: Buffer) => { stderr = more(stderr, chunk); });
    child.on("error", (error: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      reject(missing(error, file));
    });
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      const status = code ?? 128;
      if ((options.okStatuses ?? [0]).includes(status)) resolve({ stdout, stderr, status });
      else reject(new CommandError(argv, status, signal === null ? stderr : `${stderr} (ended by ${signal})`));
    });
    child.stdin.on("error", () => undefined); // it ended before it read everything: its status says why
    child.stdin.end(options.input ?? "");
  });
}

export interface Running { readonly pid: number; readonly exited: Promise<number>; end(): void; closeInput(): void }

export interface Held { readonly pid: number; end(): void }

/** A program that does nothing in new namespaces (`flags` of unshare(1)) until it is ended; resolves when it is there. */
export function holdNamespaces(flags: readonly string[]): Promise<Held> {
  return new Promise((resolve, reject) => {
    const child = spawn("unshare", [...flags, "--", "cat"], { stdio: ["pipe", "pipe", "pipe"] });
    let stderr = "";
    child.stderr.on("data", (chunk: Buffer) => { stderr += chunk; });
    child.once("error", (error: NodeJS.ErrnoException) => reject(missing(error, "unshare")));
    child.once("close", (code) => reject(new CommandError(["unshare", ...flags], code ?? 128, stderr)));
    child.stdin.on("error", () => undefined); // said by its end
    child.stdin.write("\n"); // comes back once unshare(1) has become cat(1)
    child.stdout.once("data", () => resolve({ pid: child.pid!, end: () => { child.kill("SIGKILL"); } }));
  });
}

/** Starts a program and leaves it. With `detached` it has a session of its own and outlives us. */
export function start(argv: readonly string[], options: { readonly stdio: StdioOptions; readonly detached?: boolean; readonly env?: NodeJS.ProcessEnv }): Promise<Running> {
  const [file, ...args] = argv as [string, ...string[]];
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { stdio: options.stdio, detached: options.detached ?? false, env: options.env ?? process.env });
    const exited = new Promise<number>((done) => child.once("exit", (code) => done(code ?? 128)));
    child.once("error", (error: NodeJS.ErrnoException) => reject(missing(error, file)));
    child.once("spawn", () => {
      if (options.detached) child.unref();
      resolve({ pid: child.pid!, exited, end: () => { child.kill("SIGKILL"); }, closeInput: () => { child.stdin?.end(); } });
    });
  });
}

const missing = (error: NodeJS.ErrnoException, file: string): Error =>
  error.code === "ENOENT" ? new Error(`the program ${file} is missing: apt install ${packages[file] ?? file}`) : error;
