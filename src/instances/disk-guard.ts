// Owns that guests do not fill the disk on which all of their disks grow: they are sparse files, and together they may become more than
// this machine has. When little is left, the ones that take it are ended, before the others and the box itself cannot write any more.

import { statSync, statfsSync } from "node:fs";

const LEAST = 2 ** 30, LEAST_SHARE = 1 / 8; // of a small file system
const WATCHED = 4; // times the least: from here on growth is looked at
const GROWS = 2 ** 20;

export class DiskGuard {
  readonly #stateDir: string;
  #sizes = new Map<string, number>();
  #worst = 0; // growth since little was left

  constructor(stateDir: string) {
    this.#stateDir = stateDir;
  }

  /** Those of the running guests that are to be ended now. @param imageOf the file that a guest's disk lies in */
  look(running: Iterable<string>, imageOf: (instanceId: string) => string): readonly string[] {
    const { bavail, blocks, bsize } = statfsSync(this.#stateDir), free = bavail * bsize, least = Math.min(LEAST, blocks * bsize * LEAST_SHARE);
    const before = this.#sizes;
    this.#sizes = new Map();
    if (free > least) this.#worst = 0;
    if (free > WATCHED * least) return [];
    for (const id of running) {
      const image = statSync(imageOf(id), { throwIfNoEntry: false });
      if (image) this.#sizes.set(id, image.blocks * 512);
    }
    if (free > least) return [];
    const growth = [...this.#sizes].map(([id, size]) => ({ id, by: size - (before.get(id) ?? size) }));
    const most = Math.max(GROWS, ...growth.map(({ by }) => by));
    this.#worst = Math.max(this.#worst, most);
    const bar = (free > least / 4 ? this.#worst : most) / 2; // what others write now and then is no reason, as long as there is room for it
    return growth.filter(({ by }) => by >= bar).map(({ id }) => id);
  }
}
