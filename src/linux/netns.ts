// Owns network namespaces: files under /run that hold them (network_namespaces(7)), and work inside one.

import { closeSync, existsSync, mkdirSync, openSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { run } from "./exec.ts";
import { CLONE_NEWNET, MS_BIND, MNT_DETACH, mount, setns, umount } from "./libc.ts";
import { isMountPoint } from "./mount.ts";

/** Makes a namespace held by the file at `path`, with loopback up. Answers false when it was there already. */
export async function createNetns(path: string): Promise<boolean> {
  if (isMountPoint(path)) return false;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, "");
  await run(["unshare", `--net=${path}`, "ip", "link", "set", "lo", "up"]);
  inNetns(path, withoutIpv6);
  return true;
}

/** Links that come to this thread's namespace from now on ask for no IPv6 router of their own accord: no packet of it moves in the box. */
export function withoutIpv6(): void {
  const setting = "/proc/sys/net/ipv6/conf/default/disable_ipv6";
  if (existsSync(setting)) writeFileSync(setting, "1"); // a machine may have no IPv6 at all
}

/** The namespace goes when nobody else is in it; its links go with it. */
export async function deleteNetns(path: string): Promise<void> {
  while (isMountPoint(path)) umount(path, MNT_DETACH);
  rmSync(path, { force: true });
}

/** Binds a process's namespace (/proc/PID/ns/net) to a file, so that it outlives the process. */
export function keepNamespace(source: string, path: string): void {
  mkdirSync(dirname(path), { recursive: true });
  if (!existsSync(path)) writeFileSync(path, "");
  mount(source, path, null, MS_BIND);
}

/**
 * Runs `fn` with this thread in the namespace at `path`. Synchronous on purpose: nothing else of the process runs meanwhile, and
 * sockets keep the namespace they were made in.
 */
export function inNetns<T>(path: string, fn: () => T): T {
  const target = openSync(path, "r");
  const own = openSync("/proc/thread-self/ns/net", "r");
  try {
    setns(target, CLONE_NEWNET);
    try {
      return fn();
    } finally {
      try {
        setns(own, CLONE_NEWNET);
      } catch (error) {
        process.stderr.write(`vpcbox: cannot go back to the machine's network namespace: ${(error as Error).message}\n`);
        process.abort(); // going on would put the box's sockets into a guest's network
      }
    }
  } finally {
    closeSync(target);
    closeSync(own);
  }
}
