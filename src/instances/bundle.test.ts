// Owns what a bundle asks of control groups on machines of each kind: version 1 with and without an account of swap, hybrid, version 2.
import { test } from "node:test";
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { resourcesOf } from "./bundle.ts";

const MIB = 2 ** 20;
const limits = (files: readonly string[], processors: number, spec = { memoryMiB: 1024, vcpus: 2 }): unknown => {
  const cgroups = mkdtempSync(join(tmpdir(), "vpcbox-cgroups-"));
  try {
    for (const file of files) {
      mkdirSync(dirname(join(cgroups, file)), { recursive: true });
      writeFileSync(join(cgroups, file), "");
    }
    return resourcesOf(spec, { cgroups, processors });
  } finally {
    rmSync(cgroups, { recursive: true });
  }
};

test("memory, processes and processors: where swap is accounted for, a guest gets none of it", () => {
  const cpu = { shares: 256 }, pids = { limit: 512 }, limit = 1024 * MIB;
  const version2 = ["cgroup.controllers", "cgroup.subtree_control"];
  const hybrid = ["memory/memory.limit_in_bytes", "unified/cgroup.controllers"];
  assert.deepEqual(limits(version2, 2), { pids, memory: { limit, swap: limit }, cpu });
  assert.deepEqual(limits(["memory/memory.limit_in_bytes", "memory/memory.memsw.limit_in_bytes"], 2), { pids, memory: { limit, swap: limit }, cpu });
  assert.deepEqual(limits(hybrid, 2), { pids, memory: { limit }, cpu }, "runc refuses a limit that the kernel has not");
  assert.deepEqual(limits(["memory/memory.limit_in_bytes"], 2), { pids, memory: { limit }, cpu });
});

test("a type with fewer processors than the machine has a quota, one with as many none", () => {
  const of_ = (vcpus: number, processors: number): unknown => (limits([], processors, { memoryMiB: 512, vcpus }) as { cpu: unknown }).cpu;
  assert.deepEqual(of_(1, 2), { shares: 256, quota: 100_000, period: 100_000 });
  assert.deepEqual(of_(2, 8), { shares: 256, quota: 200_000, period: 100_000 });
  assert.deepEqual(of_(8, 2), { shares: 256 });
});
