// Owns the network of AWS's guide to NAT instances, in a box of its own, for the tests that use and break it: steps 1 to 7 of the guide by the
// SDK. guide-walk.ts does the same by `aws`.

import { after, before } from "node:test";
import assert from "node:assert/strict";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as ec2 from "@aws-sdk/client-ec2";
import { Box, until } from "./box.ts";
import { kernelLeftovers } from "./kernel-leftovers.ts";

export interface NatNetwork {
  readonly vpc: string;
  readonly publicSubnet: string;
  readonly privateSubnet: string;
  readonly gateway: string;
  readonly mainTable: string;
  readonly publicTable: string;
  readonly natGroup: string;
  readonly privateGroup: string;
  readonly keyFile: string;
  readonly nat: string;
  readonly natInterface: string;
  readonly natPublic: string;
  readonly allocation: string;
  readonly private: string;
  readonly privateInterface: string;
  readonly privateAddress: string;
}

/** A box with the guide's network for the tests of a file, up before the first and gone after the last, with nothing left behind. */
export function boxWithNatNetwork(made: (network: NatNetwork, box: Box) => Promise<unknown> | void): Box {
  const box = new Box();
  before(async () => {
    await box.up();
    await made(await buildNatNetwork(box, await findImage(box, "amzn-ami-vpc-nat-*")), box);
  });
  after(async () => {
    await box.remove();
    assert.deepEqual(await kernelLeftovers(box), []);
  });
  return box;
}

export async function findInstance(box: Box, id: string): Promise<ec2.Instance> {
  return (await box.ec2.send(new ec2.DescribeInstancesCommand({ InstanceIds: [id] }))).Reservations![0]!.Instances![0]!;
}
export const instanceState = async (box: Box, id: string): Promise<string> => (await findInstance(box, id)).State!.Name!;

export async function waitForState(box: Box, id: string, state: string): Promise<void> {
  await until(`${id} ${state}`, async () => ((await instanceState(box, id)) === state ? true : undefined));
}

export async function findImage(box: Box, name: string): Promise<string> {
  return (await box.ec2.send(new ec2.DescribeImagesCommand({ Owners: ["amazon"], Filters: [{ Name: "name", Values: [name] }] }))).Images![0]!.ImageId!;
}

const permission = (protocol: string, port: number, cidr: string): ec2.IpPermission => ({ IpProtocol: protocol, FromPort: port, ToPort: port, IpRanges: [{ CidrIp: cidr }] });
const ANYWHERE = "0.0.0.0/0", PUBLIC = "10.0.0.0/24", PRIVATE = "10.0.1.0/24", LAPTOPS = "192.0.2.0/24";

/** @param natImage the image of the NAT instance; made by the caller or the ready one */
export async function buildNatNetwork(box: Box, natImage: string): Promise<NatNetwork> {
  const call = box.ec2;
  const vpc = (await call.send(new ec2.CreateVpcCommand({ CidrBlock: "10.0.0.0/16" }))).Vpc!.VpcId!;
  const subnet = async (CidrBlock: string): Promise<string> => (await call.send(new ec2.CreateSubnetCommand({ VpcId: vpc, CidrBlock }))).Subnet!.SubnetId!;
  const publicSubnet = await subnet(PUBLIC), privateSubnet = await subnet(PRIVATE);
  const gateway = (await call.send(new ec2.CreateInternetGatewayCommand({}))).InternetGateway!.InternetGatewayId!;
  await call.send(new ec2.AttachInternetGatewayCommand({ InternetGatewayId: gateway, VpcId: vpc }));
  const publicTable = (await call.send(new ec2.CreateRouteTableCommand({ VpcId: vpc }))).RouteTable!.RouteTableId!;
  await call.send(new ec2.CreateRouteCommand({ RouteTableId: publicTable, DestinationCidrBlock: ANYWHERE, GatewayId: gateway }));
  await call.send(new ec2.AssociateRouteTableCommand({ RouteTableId: publicTable, SubnetId: publicSubnet }));
  const mainTable = (await call.send(new ec2.DescribeRouteTablesCommand({ Filters: [{ Name: "vpc-id", Values: [vpc] }, { Name: "association.main", Values: ["true"] }] }))).RouteTables![0]!.RouteTableId!;

  const group = async (GroupName: string, Description: string): Promise<string> => (await call.send(new ec2.CreateSecurityGroupCommand({ GroupName, Description, VpcId: vpc }))).GroupId!;
  const natGroup = await group("NATSG", "NAT instance"), privateGroup = await group("private", "private instances");
  await call.send(new ec2.RevokeSecurityGroupEgressCommand({ GroupId: natGroup, IpPermissions: [{ IpProtocol: "-1", IpRanges: [{ CidrIp: ANYWHERE }] }] }));
  const web = (cidr: string): ec2.IpPermission[] => [80, 443].map((port) => permission("tcp", port, cidr));
  await call.send(new ec2.AuthorizeSecurityGroupIngressCommand({ GroupId: natGroup, IpPermissions: [...web(PRIVATE), permission("tcp", 22, LAPTOPS), permission("icmp", -1, PRIVATE)] }));
  await call.send(new ec2.AuthorizeSecurityGroupEgressCommand({ GroupId: natGroup, IpPermissions: [...web(ANYWHERE), permission("tcp", 22, PRIVATE), permission("icmp", -1, ANYWHERE)] }));
  await call.send(new ec2.AuthorizeSecurityGroupIngressCommand({ GroupId: privateGroup, IpPermissions: [permission("tcp", 22, PUBLIC)] }));

  const keyFile = join(box.stateDir, "mykeypair.pem");
  writeFileSync(keyFile, `${(await call.send(new ec2.CreateKeyPairCommand({ KeyName: "mykeypair" }))).KeyMaterial!}\n`);
  chmodSync(keyFile, 0o600);
  const launch = async (ImageId: string, SubnetId: string, SecurityGroupId: string, name: string): Promise<string> => (await call.send(new ec2.RunInstancesCommand({
    ImageId, InstanceType: "t3.micro", MinCount: 1, MaxCount: 1, SubnetId, SecurityGroupIds: [SecurityGroupId], KeyName: "mykeypair", TagSpecifications: [{ ResourceType: "instance", Tags: [{ Key: "Name", Value: name }] }],
  }))).Instances![0]!.InstanceId!;
  const nat = await launch(natImage, publicSubnet, natGroup, "nat");
  const privateInstance = await launch(await findImage(box, "al2023-ami-*"), privateSubnet, privateGroup, "private");
  await call.send(new ec2.ModifyInstanceAttributeCommand({ InstanceId: nat, SourceDestCheck: { Value: false } }));
  await waitForState(box, nat, "running");
  await waitForState(box, privateInstance, "running");
  const allocation = (await call.send(new ec2.AllocateAddressCommand({ Domain: "vpc" }))).AllocationId!;
  await call.send(new ec2.AssociateAddressCommand({ AllocationId: allocation, InstanceId: nat }));
  await call.send(new ec2.CreateRouteCommand({ RouteTableId: mainTable, DestinationCidrBlock: ANYWHERE, InstanceId: nat }));
  await until("the NAT instance has booted and forwards", async () => ((await pings(box, privateInstance, "192.0.2.80")) ? true : undefined)); // a machine that runs may still be booting
  const natNow = await findInstance(box, nat), privateNow = await findInstance(box, privateInstance);
  return {
    vpc, publicSubnet, privateSubnet, gateway, mainTable, publicTable, natGroup, privateGroup, keyFile, nat, allocation,
    natInterface: natNow.NetworkInterfaces![0]!.NetworkInterfaceId!,
    natPublic: natNow.PublicIpAddress!,
    private: privateInstance,
    privateInterface: privateNow.NetworkInterfaces![0]!.NetworkInterfaceId!,
    privateAddress: privateNow.PrivateIpAddress!,
  };
}

/** One ping from inside an instance: did an answer come within a second? */
export async function pings(box: Box, instance: string, target: string): Promise<boolean> {
  return (await box.exec(instance, "ping", "-c", "1", "-W", "1", target)).status === 0;
}
