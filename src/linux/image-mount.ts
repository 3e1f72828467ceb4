// Owns file systems in files: sparse ext4 images mounted through loop devices (loop(4)), so that who writes into one cannot fill more
// than it. A file is never mounted twice: mount(8) takes the loop device that a file has already.

import { closeSync, existsSync, ftruncateSync, openSync, renameSync, rmSync, statSync } from "node:fs";
import { run } from "./exec.ts";
import { isMountPoint } from "./mount.ts";

const BUSY_TRIES = 50, BUSY_MS = 100;

export const hasLoopDevices = (): boolean => existsSync("/dev/loop-control");

/** Makes the image unless it is there, grows it when it is smaller, mounts it unless it is mounted. */
export async function mountImage(file: string, target: string, bytes: number): Promise<void> {
  if (isMountPoint(target)) return;
  if (!existsSync(file)) {
    const growing = `${file}.new`;
    rmSync(growing, { force: true });
    size(growing, bytes);
    // the journal is small and nothing is written that need not be: a disk costs what its owner writes
    await run(["mkfs.ext4", "-q", "-F", "-m", "0", "-J", "size=4", "-E", "lazy_itable_init=1,lazy_journal_init=1,nodiscard", growing]);
    renameSync(growing, file);
  }
  const grows = statSync(file).size < bytes;
  if (grows) size(file, bytes);
  await run(["mount", "-t", "ext4", "-o", "loop,noatime,nodev,nosuid,noinit_itable", file, target]);
  if (!grows) return;
  const device = (await run(["findmnt", "-n", "-o", "SOURCE", "--mountpoint", target])).stdout.trim();
  await run(["losetup", "--set-capacity", device]);
  await run(["resize2fs", device]);
}

/** Waits for who is still at it: a disk that went on living unseen could be mounted a second time. */
export async function unmountImage(target: string): Promise<void> {
  for (let tries = 0; isMountPoint(target); tries++) {
    const { status, stderr } = await run(["umount", target], { okStatuses: [0, 32] });
    if (status === 0) continue;
    if (tries >= BUSY_TRIES) throw new Error(stderr.trim());
    await new Promise((resolve) => setTimeout(resolve, BUSY_MS));
  }
}

function size(file: string, bytes: number): void {
  const fd = openSync(file, "a", 0o600);
  try {
    ftruncateSync(fd, bytes);
  } finally {
    closeSync(fd);
  }
}
