// Owns the process of the box's internet servers (main.ts): a process of its own, so that a daemon that dies interrupts no
// download. Its sockets are made here, inside the namespaces, and handed over: who asks before it is up waits, and is answered.

import { createHash } from "node:crypto";
import { closeSync, openSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseIp } from "../lib/ip.ts";
import { log } from "../lib/log.ts";
import { start } from "../linux/exec.ts";
import { boundSocket } from "../linux/libc.ts";
import { inNetns } from "../linux/netns.ts";
import { identify, isAlive, signal, waitForEnd, type ProcessIdentity } from "../linux/process.ts";
import { dnsRoot } from "./addresses.ts";

const mainFile = new URL("main.ts", import.meta.url).pathname;
const nodeFlags = ["--disable-warning=ExperimentalWarning", "--max-old-space-size=64", "--max-semi-space-size=1"]; // it keeps nothing
const WATCH_MS = 5000;
const END_MS = 2000;

export interface ServerProcess {
  /** Starts it unless it runs, with the programs of today. */
  ensure(): Promise<void>;
  end(): Promise<void>;
  running(): boolean;
}

interface Recorded extends ProcessIdentity { readonly programs: string }

export function openServerProcess(options: { readonly runDir: string; readonly internetNetns: string; readonly silentNetns: string }): ServerProcess {
  const recordFile = join(options.runDir, "internet.json");
  const logFile = join(options.runDir, "internet.log");
  let watch: NodeJS.Timeout | undefined;

  const recorded = (): Recorded | undefined => {
    try {
      const record = JSON.parse(readFileSync(recordFile, "utf8")) as Recorded;
      return isAlive(record) ? record : undefined;
    } catch {
      return undefined; // none, or cut off by a kill
    }
  };

  const endAll = async (): Promise<void> => {
    const all = ofThisBox(options.runDir);
    for (const one of all) signal(one, "SIGTERM");
    for (const one of all) if (!(await waitForEnd(one, END_MS))) signal(one, "SIGKILL");
    for (const one of all) await waitForEnd(one, END_MS);
    rmSync(recordFile, { force: true });
  };

  const begin = async (programs: string): Promise<void> => {
    const fds: number[] = [];
    try {
      fds.push(openSync(logFile, "a", 0o600), inNetns(options.silentNetns, () => boundSocket("tcp", 0, 80)));
      const address = parseIp(dnsRoot)!;
      inNetns(options.internetNetns, () => {
        for (const [kind, at, port] of [["tcp", 0, 80], ["udp", address, 53], ["tcp", address, 53]] as const) fds.push(boundSocket(kind, at, port));
      });
      const [out, silentHttp, http, dnsUdp, dnsTcp] = fds as [number, number, number, number, number];
      const argv = ["nsenter", `--net=${options.internetNetns}`, "--", process.execPath, ...nodeFlags, mainFile, options.runDir];
      const { pid } = start(argv, { fds: [out, out, http, silentHttp, dnsUdp, dnsTcp], detached: true, env: { PATH: process.env.PATH, NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE } });
      writeFileSync(`${recordFile}.new`, JSON.stringify({ ...identify(pid), programs }));
      renameSync(`${recordFile}.new`, recordFile);
    } finally {
      for (const fd of fds) closeSync(fd);
    }
  };

  const ensureNow = async (): Promise<void> => {
    const programs = fingerprint();
    if (recorded()?.programs === programs) return;
    await endAll(); // of another version, or one whose record a kill prevented
    await begin(programs);
  };

  return {
    ensure: async () => {
      await ensureNow();
      watch ??= setInterval(() => {
        if (recorded()) return;
        log("warn", "the servers of the box's internet ended; starting them again", { log: logFile });
        begin(fingerprint()).catch((error: Error) => log("error", "they did not start", { error: error.message }));
      }, WATCH_MS).unref();
    },
    end: async () => {
      clearInterval(watch);
      watch = undefined;
      await endAll();
      rmSync(logFile, { force: true });
    },
    running: () => recorded() !== undefined,
  };
}

/** Of the programs the process is made of: another version of them is another process. */
function fingerprint(): string {
  const hash = createHash("sha256");
  for (const file of ["main.ts", "addresses.ts", "dns-answers.ts", "dns-server.ts", "public-names.ts"]) hash.update(readFileSync(new URL(file, import.meta.url)));
  return hash.digest("hex").slice(0, 16);
}

/** By their command line, which names program and box: also one that was started a moment before its daemon was killed. */
function ofThisBox(runDir: string): ProcessIdentity[] {
  return readdirSync("/proc").filter((name) => /^\d+$/.test(name)).flatMap((name) => {
    try {
      const argv = readFileSync(`/proc/${name}/cmdline`, "utf8").split("\0");
      const ours = argv.at(-3) === mainFile && argv.at(-2) === runDir;
      return ours ? (identify(Number(name)) ?? []) : [];
    } catch {
      return []; // it ended meanwhile
    }
  });
}
