// Owns the proof that namespaces, links and processes are made, read and removed as said.
import { test } from "node:test";
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync, statSync, statfsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CommandError, run, start } from "./exec.ts";
import { tickNs } from "./libc.ts";
import { addVethPairs, deleteLinks, readLinks } from "./link.ts";
import { mountImage, unmountImage } from "./image-mount.ts";
import { isMountPoint, mountsUnder } from "./mount.ts";
import { inNewNamespaces } from "./new-namespaces.ts";
import { createNetns, deleteNetns, inNetns } from "./netns.ts";
import { identify, isAlive, ProcessWatch, waitForEnd } from "./process.ts";

test("linux: a jiffy is as long as one of the rates that a kernel can be built for", () => {
  assert.ok([100, 250, 300, 1000].map((hz) => Math.round(1e9 / hz)).includes(tickNs()), `${tickNs()} ns`);
});

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

test("new namespaces: others than ours while it is asked, gone afterwards; memory that is collected meanwhile harms nobody", () => {
  const seen = new Set<string>();
  for (let round = 0; round < 50; round++) inNewNamespaces((pid) => {
    Array.from({ length: 20_000 }, (_, i) => ({ i })); // for the collector
    for (const kind of ["user", "net"]) assert.notEqual(readlinkSync(`/proc/${pid}/ns/${kind}`), readlinkSync(`/proc/self/ns/${kind}`));
    seen.add(`/proc/${pid}`);
  });
  assert.throws(() => inNewNamespaces((pid) => { seen.add(`/proc/${pid}`); throw new Error("inside"); }), /inside/);
  assert.deepEqual([...seen].filter((path) => existsSync(path) && readFileSync(`${path}/cmdline`, "utf8") === readFileSync("/proc/self/cmdline", "utf8")), []);
});

test("new namespaces: one whose maker is killed ends by itself", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "vpcbox-linux-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const module = new URL("new-namespaces.ts", import.meta.url).href, file = join(directory, "pid");
  const code = `import { inNewNamespaces } from ${JSON.stringify(module)}; import { writeFileSync } from "node:fs"; import { identify } from ${JSON.stringify(new URL("process.ts", import.meta.url).href)};
    inNewNamespaces((pid) => { writeFileSync(${JSON.stringify(file)}, JSON.stringify(identify(pid))); process.kill(process.pid, "SIGKILL"); });`;
  await assert.rejects(run([process.execPath, "--disable-warning=ExperimentalWarning", "--input-type=module", "-e", code]), /SIGKILL/);
  assert.ok(await waitForEnd(JSON.parse(readFileSync(file, "utf8")), 30_000));
});

test("process watch: tells of each end once, also of one that was over before", async () => {
  const watch = new ProcessWatch(), output = 2;
  const one = start(["sleep", "1000"], { fds: [output] }), other = start(["sleep", "1000"], { fds: [output] });
  watch.add("one", identify(one.pid)!);
  watch.add("other", identify(other.pid)!);
  watch.add("gone", { pid: process.pid, startTime: "0" });
  assert.deepEqual(watch.takeEnded(), ["gone"]);
  const first = identify(one.pid)!;
  one.end();
  assert.ok(await waitForEnd(first, 30_000));
  assert.equal(isAlive(first), false);
  assert.deepEqual(watch.takeEnded(), ["one"]);
  assert.deepEqual(watch.takeEnded(), []);
  assert.equal(watch.size, 1);
  other.end();
  watch.close();
  await Promise.all([one.exited, other.exited]);
});

test("images: two of one size are two disks with their directories and keep what is written, a file has one device", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "vpcbox-linux-")), GIB = 2 ** 30;
  const [a, b] = [join(directory, "a"), join(directory, "b")];
  t.after(async () => {
    for (const target of [a, b]) await unmountImage(target);
    assert.deepEqual(mountsUnder(directory), []);
    rmSync(directory, { recursive: true });
  });
  for (const target of [a, b]) {
    mkdirSync(target);
    await mountImage(`${target}.img`, target, GIB, ["root/upper"]);
    assert.ok(isMountPoint(target) && statSync(join(target, "root/upper")).isDirectory());
  }
  const uuidOf = (file: string): string => /UUID: +(\S+)/.exec(spawnSync("dumpe2fs", ["-h", file], { encoding: "utf8" }).stdout)![1]!;
  assert.notEqual(uuidOf(`${a}.img`), uuidOf(`${b}.img`));
  await unmountImage(b);
  assert.equal(spawnSync("e2fsck", ["-f", "-n", `${b}.img`]).status, 0, "which its checksums agree with");
  writeFileSync(join(a, "word"), "of a");
  assert.equal(existsSync(join(b, "word")), false);
  assert.ok(statSync(`${a}.img`).blocks * 512 < 4 * 2 ** 20, "it costs what is written");
  await unmountImage(a);
  assert.equal(isMountPoint(a), false);
  await mountImage(`${a}.img`, a, GIB);
  assert.equal(readFileSync(join(a, "word"), "utf8"), "of a");
  assert.match(readFileSync("/proc/self/mountinfo", "utf8"), new RegExp(` ${a} rw,nosuid,nodev,noatime `), "no file of it is a device or somebody else's right");
  const elsewhere = join(directory, "elsewhere");
  mkdirSync(elsewhere);
  await mountImage(`${a}.img`, elsewhere, 0);
  assert.equal(statSync(elsewhere).dev, statSync(a).dev, "the same device: what the one writes the other sees");
  await unmountImage(elsewhere);
  await assert.rejects(mountImage(`${a}.img`, elsewhere, 2 * GIB), /cannot grow while it is in use/);
  await unmountImage(a);
  for (const size of [2 * GIB, 20 * GIB]) {
    await mountImage(`${a}.img`, a, size);
    const { blocks, bsize } = statfsSync(a);
    assert.ok(blocks * bsize > size * 0.95 && blocks * bsize <= size, `${blocks * bsize} of ${size}`);
    assert.equal(readFileSync(join(a, "word"), "utf8"), "of a");
    await unmountImage(a);
  }
  assert.ok(statSync(`${a}.img`).blocks * 512 < 8 * 2 ** 20, "and it still costs what is written");
  await mountImage(`${a}.img`, a, GIB);
  assert.ok(statfsSync(a).blocks * 4096 > 10 * GIB, "none shrinks");
  assert.deepEqual(readdirSync(directory).filter((name) => name.includes("grown")), []);
});
