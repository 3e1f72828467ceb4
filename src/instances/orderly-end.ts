// Owns how a guest that ended came to its end: its init leaves a word on its disk when it goes in order.

import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { isStandalone } from "./import-layer.ts";
import type { GuestEnd } from "./guest.ts";
import { realDirectory } from "./layers.ts";
import type { GuestPlaces, Places } from "./places.ts";

/** @param layers of its image. An init that is not vpcbox's leaves no word: it was switched off, as far as anybody knows. */
export function endOf(places: Places, guest: GuestPlaces, layers: readonly string[]): GuestEnd {
  if (isStandalone(places, layers[0] ?? "") && !layers.includes("boot")) return "off";
  const directory = realDirectory(join(guest.disk, "root", "upper"), "var", "lib", "cloud", "data");
  const word = directory === undefined ? undefined : firstWord(join(directory, "down"));
  return word === "off" || word === "reboot" ? word : "died";
}

/** Of a file that a guest may have made anything of: nothing is followed or waited for. */
export function firstWord(path: string): string | undefined {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    return undefined;
  }
  try {
    if (!fstatSync(fd).isFile()) return undefined;
    const buffer = Buffer.alloc(256);
    return buffer.subarray(0, readSync(fd, buffer)).toString("utf8").trim();
  } finally {
    closeSync(fd);
  }
}
