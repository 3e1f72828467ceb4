// Owns file systems in files: sparse ext4 images mounted through loop devices (loop.ts), so that who writes into one cannot fill more
// than it.

import { randomUUID } from "node:crypto";
import { closeSync, existsSync, fstatSync, ftruncateSync, mkdirSync, openSync, readSync, renameSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { run } from "./exec.ts";
import { MS_NOATIME, MS_NODEV, MS_NOSUID, mountAside, nextData, umount, umountAside } from "./libc.ts";
import { hasLoopDevice, withLoopDevice } from "./loop.ts";
import { isMountPoint } from "./mount.ts";

const BUSY_TRIES = 50, BUSY_MS = 100, GROW_MS = 600_000;
const BLOCK = 4096;
const ROOM_TO_GROW = 256 * 2 ** 30; // up to here a file system grows by tables that wait for it; further by others (ext4's meta_bg)

export const hasLoopDevices = (): boolean => existsSync("/dev/loop-control");

/** Makes the image, with these directories in it, unless it is there; grows it when its file system is smaller, mounts it unless it is mounted. */
export async function mountImage(file: string, target: string, bytes: number, directories: readonly string[] = []): Promise<void> {
  if (isMountPoint(target)) return;
  if (!existsSync(file)) {
    const growing = `${file}.new`;
    writeImage(growing, bytes, await emptyImage(growing, bytes, directories));
    renameSync(growing, file);
  }
  if (fileSystemBytes(file) < bytes) await grow(file, bytes);
  await withLoopDevice(file, (device) => mountAside(device, target, "ext4", MS_NOATIME | MS_NODEV | MS_NOSUID, "noinit_itable"));
}

const SUPERBLOCK = 1024, UUID = 0x68, CHECKSUM = 0x3fc, BLOCKS_LOW = 0x4, BLOCKS_HIGH = 0x150; // ext4 data structures and algorithms, "Super Block"
function fileSystemBytes(file: string): number {
  const fd = openSync(file, "r"), superblock = Buffer.alloc(1024);
  try {
    readSync(fd, superblock, 0, superblock.length, SUPERBLOCK);
  } finally {
    closeSync(fd);
  }
  return (superblock.readUInt32LE(BLOCKS_LOW) + superblock.readUInt32LE(BLOCKS_HIGH) * 2 ** 32) * BLOCK;
}

/** While nobody uses it: a mounted one grows only with a capability that root need not have. A copy grows, so that a kill on the way costs nothing. */
async function grow(file: string, bytes: number): Promise<void> {
  for (let tries = 0; hasLoopDevice(file); tries++) {
    if (tries >= BUSY_TRIES) throw new Error(`${file} cannot grow while it is in use`);
    await new Promise((resolve) => setTimeout(resolve, BUSY_MS));
  }
  const grown = `${file}.grown`;
  try {
    rmSync(grown, { force: true });
    await run(["cp", "--sparse=always", "--reflink=auto", file, grown], { timeoutMs: GROW_MS });
    size(grown, bytes);
    await run(["e2fsck", "-f", "-p", grown], { timeoutMs: GROW_MS, okStatuses: [0, 1] }); // its journal, which resize2fs does not read
    await run(["resize2fs", grown], { timeoutMs: GROW_MS });
    renameSync(grown, file);
  } finally {
    rmSync(grown, { force: true });
  }
}

/** Waits for who is still at it: a disk that went on living unseen could be mounted a second time. */
export async function unmountImage(target: string): Promise<void> {
  for (let tries = 0; isMountPoint(target) && !(await umountAside(target)); tries++) {
    if (tries >= BUSY_TRIES) return umount(target, 0); // says why
    await new Promise((resolve) => setTimeout(resolve, BUSY_MS));
  }
}

interface Piece { readonly at: number; readonly bytes: Buffer }
const emptyImages = new Map<string, Promise<readonly Piece[]>>();

/** What mkfs writes into an image of this size. It is asked once: all begin alike. */
function emptyImage(file: string, bytes: number, directories: readonly string[]): Promise<readonly Piece[]> {
  const key = `${bytes} ${directories.join()}`;
  const made = emptyImages.get(key) ?? makeEmptyImage(file, bytes, directories);
  emptyImages.set(key, made);
  made.catch(() => emptyImages.delete(key));
  return made;
}

async function makeEmptyImage(file: string, bytes: number, directories: readonly string[]): Promise<readonly Piece[]> {
  const tree = `${file}.tree`;
  for (const path of [file, tree]) rmSync(path, { recursive: true, force: true });
  try {
    mkdirSync(tree, { mode: 0o755 });
    for (const directory of directories) mkdirSync(join(tree, directory), { recursive: true, mode: 0o755 });
    size(file, bytes);
    // the journal is small and nothing is written that need not be: a disk costs what its owner writes
    const extended = ["lazy_itable_init=1", "lazy_journal_init=1", "nodiscard", ...(bytes < ROOM_TO_GROW ? [`resize=${ROOM_TO_GROW / BLOCK}`] : [])];
    await run(["mkfs.ext4", "-q", "-F", "-m", "0", "-b", String(BLOCK), "-J", "size=4", "-O", "metadata_csum_seed", "-E", extended.join(), "-d", tree, file]);
    return readPieces(file);
  } finally {
    for (const path of [file, tree]) rmSync(path, { recursive: true, force: true });
  }
}

/** What is in a sparse file. */
function readPieces(file: string): readonly Piece[] {
  const fd = openSync(file, "r");
  try {
    const pieces: Piece[] = [], { size: end } = fstatSync(fd);
    for (let data = nextData(fd, 0); data; data = nextData(fd, data.end)) {
      for (let at = data.begin; at < Math.min(data.end, end); at += BLOCK) {
        const bytes = Buffer.alloc(BLOCK);
        readSync(fd, bytes, 0, BLOCK, at);
        const last = pieces.at(-1);
        if (bytes.equals(zeros)) continue;
        if (last && last.at + last.bytes.length === at) pieces[pieces.length - 1] = { at: last.at, bytes: Buffer.concat([last.bytes, bytes]) };
        else pieces.push({ at, bytes });
      }
    }
    return pieces;
  } finally {
    closeSync(fd);
  }
}
const zeros = Buffer.alloc(BLOCK);

function writeImage(file: string, bytes: number, pieces: readonly Piece[]): void {
  rmSync(file, { force: true });
  size(file, bytes);
  const fd = openSync(file, "r+"), superblock = withOwnUuid(pieces[0]!.bytes.subarray(SUPERBLOCK, 2 * SUPERBLOCK));
  try {
    for (const piece of pieces) writeSync(fd, piece.bytes, 0, piece.bytes.length, piece.at);
    writeSync(fd, superblock, 0, superblock.length, SUPERBLOCK);
  } finally {
    closeSync(fd);
  }
}

/** Its checksum goes with it; those of everything else have a seed of their own (metadata_csum_seed). */
function withOwnUuid(superblock: Buffer): Buffer {
  const own = Buffer.from(superblock);
  Buffer.from(randomUUID().replaceAll("-", ""), "hex").copy(own, UUID);
  let sum = 0xffffffff;
  for (const byte of own.subarray(0, CHECKSUM)) sum = (sum >>> 8) ^ crc32c[(sum ^ byte) & 0xff]!;
  own.writeUInt32LE(sum >>> 0, CHECKSUM);
  return own;
}
const crc32c = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let bit = 0; bit < 8; bit++) n = (n >>> 1) ^ (n & 1 ? 0x82f63b78 : 0);
  return n;
});

function size(file: string, bytes: number): void {
  const fd = openSync(file, "a", 0o600);
  try {
    ftruncateSync(fd, bytes);
  } finally {
    closeSync(fd);
  }
}
