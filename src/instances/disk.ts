// Owns a guest's root: two overlays (overlayfs, "Id-mapped layers"), one for / over the image's layers and one for /usr over the
// image's, the guests' own programs and this machine's /usr. What the guest writes is kept with the guest's own ids (0 is its root).

import { closeSync, existsSync, mkdirSync, openSync } from "node:fs";
import { join } from "node:path";
import { idmappedBind, shutDownFileSystem, SystemError } from "../linux/libc.ts";
import { hasLoopDevices, mountImage, unmountImage } from "../linux/image-mount.ts";
import { bindToItself, mountOverlay, unmountAt } from "../linux/mount.ts";
import type { IdRange } from "./id-range.ts";
import { isStandalone } from "./import-layer.ts";
import { layersDir, type GuestPlaces, type Places } from "./places.ts";

const EINVAL = 22;
const GIB = 2 ** 30;

/** The two parts of a layer and of a guest's own disk. */
export const parts = ["root", "usr"] as const;
const directories = parts.flatMap((part) => [`${part}/upper`, `${part}/work`]);

/**
 * Empty on its first boot, where it has none: a file system of its own, so that a guest fills its own disk and no other. Where this
 * machine has no loop devices, a directory without a limit.
 */
export async function ensureDisk(guest: GuestPlaces, sizeGiB: number): Promise<void> {
  mkdirSync(guest.disk, { recursive: true, mode: 0o755 });
  const plain = !existsSync(guest.image) && (parts.some((part) => existsSync(join(guest.disk, part))) || !hasLoopDevices());
  if (!plain) await mountImage(guest.image, guest.disk, sizeGiB * GIB, directories);
  for (const directory of directories) mkdirSync(join(guest.disk, directory), { recursive: true, mode: 0o755 });
}

/** Mounted, if it is an image at all: a guest has it mounted only in its root. */
export async function openDisk(guest: GuestPlaces): Promise<void> {
  if (existsSync(guest.image)) await mountImage(guest.image, guest.disk, 0);
}

/** No more of it is written: the file system is as after a power cut. */
export async function cutDisk(guest: GuestPlaces): Promise<void> {
  if (!existsSync(guest.image)) return;
  await openDisk(guest);
  const directory = openSync(guest.disk, "r");
  try {
    shutDownFileSystem(directory);
  } finally {
    closeSync(directory);
  }
}

export const closeDisk = (guest: GuestPlaces): Promise<void> => unmountImage(guest.disk);

/**
 * @param userns the guest's user namespace, open
 * @param layers directory names under STATE/layers, bottom first
 */
export function mountRoot(places: Places, guest: GuestPlaces, userns: number, ids: IdRange, layers: readonly string[]): void {
  unmountRoot(guest);
  const view = (name: string, source: string, readOnly: boolean): string => {
    const target = join(guest.views, name);
    mkdirSync(target, { recursive: true });
    try {
      idmappedBind(source, target, userns, readOnly);
    } catch (error) {
      if (!(error instanceof SystemError) || error.errno !== EINVAL) throw error;
      throw new Error(`the file system of ${source} cannot be seen with other ids (an overlay or network file system, as in a container?): ${error.message}`);
    }
    return target;
  };
  try {
    mkdirSync(guest.views, { recursive: true });
    bindToItself(guest.views);
    const disk = view("d", guest.disk, false);
    const frozen = view("l", layersDir(places), true);
    const programs = existsSync(places.guestUsr) ? [view("p", places.guestUsr, true)] : [];
    const machine = view("u", "/usr", true);
    const bottom = { root: [], usr: layers.some((layer) => isStandalone(places, layer)) ? [] : [...programs, machine] };
    mkdirSync(guest.root, { recursive: true });
    for (const part of parts) {
      const lower = [...layers].reverse().filter((layer) => existsSync(join(layersDir(places), layer, part))).map((layer) => join(frozen, layer, part));
      mountOverlay(part === "root" ? guest.root : join(guest.root, "usr"), [...lower, ...bottom[part]], join(disk, part, "upper"), join(disk, part, "work"), ids.base);
    }
  } catch (error) {
    unmountRoot(guest);
    throw error;
  }
  unmountAt(guest.views); // the overlays hold what they need
}

export function unmountRoot(guest: GuestPlaces): void {
  unmountAt(guest.root, guest.views);
}
