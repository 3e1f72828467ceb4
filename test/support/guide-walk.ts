// Owns the walk of AWS's guide to NAT instances with Debian's `aws`, step by step, for the tests in which `aws` is the point. Others take the
// same network from nat-network.ts, which is quicker.

import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Box } from "./box.ts";
import { findImage, waitForState, type NatNetwork } from "./nat-network.ts";

const query = async (box: Box, expression: string, ...args: string[]): Promise<string> => {
  const result = await box.awsRaw(...args, "--query", expression, "--output", "text");
  if (result.status !== 0) throw new Error(`aws ${args.join(" ")}: ${result.stderr.trim()}`);
  return result.stdout.trim();
};

/** Steps 1 to 7 of the guide. @param natImage the image of the NAT instance; made by the caller or the ready one. */
export async function walkGuide(box: Box, natImage: string): Promise<NatNetwork> {
  const q = (expression: string, ...args: string[]): Promise<string> => query(box, expression, "ec2", ...args);
  const vpc = await q("Vpc.VpcId", "create-vpc", "--cidr-block", "10.0.0.0/16");
  const publicSubnet = await q("Subnet.SubnetId", "create-subnet", "--vpc-id", vpc, "--cidr-block", "10.0.0.0/24");
  const privateSubnet = await q("Subnet.SubnetId", "create-subnet", "--vpc-id", vpc, "--cidr-block", "10.0.1.0/24");
  const gateway = await q("InternetGateway.InternetGatewayId", "create-internet-gateway");
  await box.aws("ec2", "attach-internet-gateway", "--internet-gateway-id", gateway, "--vpc-id", vpc);
  const publicTable = await q("RouteTable.RouteTableId", "create-route-table", "--vpc-id", vpc);
  await box.aws("ec2", "create-route", "--route-table-id", publicTable, "--destination-cidr-block", "0.0.0.0/0", "--gateway-id", gateway);
  await box.aws("ec2", "associate-route-table", "--route-table-id", publicTable, "--subnet-id", publicSubnet);
  const mainTable = await q("RouteTables[0].RouteTableId", "describe-route-tables", "--filters", `Name=vpc-id,Values=${vpc}`, "Name=association.main,Values=true");

  const natGroup = await q("GroupId", "create-security-group", "--group-name", "NATSG", "--description", "NAT instance", "--vpc-id", vpc);
  const allow = (direction: "ingress" | "egress", group: string, permission: string): Promise<unknown> =>
    box.aws("ec2", `authorize-security-group-${direction}`, "--group-id", group, "--ip-permissions", permission);
  await box.aws("ec2", "revoke-security-group-egress", "--group-id", natGroup, "--ip-permissions", "IpProtocol=-1,IpRanges=[{CidrIp=0.0.0.0/0}]");
  for (const port of [80, 443]) {
    await allow("ingress", natGroup, `IpProtocol=tcp,FromPort=${port},ToPort=${port},IpRanges=[{CidrIp=10.0.1.0/24}]`);
    await allow("egress", natGroup, `IpProtocol=tcp,FromPort=${port},ToPort=${port},IpRanges=[{CidrIp=0.0.0.0/0}]`);
  }
  await allow("ingress", natGroup, "IpProtocol=tcp,FromPort=22,ToPort=22,IpRanges=[{CidrIp=192.0.2.0/24}]");
  await allow("ingress", natGroup, "IpProtocol=icmp,FromPort=-1,ToPort=-1,IpRanges=[{CidrIp=10.0.1.0/24}]");
  await allow("egress", natGroup, "IpProtocol=tcp,FromPort=22,ToPort=22,IpRanges=[{CidrIp=10.0.1.0/24}]");
  await allow("egress", natGroup, "IpProtocol=icmp,FromPort=-1,ToPort=-1,IpRanges=[{CidrIp=0.0.0.0/0}]");
  const privateGroup = await q("GroupId", "create-security-group", "--group-name", "private", "--description", "private instances", "--vpc-id", vpc);
  await allow("ingress", privateGroup, "IpProtocol=tcp,FromPort=22,ToPort=22,IpRanges=[{CidrIp=10.0.0.0/24}]");

  const keyFile = join(box.stateDir, "mykeypair.pem");
  writeFileSync(keyFile, `${await q("KeyMaterial", "create-key-pair", "--key-name", "mykeypair")}\n`);
  chmodSync(keyFile, 0o600);
  const launch = (image: string, subnet: string, group: string, name: string): Promise<string> =>
    q("Instances[0].InstanceId", "run-instances", "--image-id", image, "--instance-type", "t3.micro", "--subnet-id", subnet, "--security-group-ids", group,
      "--key-name", "mykeypair", "--tag-specifications", `ResourceType=instance,Tags=[{Key=Name,Value=${name}}]`);
  const baseImage = await findImage(box, "al2023-ami-*");
  const nat = await launch(natImage, publicSubnet, natGroup, "nat");
  const privateInstance = await launch(baseImage, privateSubnet, privateGroup, "private");
  await box.aws("ec2", "modify-instance-attribute", "--instance-id", nat, "--no-source-dest-check");
  await waitForState(box, nat, "running");
  await waitForState(box, privateInstance, "running");
  const allocation = await q("AllocationId", "allocate-address", "--domain", "vpc");
  await box.aws("ec2", "associate-address", "--allocation-id", allocation, "--instance-id", nat);
  await box.aws("ec2", "create-route", "--route-table-id", mainTable, "--destination-cidr-block", "0.0.0.0/0", "--instance-id", nat);
  const interfaceOf = (id: string): Promise<string> => q("Reservations[0].Instances[0].NetworkInterfaces[0].NetworkInterfaceId", "describe-instances", "--instance-ids", id);
  return {
    vpc, publicSubnet, privateSubnet, gateway, mainTable, publicTable, natGroup, privateGroup, keyFile, nat, allocation,
    natInterface: await interfaceOf(nat),
    natPublic: await q("Reservations[0].Instances[0].PublicIpAddress", "describe-instances", "--instance-ids", nat),
    private: privateInstance,
    privateInterface: await interfaceOf(privateInstance),
    privateAddress: await q("Reservations[0].Instances[0].PrivateIpAddress", "describe-instances", "--instance-ids", privateInstance),
  };
}
