// Owns running Debian's `aws` without starting it anew each time (aws-server.py): a start takes more than a second of the processor, a command
// itself a third. One server for a test file, begun by its first command, gone with its process.

import { spawn, type ChildProcessByStdio } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";

interface Ended { readonly status: number; readonly stdout: string; readonly stderr: string }
type Refable = { ref(): unknown; unref(): unknown };

let server: ChildProcessByStdio<Writable, Readable, null> | undefined;
const waiting = new Map<number, (status: number) => void>();
let last = 0;

function start(): ChildProcessByStdio<Writable, Readable, null> {
  const child = spawn("/usr/bin/python3", [new URL("aws-server.py", import.meta.url).pathname], { stdio: ["pipe", "pipe", "inherit"], env: { PATH: process.env.PATH, HOME: "/nonexistent", LANG: "C.UTF-8" } });
  createInterface({ input: child.stdout }).on("line", (line) => {
    const { id, status } = JSON.parse(line) as { id: number; status: number };
    waiting.get(id)!(status);
  });
  child.on("exit", (code) => { for (const end of waiting.values()) end(code ?? 255); });
  return child;
}
/** A server that nobody waits for keeps no test from ending. */
const hold = (child: NonNullable<typeof server>, held: boolean): void => { for (const one of [child, child.stdin, child.stdout] as unknown as Refable[]) one[held ? "ref" : "unref"](); };

export async function runAws(args: readonly string[], env: NodeJS.ProcessEnv): Promise<Ended> {
  const child = (server ??= start()), id = ++last, directory = mkdtempSync(join(tmpdir(), "vpcbox-aws-")), [out, err] = [join(directory, "out"), join(directory, "err")];
  try {
    const ended = new Promise<number>((resolve) => waiting.set(id, resolve));
    hold(child, true);
    child.stdin.write(`${JSON.stringify({ id, args, env, out, err })}\n`);
    const status = await ended;
    return { status: status < 0 ? 255 : status, stdout: readFileSync(out, "utf8"), stderr: readFileSync(err, "utf8") };
  } finally {
    waiting.delete(id);
    if (waiting.size === 0) hold(child, false);
    rmSync(directory, { recursive: true, force: true });
  }
}
