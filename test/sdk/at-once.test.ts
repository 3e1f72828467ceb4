// Owns that two calls at once never see or leave half a change, and that regions are separate worlds: through the real SDK, against the
// operations themselves (no kernel).

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import {
  AuthorizeSecurityGroupIngressCommand, CreateSecurityGroupCommand, CreateSubnetCommand, CreateVpcCommand, DescribeSecurityGroupRulesCommand, DescribeSubnetsCommand, DescribeVpcsCommand, EC2Client, type EC2ServiceException,
} from "@aws-sdk/client-ec2";
import { operationsIn } from "../../src/wire/operations.ts";
import { WireServer } from "../support/wire.ts";

let server: WireServer;
const clientIn = (region: string): EC2Client => new EC2Client({ endpoint: server.endpoint, region, credentials: { accessKeyId: "test", secretAccessKey: "secret" }, maxAttempts: 1 });
let ec2: EC2Client;
let vpc: string;

before(async () => {
  server = await new WireServer({}, { parts: { operations: operationsIn(), applied: async () => undefined } }).listen();
  ec2 = clientIn("us-east-1");
  vpc = (await ec2.send(new CreateVpcCommand({ CidrBlock: "10.0.0.0/16" }))).Vpc!.VpcId!;
});
after(async () => {
  ec2.destroy();
  await server.close();
});

async function outcomes(calls: readonly Promise<unknown>[]): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const result of await Promise.allSettled(calls)) {
    const name = result.status === "fulfilled" ? "ok" : (result.reason as EC2ServiceException).name;
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

test("100 CreateSubnet of one block at once leave one subnet", async () => {
  const calls = Array.from({ length: 100 }, () => ec2.send(new CreateSubnetCommand({ VpcId: vpc, CidrBlock: "10.0.7.0/24" })));
  assert.deepEqual(await outcomes(calls), { ok: 1, "InvalidSubnet.Conflict": 99 });
  assert.equal((await ec2.send(new DescribeSubnetsCommand({ Filters: [{ Name: "cidr-block", Values: ["10.0.7.0/24"] }] }))).Subnets!.length, 1);
});

test("one rule authorized 50 times at once leaves one rule, and the rest hear InvalidPermission.Duplicate", async () => {
  const { GroupId } = await ec2.send(new CreateSecurityGroupCommand({ GroupName: "once", Description: "once", VpcId: vpc }));
  const calls = Array.from({ length: 50 }, () => ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpProtocol: "tcp", FromPort: 80, ToPort: 80, CidrIp: "10.0.0.0/8" })));
  assert.deepEqual(await outcomes(calls), { ok: 1, "InvalidPermission.Duplicate": 49 });
  const { SecurityGroupRules } = await ec2.send(new DescribeSecurityGroupRulesCommand({ Filters: [{ Name: "group-id", Values: [GroupId!] }] }));
  assert.equal(SecurityGroupRules!.filter((r) => !r.IsEgress).length, 1);
});

test("the quota holds against calls at once", async () => {
  const calls = Array.from({ length: 20 }, (_, i) => ec2.send(new CreateVpcCommand({ CidrBlock: `10.${i + 1}.0.0/16` })));
  const counts = await outcomes(calls);
  assert.deepEqual(Object.keys(counts).sort(), ["VpcLimitExceeded", "ok"]);
  assert.equal((await ec2.send(new DescribeVpcsCommand({}))).Vpcs!.length, 5);
});

test("a region knows nothing of another's", async () => {
  const tokyo = clientIn("ap-northeast-1");
  try {
    assert.ok(!(await tokyo.send(new DescribeVpcsCommand({}))).Vpcs!.some((v) => v.VpcId === vpc));
    await assert.rejects(tokyo.send(new DescribeVpcsCommand({ VpcIds: [vpc] })), { name: "InvalidVpcID.NotFound" });
    await assert.rejects(tokyo.send(new CreateSubnetCommand({ VpcId: vpc, CidrBlock: "10.0.8.0/24" })), { name: "InvalidVpcID.NotFound" });
    assert.ok((await tokyo.send(new CreateVpcCommand({ CidrBlock: "10.0.0.0/16" }))).Vpc);
  } finally {
    tokyo.destroy();
  }
});
