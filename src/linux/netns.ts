// Owns network namespaces: files under /run that hold them (network_namespaces(7)), and work inside one.

import { closeSync, existsSync, mkdirSync, openSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { CLONE_NEWNET, MS_BIND, MNT_DETACH, loopbackUp, mount, setns, umount, unshare } from "./libc.ts";
import { isMountPoint } from "./mount.ts";

/** Makes a namespace held by the file at `path`, with loopback up. Answers false when it was there already. */
export function createNetns(path: string): boolean {
  if (isMountPoint(path)) return false;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, "");
  const own = openSync("/proc/thread-self/ns/net", "r");
  try {
    unshare(CLONE_NEWNET); // this thread's alone
    backAfterwards(own, () => {
      loopbackUp();
      withoutIpv6();
      keepNamespace("/proc/thread-self/ns/net", path);
    });
  } finally {
    closeSync(own);
  }
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
    return backAfterwards(own, fn);
  } finally {
    closeSync(target);
    closeSync(own);
  }
}

/** Runs `fn` and brings the thread back to the network namespace it came from. */
function backAfterwards<T>(own: number, fn: () => T): T {
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
}
