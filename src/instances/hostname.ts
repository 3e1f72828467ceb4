// Owns which name a guest boots with: the one its administrator set (hostnamectl writes /etc/hostname), else the instance's.

import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { realDirectory } from "./layers.ts";
import type { GuestPlaces } from "./places.ts";

/** undefined when nobody set one. The disk is the guest's: nothing in it is followed or waited for. */
export function chosenHostname(guest: GuestPlaces): string | undefined {
  const etc = realDirectory(join(guest.disk, "root", "upper"), "etc", "vpcbox");
  if (etc === undefined) return undefined;
  let fd: number;
  try {
    fd = openSync(join(etc, "static-hostname"), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    return undefined;
  }
  try {
    if (!fstatSync(fd).isFile()) return undefined;
    const buffer = Buffer.alloc(256);
    const text = buffer.subarray(0, readSync(fd, buffer)).toString("utf8").trim();
    return /^[A-Za-z0-9]([A-Za-z0-9.-]{0,62})$/.test(text) ? text : undefined;
  } finally {
    closeSync(fd);
  }
}
