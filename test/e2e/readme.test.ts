// Owns that the README is true: its guide in ten lines of `aws` is cut out of it and run as it stands, and so are the commands it names.

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Box, cli, root, run } from "../support/box.ts";
import { kernelLeftovers } from "../support/kernel-leftovers.ts";

const readme = readFileSync(join(root, "README.md"), "utf8");
const box = new Box();
before(() => box.up());
after(async () => {
  await box.remove();
  assert.deepEqual(await kernelLeftovers(box), []);
});

test("the guide in ten lines of aws ends with three answered pings", async () => {
  const chapter = readme.slice(readme.indexOf("## The guide in ten lines"));
  const lines = /```sh\n([^]*?)```/.exec(chapter)![1]!;
  const settings = /`(export AWS_ACCESS_KEY_ID[^`]*)`/.exec(chapter)![1]!;
  const ec2 = /`(ec2\(\) \{[^`]*\})`/.exec(chapter)![1]!.replace("http://127.0.0.1:4566", box.endpoint);
  assert.equal(lines.trim().split("\n").length, 10);
  const script = join(box.stateDir, "ten-lines.sh");
  // The reader's `aws` and `npx vpcbox` of the box `default`; here those of this box.
  writeFileSync(script, `set -e\ncd "$(dirname "$0")"\naws() { /usr/bin/aws "$@"; }\nnpx() { shift; ${cli} --box ${box.name} "$@"; }\n${settings}\n${ec2}\n${lines}`);
  const result = await run("bash", [script], { timeoutMs: 120_000 });
  assert.equal(result.status, 0, result.stdout + result.stderr);
  assert.match(result.stdout, /3 packets transmitted, 3 received, 0% packet loss/);
});

test("every command of the README is one that the command knows", async () => {
  const known = (await run(cli, ["--help"])).stdout;
  const named = [...readme.matchAll(/(?:npx |`)vpcbox ([a-z][a-z-]+)/g)].map((m) => m[1]!);
  assert.ok(named.length > 5);
  for (const name of new Set(named)) assert.match(known, new RegExp(`^ +${name}\\b`, "m"), `vpcbox ${name}`);
});

test("every path and npm script that the README names is there", () => {
  for (const [, path] of readme.matchAll(/\]\(([^)#h][^)#]*)\)/g)) assert.ok(existsSync(join(root, path!)), path);
  const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { scripts: Record<string, string> };
  for (const [, script] of readme.matchAll(/npm run ([a-z]+)/g)) assert.ok(script! in scripts, `npm run ${script}`);
});
