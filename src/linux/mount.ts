// Owns mounts: what is mounted where (proc(5), mountinfo), overlays, binds and their end.

import { closeSync, openSync, readFileSync } from "node:fs";
import { MNT_DETACH, MS_BIND, MS_PRIVATE, MS_NODEV, MS_RDONLY, MS_REMOUNT, UMOUNT_NOFOLLOW, asFileOwner, isMountRoot, lockExclusive, mount, umount } from "./libc.ts";

/** Mount points of this mount namespace, in order of mounting. */
export function mountPoints(): string[] {
  return readFileSync("/proc/self/mountinfo", "utf8").split("\n").filter((line) => line !== "")
    .map((line) => line.split(" ")[4]!.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8))));
}
export const isMountPoint = isMountRoot;
export const mountsUnder = (directory: string): string[] => mountPoints().filter((path) => path === directory || path.startsWith(`${directory}/`));

/** Takes down everything mounted at or under a directory, newest first: nothing is, afterwards. Reads every mount of the machine. */
export function unmountUnder(directory: string): void {
  for (let there = mountsUnder(directory); there.length > 0; there = mountsUnder(directory)) for (const path of there.reverse()) detach(path);
}

/** Takes down what is mounted at these places, and with it what is mounted under them, in this order. */
export function unmountAt(...paths: readonly string[]): void {
  for (const path of paths) while (isMountPoint(path)) detach(path);
}

const detach = (path: string): void => umount(path, MNT_DETACH | UMOUNT_NOFOLLOW);

/** A directory as a mount of its own: what is mounted in it is seen nowhere else (mount_namespaces(7)), and goes with it at one go. */
export function bindToItself(directory: string): void {
  mount(directory, directory, null, MS_BIND);
  mount("none", directory, null, MS_PRIVATE);
}

export function bindReadOnly(source: string, target: string): void {
  mount(source, target, null, MS_BIND);
  mount(source, target, null, MS_BIND | MS_REMOUNT | MS_RDONLY);
}

/**
 * overlayfs: `lower` top first. The data of one mount call is a page: keep paths short. With `owner` the upper directory is on a
 * mount whose ids are mapped to begin there: what overlayfs itself makes in it belongs to that id.
 */
export function mountOverlay(target: string, lower: readonly string[], upper: string, work: string, owner = 0): void {
  asFileOwner(owner, owner, () => mount("overlay", target, "overlay", MS_NODEV, `lowerdir=${lower.join(":")},upperdir=${upper},workdir=${work},xino=off`));
}

/** A filesystem of a type at a place, unless one is mounted there. Two that do it at once mount one: a second would hide what is in the first. */
export function ensureMounted(type: string, target: string): void {
  if (isMountPoint(target)) return;
  const place = openSync(target, "r");
  try {
    lockExclusive(place);
    if (!isMountPoint(target)) mount(type, target, type, 0);
  } finally {
    closeSync(place);
  }
}
