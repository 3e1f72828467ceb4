// Owns what holds TypeScript and C together: the committed object is what the sources compile to, the bytes of every table have the
// size of the kernel's structs (by the object's own BTF), and reasons, flags and kinds have the same numbers on both sides.

import { test } from "node:test";
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deepestStack } from "../../test/support/bpf-stack.ts";
import { tableSizes } from "./codec.ts";
import { openDatapath, removePins } from "./loader.ts";
import { dropReasons, natMetricNames } from "./tables.ts";

const here = new URL(".", import.meta.url).pathname;
const objectFile = join(here, "port.bpf.o");
const sources = readdirSync(here).filter((name) => /\.bpf\.[ch]$/.test(name)).sort((a, b) => (a.endsWith(".c") === b.endsWith(".c") ? (a < b ? -1 : 1) : a.endsWith(".c") ? -1 : 1));
const source = sources.map((name) => readFileSync(join(here, name), "utf8")).join("");

test("the committed object was made of these sources", () => {
  const noted = JSON.parse(readFileSync(join(here, "port.bpf.json"), "utf8")) as { sources: string; compiler: string };
  assert.equal(createHash("sha256").update(source).digest("hex"), noted.sources, "sh src/datapath/compile.sh, and commit what it makes");
});

test("its deepest calls fit the stack as older kernels count it: 512 bytes, frames rounded up to 32, eight of them", () => {
  for (const [entry, aside] of [["from_port", ["nat_rings"]], ["nat_rings", []]] as const) {
    const { bytes, calls } = deepestStack(readFileSync(objectFile), entry, 32, aside);
    assert.ok(bytes <= 512 && calls.length <= 8, `${bytes} bytes: ${calls.join(" > ")}`);
  }
  assert.ok(deepestStack(readFileSync(objectFile), "from_port", 1).bytes > 256, "it was read");
});

test("compiled again by the same compiler, it is the committed object, byte by byte", (t) => {
  const noted = JSON.parse(readFileSync(join(here, "port.bpf.json"), "utf8")) as { compiler: string };
  const clang = spawnSync("clang", ["--version"], { encoding: "utf8" });
  if (clang.error) return t.skip("no clang here: sh tools/setup.sh --test");
  if (clang.stdout.split("\n")[0] !== noted.compiler) return t.skip(`it was compiled by ${noted.compiler}, here is ${clang.stdout.split("\n")[0]}`);
  const dir = mkdtempSync(join(tmpdir(), "vpcbox-bpf-"));
  try {
    execFileSync("sh", [join(here, "compile.sh"), join(dir, "port.bpf.o")], { stdio: ["ignore", "ignore", "inherit"] });
    assert.ok(readFileSync(join(dir, "port.bpf.o")).equals(readFileSync(objectFile)), "sh src/datapath/compile.sh, and commit what it makes");
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test("every table's keys and values have the sizes that the codec writes", () => {
  const pins = "/sys/fs/bpf/vpcbox-test-sizes";
  const datapath = openDatapath(pins);
  try {
    for (const [name, sizes] of Object.entries(tableSizes)) assert.deepEqual(datapath.object.sizesOf(name), sizes, name);
  } finally {
    datapath.close();
    removePins(pins);
  }
});

/** The members of an enum of the sources, numbered as C numbers them. */
function enumOf(name: string): Record<string, number> {
  const body = new RegExp(`enum ${name} \\{([^}]*)\\}`).exec(source)?.[1];
  assert.ok(body, `enum ${name}`);
  let next = 0;
  return Object.fromEntries(body.split(",").map((part) => part.replace(/\/\/.*/g, "").trim()).filter((part) => part !== "").map((part) => {
    const [member, value] = part.split("=").map((text) => text.trim());
    if (value !== undefined) next = Number(value);
    return [member, next++];
  }));
}

test("reasons of drops have the program's names and numbers", () => {
  assert.deepEqual(dropReasons, enumOf("reason"));
});

test("NAT gateways' metrics are in the program's order", () => {
  const words = { ACTIVE: "ActiveConnectionCount", ATTEMPTS: "ConnectionAttemptCount", ESTABLISHED: "ConnectionEstablishedCount", PORT_ERRORS: "ErrorPortAllocation", IDLE: "IdleTimeoutCount", DROPS: "PacketsDropCount" };
  const named = Object.entries(enumOf("nat_metric")).map(([member]) => {
    const short = member.slice(2);
    if (Object.hasOwn(words, short)) return words[short as keyof typeof words];
    const [what, way, whom] = short.toLowerCase().split("_").map((w) => w[0]!.toUpperCase() + w.slice(1));
    return `${what}${way}${way === "In" ? "From" : "To"}${whom}`;
  });
  assert.deepEqual([...natMetricNames], named);
});
