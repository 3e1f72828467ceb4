// Owns that the clients of infrastructure engineers work unmodified: `aws` in a script, boto3, an Ansible playbook (test/clients). Each
// builds a two-subnet VPC with NAT instance and NAT gateway, reads, changes and removes it; each step twice, the second changes nothing.

import { after, before, describe, test } from "node:test";
import assert from "node:assert/strict";
import { join } from "node:path";
import { Box, root, run, type Result } from "../support/box.ts";
import { kernelLeftovers } from "../support/kernel-leftovers.ts";
import { pings } from "../support/nat-network.ts";

const box = new Box();
const clients = join(root, "test/clients");
const key = join(box.stateDir, "ansible-key");

before(async () => {
  await box.up();
  assert.equal((await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key])).status, 0);
});
after(async () => {
  await box.remove();
  assert.deepEqual(await kernelLeftovers(box), []);
});

function client(file: string, ...args: string[]): Promise<Result> {
  const env = {
    PATH: "/usr/sbin:/usr/bin:/sbin:/bin", HOME: box.stateDir, LANG: "C.UTF-8", BOX_ENDPOINT: box.endpoint, AWS_URL: box.endpoint, AWS_REGION: "us-east-1", AWS_DEFAULT_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test", AWS_PAGER: "", AWS_EC2_METADATA_DISABLED: "true", ANSIBLE_DEPRECATION_WARNINGS: "False", ANSIBLE_NOCOLOR: "1", ANSIBLE_PIPELINING: "True", ANSIBLE_HOME: box.stateDir,
  };
  return run(file, args, { env, timeoutMs: 600_000 });
}

/** Runs a step twice. @returns the first run's output. */
async function twice(step: () => Promise<Result>, changesOf: (output: string) => number, atLeast: number): Promise<string> {
  const first = await step();
  assert.equal(first.status, 0, first.stdout + first.stderr);
  assert.ok(changesOf(first.stdout) >= atLeast, first.stdout);
  const second = await step();
  assert.equal(second.status, 0, second.stdout + second.stderr);
  assert.equal(changesOf(second.stdout), 0, `the second run changed something: ${second.stdout}${second.stderr}`);
  return first.stdout;
}
const counted = (output: string): number => Number(/^changes: (\d+)$/m.exec(output)![1]);
const recapped = (output: string): number => Number(/^localhost +: .*changed=(\d+)/m.exec(output)![1]);

describe("unmodified clients build, read, change and remove a network, and a second run changes nothing", { concurrency: true }, () => {
  test("aws, in a script", async () => {
    const step = (name: string) => (): Promise<Result> => client("bash", join(clients, "network.sh"), name);
    const [inner] = (await twice(step("build"), counted, 20)).trim().split("\n")[0]!.split(" ");
    assert.equal(await pings(box, inner!, "192.0.2.80"), true, "through the NAT instance");
    await twice(step("change"), counted, 1);
    await twice(step("remove"), counted, 10);
  });

  test("boto3", async () => {
    const step = (name: string) => (): Promise<Result> => client("/usr/bin/python3", join(clients, "network.py"), name);
    const inner = (await twice(step("build"), counted, 20)).trim().split("\n")[0]!;
    assert.equal(await pings(box, inner, "192.0.2.80"), true, "through the NAT instance");
    await twice(step("change"), counted, 2);
    await twice(step("remove"), counted, 10);
  });

  test("Ansible", async () => {
    const play = (book: string, ...more: string[]) => (): Promise<Result> => client("/usr/bin/ansible-playbook", "-e", `public_key=${key}.pub`, ...more, join(clients, book));
    await twice(play("build.yml"), recapped, 16);
    assert.equal(await pings(box, "clients-private", "192.0.2.80"), true, "through the NAT instance");
    await twice(play("build.yml", "--tags", "groups", "-e", "ssh_from=198.51.100.0/24"), recapped, 1);
    await twice(play("remove.yml"), recapped, 8);
  });
});
