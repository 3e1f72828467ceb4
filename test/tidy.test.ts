// Owns the rules of the repository, as data with their reasons: who may import whom, single owners, names, lengths, opening comments.
// An exception is a line here with its reason, or it is none. ARCHITECTURE.md, "Invariants", names these tests.

import { test } from "node:test";
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";

const root = new URL("..", import.meta.url).pathname;
const files = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], { cwd: root, encoding: "utf8" }).split("\n").filter((file) => file !== "" && existsSync(join(root, file)));
const read = (file: string): string => readFileSync(join(root, file), "utf8");
const sources = files.filter((file) => file.endsWith(".ts"));
const product = sources.filter((file) => !file.endsWith(".test.ts"));

interface ImportRule { readonly may: readonly string[]; readonly because: string }
/** A folder (or a file by its path) -> the folders and files it may import from. Tests are free; the root of src wires and is free. */
const importRules: Readonly<Record<string, ImportRule>> = {
  "src/lib": { may: [], because: "it is the floor" },
  "src/model": { may: ["src/lib", "src/internet/addresses.ts"], because: "same snapshot, same answer: no clock, no disk, no random; the address plan is data" },
  "src/store": { may: ["src/lib", "src/model"], because: "it keeps records and knows nothing of what they mean" },
  "src/wire": { may: ["src/lib", "src/model", "src/store"], because: "protocols, not services: operations are found by their file names" },
  "src/ec2": { may: ["src/lib", "src/model", "src/store", "src/wire", "src/internet/addresses.ts", "src/reach/codes.ts", "src/reach/filters.ts", "src/reach/question.ts", "src/reach/scope.ts"], because: "an API call writes intent; it never touches the kernel; what the analyzer is asked and answers is data" },
  "src/iam": { may: ["src/lib", "src/model", "src/store", "src/wire"], because: "as ec2" },
  "src/sts": { may: ["src/lib", "src/model", "src/store", "src/wire", "src/iam/role-sessions.ts"], because: "as ec2; a session is of a role" },
  "src/ssm": { may: ["src/lib", "src/model", "src/store", "src/wire"], because: "as ec2" },
  "src/reach": { may: ["src/lib", "src/model", "src/internet/addresses.ts"], because: "as model: what is asked about is given, and nothing is touched" },
  "src/plan": { may: ["src/lib", "src/model", "src/datapath/tables.ts", "src/instances/guest.ts", "src/internet/addresses.ts", "src/ec2/instance-type/types.ts"], because: "pure, and the only place with both vocabularies: it speaks in the tables' and the guests' types; instance types are data" },
  "src/linux": { may: ["src/lib"], because: "testable by someone who never heard of EC2" },
  "src/datapath": { may: ["src/lib", "src/linux", "src/internet/addresses.ts"], because: "as linux; the address plan is data" },
  "src/instances": { may: ["src/lib", "src/linux", "src/internet/addresses.ts"], because: "a guest is Linux and an image; routes and groups are not its business" },
  "src/internet": { may: ["src/lib", "src/linux"], because: "the box's internet is outside every VPC" },
  "src/services": { may: ["src/lib", "src/model", "src/linux", "src/internet"], because: "DNS and metadata answer from the snapshot, in namespaces of their own" },
  "src/watch": { may: ["src/lib", "src/model", "src/datapath", "src/control-stream.ts"], because: "what the program shows, in the records' names, to whoever asks on the control socket" },
  "src/reconcile": { may: ["src/lib", "src/model", "src/store", "src/plan", "src/linux", "src/datapath", "src/instances", "src/internet/addresses.ts"], because: "the one writer to the kernel" },
  "src/flow-logs": { may: ["src/lib", "src/model", "src/datapath/flow-accounts.ts", "src/ec2/instance-type/types.ts", "src/internet/addresses.ts"], because: "accounts come in, files go out; the address plan and instance types are data" },
  "cli": { may: [], because: "HTTP only: what it can do, any client can do" },
  "bench/analysis.ts": { may: ["src/model", "src/reach", "test/support"], because: "the analyzer is a function: it is measured as one" },
  "bench/scale.ts": { may: ["src/lib", "src/model", "src/store", "src/plan", "src/linux", "test/support"], because: "a thousand interfaces without a thousand guests: store, plan and tables by themselves" },
  "bench/redirect.ts": { may: ["src/datapath", "src/linux", "test/support"], because: "another program than the product's is loaded as the product's is" },
  "bench": { may: ["src/lib", "cli", "test/support", "tools"], because: "it measures from outside" },
  "tools/packet.ts": { may: ["cli", "src/datapath", "src/linux", "test/support"], because: "it runs the box's own program by hand, on frames as the tests make them" },
  "tools/explain-docs.ts": { may: ["src/model", "src/reach", "test/support"], because: "it runs the analyzer over the networks that the page shows" },
  "tools": { may: ["cli", "src/internet/addresses.ts", "src/wire"], because: "the guide is a client; the address plan and the wire's generated files are data" },
};

/** A package -> where it may be imported; `typesOnly` elsewhere. */
const packageRules: Readonly<Record<string, { readonly may: readonly string[]; readonly because: string }>> = {
  "commander": { may: ["cli"], because: "the command line alone" },
  "dns-packet": { may: ["src/internet", "src/services"], because: "the two name servers alone" },
  "yaml": { may: ["src/instances"], because: "#cloud-config alone" },
  "koffi": { may: ["src/datapath", "src/linux", "test/support/raw-sockets.ts", "test/support/offloads.ts"], because: "libbpf and the C library, behind typed functions; a test's sockets and device settings that the product needs none of" },
  "fast-check": { may: ["test"], because: "random cases are for tests" },
  "@aws-sdk": { may: ["test", "tools", "bench"], because: "the product takes types alone: the SDK is a client" },
  "@smithy": { may: ["test", "tools", "bench"], because: "as the SDK" },
};

/** A builtin -> the only product files that import it. */
const builtinRules: Readonly<Record<string, { readonly may: readonly string[]; readonly because: string }>> = {
  "node:child_process": { may: ["cli/start-daemon.ts", "cli/run-inside.ts", "cli/requirements.ts", "tools/", "bench/", "test/"], because: "the daemon spawns by src/linux/spawn.ts; the command spawns the daemon and what runs inside, and calls modprobe" },
  "node:sqlite": { may: ["src/store/store.ts"], because: "one file opens the database" },
};

/** Folders whose functions are pure: no I/O, and what differs from run to run comes in through the caller. */
const pureFolders = ["src/model", "src/plan", "src/reach"];
const impure = /\bfrom "node:(?!assert)|\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(|\bprocess\.(env|hrtime)\b|\bfetch\(/;

const forbiddenNames = ["index", "utils", "util", "helpers", "helper", "manager", "service", "handler", "common", "misc"];
const maxLines = 300;
const longFiles: Readonly<Record<string, string>> = {
  "src/model/records.ts": "every record, and nothing but their types",
};
const noOpeningComment: Readonly<Record<string, string>> = {};

interface Import { readonly file: string; readonly from: string; readonly typeOnly: boolean }
const importsOf = (file: string): Import[] =>
  [...read(file).matchAll(/(?<=^|; )(import|export)\s+(type\s+)?(?:[^"';]*?\bfrom\s+)?"([^"]+)"|\bawait import\("([^"]+)"\)/gm)].map((m) => ({ file, from: (m[3] ?? m[4])!, typeOnly: m[2] !== undefined }));
const targetOf = ({ file, from }: Import): string => relative(root, join(root, dirname(file), from));
const within = (path: string, allowed: string): boolean => path === allowed || path.startsWith(allowed.endsWith("/") ? allowed : `${allowed}/`);

test("imports: every folder keeps to its own", () => {
  const broken: string[] = [];
  for (const file of product) {
    const rule = importRules[file] ?? Object.entries(importRules).find(([folder]) => within(file, folder))?.[1];
    if (!rule) {
      if (/^src\/[^/]+\//.test(file)) broken.push(`${file}: its folder has no rule`);
      continue;
    }
    const own = file.split("/").slice(0, file.startsWith("src/") ? 2 : 1).join("/");
    for (const one of importsOf(file).filter(({ from }) => from.startsWith("."))) {
      const target = targetOf(one);
      if (!within(target, own) && !rule.may.some((allowed) => within(target, allowed))) broken.push(`${file} imports ${target}: ${own} may import ${rule.may.join(", ") || "nothing"}, because ${rule.because}`);
    }
  }
  assert.deepEqual(broken, []);
});

test("imports: packages and builtins have their places", () => {
  const broken: string[] = [];
  for (const file of product) {
    for (const { from, typeOnly } of importsOf(file)) {
      if (from.startsWith(".")) continue;
      const name = from.startsWith("@") ? from.split("/")[0]! : from;
      const rule = packageRules[name] ?? builtinRules[from];
      if (rule && !typeOnly && !rule.may.some((allowed) => within(file, allowed))) broken.push(`${file} imports ${from}: ${rule.because}`);
      if (!rule && !from.startsWith("node:")) broken.push(`${file} imports ${from}, a package without a rule here`);
    }
  }
  assert.deepEqual(broken, []);
});

test("imports: every rule is about something that exists", () => {
  const packages = JSON.parse(read("package.json")) as { dependencies: Record<string, string>; devDependencies: Record<string, string> };
  for (const name of Object.keys(packages.dependencies)) assert.ok(packageRules[name], `${name} has no rule`);
  for (const folder of Object.keys(importRules)) assert.ok(files.some((file) => within(file, folder)), `${folder} does not exist`);
});

test("pure folders: the same snapshot gives the same answer", () => {
  const broken = product.filter((file) => pureFolders.some((folder) => within(file, folder)) && impure.test(read(file)));
  assert.deepEqual(broken, []);
});

test("files open with a comment that says what they own", () => {
  const broken: string[] = [];
  for (const file of files.filter((name) => /\.(ts|c|h|sh)$/.test(name) || name === "cli/vpcbox" || name === ".ci/run")) {
    const [first = "", second = ""] = read(file).split("\n");
    const opening = first.startsWith("#!") ? second : first;
    if (!/^(\/\/|\/\*|#) ?\S/.test(opening) || (file.endsWith(".ts") && !/Owns /.test(opening))) if (!(file in noOpeningComment)) broken.push(file);
  }
  assert.deepEqual(broken, []);
});

test("names: kebab-case, no barrels, nothing that says nothing", () => {
  const broken = sources.filter((file) => {
    const name = file.split("/").at(-1)!.replace(/(\.test)?\.ts$/, "");
    return !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name) || forbiddenNames.includes(name) || forbiddenNames.some((word) => word !== "index" && name.endsWith(`-${word}`));
  });
  assert.deepEqual(broken, []);
  assert.deepEqual(product.filter((file) => /^export \* from/m.test(read(file))), [], "no barrels");
});

test("no file is longer than it can be read", () => {
  const lines = (file: string): number => read(file).split("\n").length - 1;
  const broken = files.filter((file) => /\.(ts|c|h|sh)$/.test(file) && lines(file) > maxLines && !(file in longFiles));
  assert.deepEqual(broken, []);
  assert.ok(lines("README.md") <= 150, "README.md");
});

test("the lockfile and the sources name no package registry, and commit none", () => {
  const registry = new RegExp(["registry\\.npmjs", "registry\\.yarnpkg", "npm\\.pkg\\.github", "pypi\\.org/simple", "\"resolved\":"].join("|"));
  const broken = files.filter((file) => !/\.(o|png)$/.test(file) && file !== "test/tidy.test.ts" && registry.test(read(file)));
  assert.deepEqual(broken, []);
  assert.deepEqual(files.filter((file) => /(^|\/)\.npmrc$/.test(file)), []);
});

test("documents: every file that a document points to is there", () => {
  const broken: string[] = [];
  for (const document of files.filter((file) => file.endsWith(".md"))) {
    for (const [, target = ""] of read(document).matchAll(/\]\(([^)#:\s]+)(?:#[^)]*)?\)/g)) if (!existsSync(join(root, dirname(document), target))) broken.push(`${document} points to ${target}`);
    for (const [, target = ""] of read(document).matchAll(/`((?:src|cli|test|tools|bench|docs)\/[\w./-]*[\w/])`/g)) if (!existsSync(join(root, target))) broken.push(`${document} names ${target}`);
  }
  assert.deepEqual(broken, []);
});
