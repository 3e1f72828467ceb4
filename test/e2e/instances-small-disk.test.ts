// Owns what a machine with little disk does: what it cannot hold is refused, and an instance that fills the disk under all of them is
// ended before the others and the box cannot write any more.

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RunInstancesCommand } from "@aws-sdk/client-ec2";
import { Box, run, until } from "../support/box.ts";
import { kernelLeftovers } from "../support/kernel-leftovers.ts";
import { findImage, findInstance, waitForState } from "../support/nat-network.ts";

const box = new Box(), directory = mkdtempSync(join(tmpdir(), "vpcbox-small-"));
let image: string;

before(async () => {
  const made = await run("sh", ["-c", `truncate -s 5000M ${directory}/disk && mkfs.ext4 -q -m 0 -F ${directory}/disk && mount -o loop ${directory}/disk ${box.stateDir}`]);
  assert.equal(made.status, 0, made.stderr);
  await box.up("--quota", "all=unlimited");
  image = await findImage(box, "al2023-ami-*");
});
after(async () => {
  await box.vpcbox("down");
  await run("umount", [box.stateDir]);
  rmSync(directory, { recursive: true });
  await box.remove();
  assert.deepEqual(await kernelLeftovers(box), []);
});

const launch = async (count: number): Promise<string[]> => (await box.ec2.send(new RunInstancesCommand({ ImageId: image, InstanceType: "t3.micro", MinCount: count, MaxCount: count }))).Instances!.map((i) => i.InstanceId!);

test("more instances than the disk has room for are refused", async () => {
  await assert.rejects(launch(1000), /InsufficientInstanceCapacity: We currently do not have sufficient t3\.micro capacity/);
});

test("one that fills the disk under all of them is switched off; another goes on writing, the API too", { timeout: 120_000 }, async () => {
  const [bad, other] = (await launch(2)) as [string, string];
  for (const id of [bad, other]) await waitForState(box, id, "running");
  await box.exec(bad, "sh", "-c", "dd if=/dev/zero of=/big bs=1M count=6000");
  await waitForState(box, bad, "stopped");
  assert.equal((await findInstance(box, bad)).StateReason!.Code, "Server.InternalError");
  assert.match(await until("its console says why", async () => (await box.vpcbox("console-output", bad)).stdout || undefined), /little of this machine's disk is left/);
  assert.equal((await box.exec(other, "sh", "-c", "head -c 10000000 /dev/zero > /root/x && sync && echo written")).stdout, "written\n");
  await box.aws("ec2", "create-vpc", "--cidr-block", "10.9.0.0/16");
  await box.aws("ec2", "terminate-instances", "--instance-ids", bad);
  await waitForState(box, bad, "terminated");
  const [next] = (await launch(1)) as [string];
  await waitForState(box, next, "running");
  const again = await box.exec(other, "sh", "-c", "head -c 500000000 /dev/zero > /root/x && sync && echo written");
  assert.equal(again.stdout, "written\n", `there is room again: ${again.stderr}`);
});
