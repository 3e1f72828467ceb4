// Owns `npm run guide` itself: twice on one box, in both languages, and what it says when the box is not to be had.

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { join } from "node:path";
import { DescribeInstancesCommand, DescribeVpcsCommand } from "@aws-sdk/client-ec2";
import { Box, root, run, type Result } from "../support/box.ts";
import { kernelLeftovers } from "../support/kernel-leftovers.ts";

const box = new Box();
const guide = (name: string, language: string): Promise<Result> =>
  run("sh", [join(root, "tools/node.sh"), join(root, "tools/guide.ts"), "--box", name], { env: { ...process.env, LANG: language, LC_ALL: "", HOME: box.stateDir }, timeoutMs: 120_000 });

before(async () => { await box.up(); });
after(async () => {
  await box.remove();
  assert.deepEqual(await kernelLeftovers(box), []);
});

test("the guide runs to its end, and a second run takes the first down", async () => {
  const first = await guide(box.name, "C.UTF-8");
  assert.equal(first.status, 0, first.stdout + first.stderr);
  assert.match(first.stdout, /From there ssh ec2-user@10\.0\.1\.\d+, from there: ping -c 3 ietf\.org: 3 packets transmitted, 3 received, 0% packet loss/);
  assert.match(first.stdout, /Take down what an earlier run of this guide left: nothing was there/);
  assert.doesNotMatch(first.stdout, /[\x1b\r]/, "plain lines in a pipe");
  const keyFile = join(box.stateDir, ".vpcbox", `${box.name}-guide.pem`);
  assert.equal(statSync(keyFile).mode & 0o777, 0o600);

  const second = await guide(box.name, "ja_JP.UTF-8");
  assert.equal(second.status, 0, second.stdout + second.stderr);
  assert.match(second.stdout, /\d+ 個のリソースを削除しました/);
  assert.match(second.stdout, /10\.0\.1\.\d+、そこから ping -c 3 ietf\.org: 3 packets transmitted, 3 received/);

  const { Vpcs } = await box.ec2.send(new DescribeVpcsCommand({ Filters: [{ Name: "tag:vpcbox:guide", Values: ["nat-instance"] }] }));
  assert.equal(Vpcs!.length, 1, "one network stands, the second");
  const { Reservations } = await box.ec2.send(new DescribeInstancesCommand({ Filters: [{ Name: "instance-state-name", Values: ["running"] }] }));
  assert.equal(Reservations!.length, 2);
});

test("without a box to be had: one line, status 1", async () => {
  const result = await guide("A_B", "C.UTF-8");
  assert.equal(result.status, 1);
  assert.match(result.stderr, /^failed: Start the box: option '--box <name>' argument 'A_B' is invalid\.[^\n]*\n$/);
});
