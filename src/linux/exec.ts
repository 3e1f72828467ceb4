// Owns running other programs, by spawn.ts. A program that is missing is named with the package that has it.

import { closeSync, openSync } from "node:fs";
import { Socket } from "node:net";
import { constants } from "node:os";
import { openPipe, spawnProgram, type Ended, type Spawned } from "./spawn.ts";

const packages: Readonly<Record<string, string>> = { "xtables-nft-multi": "iptables", ip: "iproute2", tc: "iproute2", runc: "runc", nsenter: "util-linux", iptables: "iptables", mount: "mount" };

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
export async function run(argv: readonly string[], options: RunOptions = {}): Promise<Finished> {
  const child = piped(argv, options);
  const timer = setTimeout(child.kill, options.timeoutMs ?? 60_000);
  let stdout = "", stderr = "";
  const most = options.outputBytes ?? Infinity;
  const more = (so: string, chunk: Buffer): string => {
    if (so.length + chunk.length > most) child.kill();
    return so.length > most ? so : so + String(chunk);
  };
  child.stdout.on("data", (chunk: Buffer) => { stdout = more(stdout, chunk); });
  child.stderr.on("data", (chunk: Buffer) => { stderr = more(stderr, chunk); });
  child.stdin.end(options.input ?? "");
  const [ended] = await Promise.all([child.ended, closed(child.stdout), closed(child.stderr)]);
  clearTimeout(timer);
  child.stdin.destroy();
  const status = ended.code ?? 128;
  if ((options.okStatuses ?? [0]).includes(status)) return { stdout, stderr, status };
  throw new CommandError(argv, status, ended.signal === undefined ? stderr : `${stderr} (ended by ${signalName(ended)})`);
}

const closed = (stream: Socket): Promise<void> => new Promise((resolve) => stream.once("close", () => resolve()));
const signalName = ({ signal }: Ended): string => Object.entries(constants.signals).find(([, number]) => number === signal)?.[0] ?? `signal ${signal}`;

interface Piped extends Spawned { readonly stdin: Socket; readonly stdout: Socket; readonly stderr: Socket }

function piped(argv: readonly string[], { env, cwd, around }: RunOptions): Piped {
  const pipes = [openPipe(), openPipe(), openPipe()] as const;
  const [[inward, stdin], [stdout, out], [stderr, err]] = pipes;
  try {
    const spawnIt = (): Spawned => spawnProgram(argv, [inward, out, err], { env, cwd });
    const child = around ? around(spawnIt) : spawnIt();
    const ours = (fd: number, writable: boolean): Socket => new Socket({ fd, readable: !writable, writable }).on("error", () => undefined); // it ended before it read everything: its status says why
    return { ...child, stdin: ours(stdin, true), stdout: ours(stdout, false), stderr: ours(stderr, false) };
  } catch (error) {
    for (const fd of [stdin, stdout, stderr]) closeSync(fd);
    throw missing(error as NodeJS.ErrnoException, argv[0]!);
  } finally {
    for (const fd of [inward, out, err]) closeSync(fd);
  }
}

export interface Running { readonly pid: number; readonly exited: Promise<number>; end(): void }

/**
 * Starts a program and leaves it. With `detached` it has a session of its own and outlives us.
 * @param options.fds what it has as 1, 2 and on; it reads nothing
 */
export function start(argv: readonly string[], options: { readonly fds: readonly number[]; readonly detached?: boolean; readonly env?: NodeJS.ProcessEnv }): Running {
  const nothing = openSync("/dev/null", "r");
  try {
    const child = spawnProgram(argv, [nothing, ...options.fds], { env: options.env, session: options.detached ?? false });
    return { pid: child.pid, exited: child.ended.then(({ code }) => code ?? 128), end: child.kill };
  } catch (error) {
    throw missing(error as NodeJS.ErrnoException, argv[0]!);
  } finally {
    closeSync(nothing);
  }
}

const missing = (error: NodeJS.ErrnoException, file: string): Error =>
  error.code === "ENOENT" ? new Error(`the program ${file} is missing: apt install ${packages[file] ?? file}`) : error;
