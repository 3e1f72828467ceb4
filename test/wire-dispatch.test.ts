// Owns what the wire adds to every operation: DryRun, client tokens, waiting for the kernel, and that a failed call changes nothing.

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { CreateVpcCommand, DescribeVpcsCommand, EC2Client, RunInstancesCommand, type RunInstancesCommandInput } from "@aws-sdk/client-ec2";
import { Ec2Error } from "../src/wire/error.ts";
import type { Context, Ec2Operation } from "../src/wire/operation.ts";
import { WireServer } from "./support/wire.ts";

const put = (ctx: Context, cidrBlock: string): string => ctx.write((tx) => {
  const id = ctx.newId("vpc");
  tx.put("vpc", {
    id, region: ctx.region, index: tx.nextIndex(), tags: {}, createdAt: ctx.now().toISOString(), cidrAssociations: [{ associationId: "vpc-cidr-assoc-1", cidrBlock }],
    isDefault: false, instanceTenancy: "default", dhcpOptionsId: "default", enableDnsSupport: true, enableDnsHostnames: false,
  });
  return id;
});
const createVpc: Ec2Operation<"CreateVpc"> = async (input, ctx) => {
  await Promise.resolve();
  if (input.CidrBlock === "bad") throw new Ec2Error("InvalidParameterValue", "bad");
  const VpcId = put(ctx, input.CidrBlock ?? "");
  return { Vpc: { VpcId } };
};
let runs = 0;
/** Stands for operations with a client token: writes twice, fails between the two when asked, and reads what it wrote. */
const runInstances: Ec2Operation<"RunInstances"> = (input, ctx) => {
  runs++;
  const first = put(ctx, "10.0.0.0/16");
  if (input.ImageId === "ami-bad") throw new Ec2Error("InvalidAMIID.NotFound", "no");
  put(ctx, "10.1.0.0/16");
  return { ReservationId: first, OwnerId: String(ctx.snapshot().list("vpc").length), Instances: [{ LaunchTime: new Date(1_700_000_000_123) }] };
};
const describeVpcs: Ec2Operation<"DescribeVpcs"> = (_input, ctx) => ({ Vpcs: ctx.snapshot().list("vpc", ctx.region).map(({ id }) => ({ VpcId: id })) });

let wire: WireServer;
let ec2: EC2Client;
let regions: string[] = [];
before(async () => {
  wire = await new WireServer(
    { "ec2 CreateVpc": createVpc, "ec2 RunInstances": runInstances, "ec2 DescribeVpcs": describeVpcs },
    { parts: { ensureRegion: (region) => void regions.push(region) } },
  ).listen();
  ec2 = new EC2Client({ endpoint: wire.endpoint, region: "us-east-1", credentials: { accessKeyId: "test", secretAccessKey: "secret" }, maxAttempts: 1 });
});
after(async () => {
  ec2.destroy();
  await wire.close();
});
const count = (): number => wire.store.snapshot().list("vpc").length;
const launch = (more: Partial<RunInstancesCommandInput>) => ec2.send(new RunInstancesCommand({ ImageId: "ami-1", MinCount: 1, MaxCount: 1, ...more }));

test("an answer waits for the kernel to have what was written, a reading one does not", async () => {
  wire.applied.length = 0;
  await ec2.send(new CreateVpcCommand({ CidrBlock: "10.0.0.0/16" }));
  assert.deepEqual(wire.applied, [wire.store.snapshot().revision]);
  assert.equal((await ec2.send(new DescribeVpcsCommand({}))).Vpcs!.length, 1);
  assert.equal(wire.applied.length, 1);
  assert.deepEqual(new Set(regions), new Set(["us-east-1"]));
});

test("DryRun: everything is checked, nothing is kept", async () => {
  const before = [count(), wire.store.snapshot().revision];
  const done = { name: "DryRunOperation", $metadata: undefined as unknown };
  const isDone = (error: { name: string; message: string; $metadata: { httpStatusCode?: number } }): boolean =>
    error.name === done.name && error.message === "Request would have succeeded, but DryRun flag is set." && error.$metadata.httpStatusCode === 412;
  await assert.rejects(ec2.send(new CreateVpcCommand({ CidrBlock: "10.0.0.0/16", DryRun: true })), isDone);
  await assert.rejects(ec2.send(new DescribeVpcsCommand({ DryRun: true })), isDone);
  await assert.rejects(launch({ DryRun: true, ClientToken: "dry" }), isDone);
  await assert.rejects(ec2.send(new CreateVpcCommand({ CidrBlock: "bad", DryRun: true })), { name: "InvalidParameterValue" });
  assert.deepEqual([count(), wire.store.snapshot().revision], before);
});

test("a client token: the same call answers the same and does nothing, another call is refused", async () => {
  const before = count();
  const first = await launch({ ClientToken: "token-1" });
  const ran = runs;
  const second = await launch({ ClientToken: "token-1" });
  assert.deepEqual({ ...second, $metadata: 0 }, { ...first, $metadata: 0 });
  assert.equal(first.Instances![0]!.LaunchTime!.getTime(), 1_700_000_000_123);
  assert.deepEqual([count(), runs], [before + 2, ran]);
  assert.equal(first.OwnerId, String(before + 2), "an operation sees what it wrote");
  await assert.rejects(launch({ ClientToken: "token-1", ImageId: "ami-2" }), { name: "IdempotentParameterMismatch" });
  await assert.rejects(launch({ ClientToken: "x".repeat(65) }), { name: "InvalidParameterValue" });
  const [a, b] = await Promise.all([launch({ ClientToken: "token-2" }), launch({ ClientToken: "token-2" })]);
  assert.equal(a.ReservationId, b.ReservationId);
  assert.notEqual(a.ReservationId, first.ReservationId);
});

test("a failed call changes nothing, and its token is free", async () => {
  const before = [count(), wire.store.snapshot().revision];
  await assert.rejects(launch({ ClientToken: "token-3", ImageId: "ami-bad" }), { name: "InvalidAMIID.NotFound" });
  assert.deepEqual([count(), wire.store.snapshot().revision], before);
  assert.ok((await launch({ ClientToken: "token-3" })).ReservationId);
});

test("a kept answer is there after the box started again", async () => {
  const firstServer = await new WireServer({ "ec2 RunInstances": runInstances }).listen();
  const ask = async (endpoint: string) => {
    const client = new EC2Client({ endpoint, region: "us-east-1", credentials: { accessKeyId: "test", secretAccessKey: "secret" }, maxAttempts: 1 });
    try {
      return await client.send(new RunInstancesCommand({ ImageId: "ami-1", MinCount: 1, MaxCount: 1, ClientToken: "over a restart" }));
    } finally {
      client.destroy();
    }
  };
  const first = await ask(firstServer.endpoint);
  await firstServer.close(true);
  const second = await new WireServer({ "ec2 RunInstances": runInstances }, { directory: firstServer.directory }).listen();
  try {
    assert.equal((await ask(second.endpoint)).ReservationId, first.ReservationId);
    assert.equal(second.store.snapshot().list("vpc").length, 2);
  } finally {
    await second.close();
  }
});
