// Owns the proof that text which is kept is never stale: what is kept cannot change, another shape has its own text, and a record that
// was written again has another.

import { test } from "node:test";
import assert from "node:assert/strict";
import { CreateTagsCommand, CreateVpcCommand, DescribeVpcsCommand, EC2Client, AssociateVpcCidrBlockCommand } from "@aws-sdk/client-ec2";
import { WireServer } from "../../test/support/wire.ts";
import { kept } from "./kept.ts";
import { serviceNamed, type Shape } from "./model.ts";
import { writeXml } from "./xml.ts";

const shapeOf = (operation: string, list: string): Shape => serviceNamed("ec2")!.operation(operation)!.output.members.find((m) => m.name === list)!.shape.item!.shape;

test("what is kept is frozen through and through, and written as what is not kept", () => {
  const vpc = { VpcId: "vpc-1", Tags: [{ Key: "<a>", Value: "é" }], State: "available" };
  const plain = writeXml(shapeOf("DescribeVpcs", "Vpcs"), vpc);
  const same = kept(vpc);
  for (const _ of [1, 2]) assert.equal(writeXml(shapeOf("DescribeVpcs", "Vpcs"), same), plain);
  assert.match(plain, /<key>&lt;a&gt;<\/key><value>é<\/value>/);
  assert.throws(() => { vpc.State = "pending"; }, TypeError);
  assert.throws(() => { vpc.Tags[0]!.Value = "b"; }, TypeError);
  assert.throws(() => { vpc.Tags.push({ Key: "c", Value: "d" }); }, TypeError);
});

test("another shape writes the same part otherwise, whichever came first", () => {
  const part = kept({ VpcId: "vpc-1", SubnetId: "subnet-1", CidrBlock: "10.0.0.0/24" });
  for (const _ of [1, 2]) {
    assert.equal(writeXml(shapeOf("DescribeVpcs", "Vpcs"), part).includes("subnetId"), false);
    assert.match(writeXml(shapeOf("DescribeSubnets", "Subnets"), part), /<subnetId>subnet-1</);
  }
});

test("a VPC that changed is described as it is now", async () => {
  const server = await WireServer.ofBox();
  const ec2 = new EC2Client({ endpoint: server.endpoint, region: "us-east-1", credentials: { accessKeyId: "test", secretAccessKey: "secret" }, maxAttempts: 1 });
  try {
    const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: "10.0.0.0/16" }));
    const described = async () => (await ec2.send(new DescribeVpcsCommand({ VpcIds: [Vpc!.VpcId!] }))).Vpcs![0]!;
    assert.deepEqual((await described()).Tags, []);
    await ec2.send(new CreateTagsCommand({ Resources: [Vpc!.VpcId!], Tags: [{ Key: "Name", Value: "one" }] }));
    assert.deepEqual((await described()).Tags, [{ Key: "Name", Value: "one" }]);
    await ec2.send(new CreateTagsCommand({ Resources: [Vpc!.VpcId!], Tags: [{ Key: "Name", Value: "two" }] }));
    assert.deepEqual((await described()).Tags, [{ Key: "Name", Value: "two" }]);
    await ec2.send(new AssociateVpcCidrBlockCommand({ VpcId: Vpc!.VpcId, CidrBlock: "10.1.0.0/16" }));
    assert.equal((await described()).CidrBlockAssociationSet!.length, 2);
  } finally {
    ec2.destroy();
    await server.close();
  }
});
