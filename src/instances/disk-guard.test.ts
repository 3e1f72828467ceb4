// Owns which guests are ended when the disk under all of theirs runs out: those that take it, and nobody as long as there is room.

import { test } from "node:test";
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DiskGuard } from "./disk-guard.ts";

test("with little left, whoever grows most and nobody else", (t) => {
  const directory = mkdtempSync(join(tmpdir(), "vpcbox-guard-")), small = join(directory, "small"), image = (id: string): string => join(small, id);
  mkdirSync(small);
  writeFileSync(join(directory, "disk"), "");
  truncateSync(join(directory, "disk"), 256 << 20);
  assert.equal(spawnSync("sh", ["-c", `mkfs.ext4 -q -m 0 -F ${directory}/disk && mount -o loop ${directory}/disk ${small}`]).status, 0);
  t.after(() => { spawnSync("umount", [small]); rmSync(directory, { recursive: true }); });
  const guard = new DiskGuard(small), look = (): readonly string[] => guard.look(["i-1", "i-2", "i-3", "i-none"], image);
  const write = (id: string, mib: number): void => writeFileSync(image(id), Buffer.alloc(mib << 20), { flag: "a" });
  for (const id of ["i-1", "i-2", "i-3"]) write(id, 20);
  assert.deepEqual(look(), []);
  write("i-1", 80);
  assert.deepEqual(look(), [], "there is room");
  write("i-2", 60);
  write("i-3", 2);
  assert.deepEqual(look(), ["i-2"], "the first is larger and does not grow");
  write("i-3", 3);
  assert.deepEqual(look(), [], "what others write now and then is no reason");
  write("i-3", 17);
  assert.deepEqual(look(), ["i-3"], "unless there is no room for it");
  assert.deepEqual(look(), [], "nobody grows any more: something else takes it");
});
