// Owns the states that the API is measured on: boxes of many records, made by the API's own operations where it can, copied where ten
// thousand calls would only take time, and kept in a state directory for `vpcbox up --state`.

import { EC2Client, CreateSecurityGroupCommand, CreateSubnetCommand, CreateVpcCommand, RunInstancesCommand } from "@aws-sdk/client-ec2";
import { WireServer } from "../test/support/wire.ts";

export interface StateSize { readonly vpcs: number; readonly groups: number; readonly instances: number }

/** Fills a state directory. Instances are stopped ones: what is measured is the API, and no machine boots a thousand for that. */
export async function fillState(directory: string, size: StateSize): Promise<void> {
  const server = await WireServer.ofBox(directory);
  const ec2 = new EC2Client({ endpoint: server.endpoint, region: "us-east-1", credentials: { accessKeyId: "test", secretAccessKey: "secret" } });
  try {
    for (let i = 1; i < size.vpcs; i++) await ec2.send(new CreateVpcCommand({ CidrBlock: `10.${i}.0.0/16`, TagSpecifications: [{ ResourceType: "vpc", Tags: [{ Key: "Name", Value: `bench-${i}` }] }] }));
    if (size.instances > 0) await launchStopped(server, ec2, size.instances);
    await copyGroups(server, ec2, size.groups);
  } finally {
    ec2.destroy();
    await server.close(true);
  }
}

async function copyGroups(server: WireServer, ec2: EC2Client, count: number): Promise<void> {
  const { GroupId } = await ec2.send(new CreateSecurityGroupCommand({ GroupName: "bench-0", Description: "of the benchmark" }));
  server.store.write((tx) => {
    const first = tx.get("security-group", GroupId!)!;
    for (let i = tx.list("security-group", "us-east-1").length; i < count; i++) {
      const digits = i.toString(16).padStart(16, "0");
      tx.put("security-group", { ...first, id: `sg-0${digits}`, index: tx.nextIndex(), name: `bench-${i}`, rules: first.rules.map((rule) => ({ ...rule, id: `sgr-0${digits}` })) });
    }
  });
}

async function launchStopped(server: WireServer, ec2: EC2Client, count: number): Promise<void> {
  const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: "10.250.0.0/16" }));
  const { Subnet } = await ec2.send(new CreateSubnetCommand({ VpcId: Vpc!.VpcId, CidrBlock: "10.250.0.0/16" }));
  const image = server.store.snapshot().list("image", "us-east-1")[0]!.id;
  for (let i = 0; i < count; i += 100)
    await ec2.send(new RunInstancesCommand({
      ImageId: image, InstanceType: "t3.micro", SubnetId: Subnet!.SubnetId, MinCount: 100, MaxCount: 100,
      TagSpecifications: [{ ResourceType: "instance", Tags: [{ Key: "Name", Value: `bench-${i}` }, { Key: "made-by", Value: "bench" }] }],
    }));
  server.store.write((tx) => { for (const instance of tx.list("instance")) tx.put("instance", { ...instance, state: "stopped" }); });
}
