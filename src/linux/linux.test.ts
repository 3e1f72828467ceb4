// Owns the proof that namespaces, links and processes are made, read and removed as said.
import { test } from "node:test";
import assert from "node:assert/strict";
import { mkdtempSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CommandError, run } from "./exec.ts";
import { addVethPairs, deleteLinks, readLinks } from "./link.ts";
import { mountsUnder } from "./mount.ts";
import { createNetns, deleteNetns, inNetns } from "./netns.ts";

test("linux: two namespaces, a veth pair between them, and nothing afterwards", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "vpcbox-linux-"));
  const [a, b] = [join(directory, "a"), join(directory, "b")];
  t.after(async () => {
    await deleteNetns(a);
    await deleteNetns(b);
    assert.deepEqual(mountsUnder(directory), []);
    rmSync(directory, { recursive: true });
  });
  assert.equal(createNetns(a), true);
  assert.equal(createNetns(a), false, "again is nothing");
  createNetns(b);
  addVethPairs(a, [{ outer: "vb99", inner: "eth0", innerNetns: b, innerMac: "02:00:00:00:00:99", mtu: 1500, addresses: ["10.0.0.9/24"], routes: [{ via: "10.0.0.1" }] }]);
  assert.deepEqual([...readLinks(a).keys()].sort(), ["lo", "vb99"]);
  assert.deepEqual([...readLinks(b).keys()].sort(), ["eth0", "lo"]);
  const own = readlinkSync("/proc/self/ns/net");
  assert.notEqual(inNetns(b, () => readlinkSync("/proc/thread-self/ns/net")), own);
  assert.throws(() => inNetns(b, () => { throw new Error("inside"); }), /inside/);
  assert.equal(readlinkSync("/proc/self/ns/net"), own, "and back, also after an error");
  deleteLinks(a, ["vb99", "vb98"]);
  assert.deepEqual([...readLinks(a).keys()], ["lo"]);
});

test("exec: a failure is one line, a missing program names its package", async () => {
  await assert.rejects(run(["sh", "-c", "echo first >&2; echo second >&2; exit 3"]), (e: CommandError) => e.status === 3 && /first$/.test(e.message));
  await assert.rejects(run(["no-such-program-here"]), /the program no-such-program-here is missing: apt install/);
  assert.equal((await run(["sh", "-c", "cat; exit 4"], { input: "in", okStatuses: [4] })).stdout, "in");
});
