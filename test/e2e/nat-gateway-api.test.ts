// Owns NAT gateways, addresses, reservations, flow logs and RegisterImage through unmodified clients on a real box: states that come
// true by the reconciler, waiters, idempotency, and two calls at once.

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import {
  AllocateAddressCommand, AssociateNatGatewayAddressCommand, AttachInternetGatewayCommand, CreateFlowLogsCommand, CreateImageCommand, CreateInternetGatewayCommand, CreateNatGatewayCommand, CreateRouteCommand,
  CreateRouteTableCommand, CreateSubnetCidrReservationCommand, CreateSubnetCommand, CreateVpcCommand, DeleteNatGatewayCommand, DeregisterImageCommand, DescribeAddressesAttributeCommand, DescribeAddressesCommand, DescribeFlowLogsCommand,
  DescribeImagesCommand, DescribeNatGatewaysCommand, DescribeNetworkInterfacesCommand, DescribeRouteTablesCommand, DisassociateNatGatewayAddressCommand, ModifyAddressAttributeCommand, RegisterImageCommand,
  ReleaseAddressCommand, RunInstancesCommand, TerminateInstancesCommand, waitUntilImageAvailable, waitUntilInstanceRunning, waitUntilNatGatewayAvailable, waitUntilNatGatewayDeleted,
} from "@aws-sdk/client-ec2";
import { Box } from "../support/box.ts";
import { kernelLeftovers } from "../support/kernel-leftovers.ts";

const box = new Box();
let vpc: string;
let publicSubnet: string;
let privateSubnet: string;
let gateway: string;

const waiting = () => ({ client: box.ec2, minDelay: 1, maxDelay: 1, maxWaitTime: 20 });
const allocate = async (): Promise<string> => (await box.ec2.send(new AllocateAddressCommand({}))).AllocationId!;
const show = async (id: string) => (await box.ec2.send(new DescribeNatGatewaysCommand({ NatGatewayIds: [id] }))).NatGateways![0]!;

before(async () => {
  await box.up("--quota", "elastic-ips-per-region=20");
  vpc = (await box.ec2.send(new CreateVpcCommand({ CidrBlock: "10.0.0.0/16" }))).Vpc!.VpcId!;
  const subnet = async (CidrBlock: string, AvailabilityZone: string): Promise<string> => (await box.ec2.send(new CreateSubnetCommand({ VpcId: vpc, CidrBlock, AvailabilityZone }))).Subnet!.SubnetId!;
  publicSubnet = await subnet("10.0.0.0/24", "us-east-1a");
  privateSubnet = await subnet("10.0.1.0/24", "us-east-1b");
  gateway = (await box.ec2.send(new CreateInternetGatewayCommand({}))).InternetGateway!.InternetGatewayId!;
});
after(async () => {
  await box.remove();
  assert.deepEqual(await kernelLeftovers(box), []);
});

test("a public gateway: failed without an internet gateway, available with it, gone when deleted", async () => {
  const AllocationId = await allocate();
  const failed = (await box.ec2.send(new CreateNatGatewayCommand({ SubnetId: publicSubnet, AllocationId }))).NatGateway!;
  assert.equal(failed.State, "pending");
  const shown = await show(failed.NatGatewayId!);
  assert.deepEqual([shown.State, shown.FailureCode, shown.FailureMessage], ["failed", "Gateway.NotAttached", `Network ${vpc} has no Internet gateway attached`]);
  await box.ec2.send(new AttachInternetGatewayCommand({ InternetGatewayId: gateway, VpcId: vpc }));
  const ClientToken = "once";
  const create = (extra: object = {}) => box.ec2.send(new CreateNatGatewayCommand({ SubnetId: publicSubnet, AllocationId, ClientToken, TagSpecifications: [{ ResourceType: "natgateway", Tags: [{ Key: "Name", Value: "nat" }] }], ...extra }));
  await assert.rejects(create({ DryRun: true }), { name: "DryRunOperation" });
  const [one, two] = await Promise.all([create(), create()]);
  const NatGatewayId = one.NatGateway!.NatGatewayId!;
  assert.equal(two.NatGateway!.NatGatewayId, NatGatewayId, "a token makes one gateway, two calls at once too");
  await assert.rejects(create({ SubnetId: privateSubnet }), { name: "IdempotentParameterMismatch" });
  await waitUntilNatGatewayAvailable(waiting(), { NatGatewayIds: [NatGatewayId] });
  const table = (await box.ec2.send(new CreateRouteTableCommand({ VpcId: vpc }))).RouteTable!.RouteTableId!;
  await box.ec2.send(new CreateRouteCommand({ RouteTableId: table, DestinationCidrBlock: "0.0.0.0/0", NatGatewayId }));
  const stateOf = async () => (await box.ec2.send(new DescribeRouteTablesCommand({ RouteTableIds: [table] }))).RouteTables![0]!.Routes!.find((r) => r.NatGatewayId === NatGatewayId)!.State;
  assert.equal(await stateOf(), "active");
  const [address] = (await box.ec2.send(new DescribeAddressesCommand({ AllocationIds: [AllocationId] }))).Addresses!;
  const [eni] = (await box.ec2.send(new DescribeNetworkInterfacesCommand({ Filters: [{ Name: "attachment.nat-gateway-id", Values: [NatGatewayId] }] }))).NetworkInterfaces!;
  assert.deepEqual([eni!.NetworkInterfaceId, eni!.InterfaceType, eni!.RequesterManaged, eni!.Association!.PublicIp], [address!.NetworkInterfaceId, "nat_gateway", true, address!.PublicIp]);
  await assert.rejects(box.ec2.send(new ReleaseAddressCommand({ AllocationId })), { name: "AuthFailure" });
  const second = await allocate();
  const { NatGatewayAddresses } = await box.ec2.send(new AssociateNatGatewayAddressCommand({ NatGatewayId, AllocationIds: [second] }));
  await box.ec2.send(new DisassociateNatGatewayAddressCommand({ NatGatewayId, AssociationIds: [NatGatewayAddresses![0]!.AssociationId!] }));
  await box.ec2.send(new DeleteNatGatewayCommand({ NatGatewayId }));
  await waitUntilNatGatewayDeleted(waiting(), { NatGatewayIds: [NatGatewayId] });
  assert.equal(await stateOf(), "blackhole");
  for (const id of [AllocationId, second]) await box.ec2.send(new ReleaseAddressCommand({ AllocationId: id }));
});

test("through Debian's aws: waiters, filters and words", async () => {
  const { NatGateway } = await box.aws<{ NatGateway: { NatGatewayId: string; State: string } }>("ec2", "create-nat-gateway", "--subnet-id", privateSubnet, "--connectivity-type", "private", "--tag-specifications", "ResourceType=natgateway,Tags=[{Key=Name,Value=inner}]");
  assert.equal(NatGateway.State, "pending");
  await box.aws("ec2", "wait", "nat-gateway-available", "--nat-gateway-ids", NatGateway.NatGatewayId);
  const { NatGateways } = await box.aws<{ NatGateways: { NatGatewayId: string; ConnectivityType: string }[] }>("ec2", "describe-nat-gateways", "--filter", "Name=tag:Name,Values=inner", "Name=state,Values=available");
  assert.deepEqual(NatGateways.map((g) => [g.NatGatewayId, g.ConnectivityType]), [[NatGateway.NatGatewayId, "private"]]);
  const missing = await box.awsRaw("ec2", "describe-nat-gateways", "--nat-gateway-ids", "nat-00000000000000000");
  assert.match(missing.stderr, /\(NatGatewayNotFound\).*NatGateway nat-00000000000000000 was not found/);
  await box.aws("ec2", "delete-nat-gateway", "--nat-gateway-id", NatGateway.NatGatewayId);
});

test("ten gateways asked for at once are as many as the quota", async () => {
  const results = await Promise.allSettled(Array.from({ length: 10 }, () => box.ec2.send(new CreateNatGatewayCommand({ SubnetId: publicSubnet, ConnectivityType: "private" }))));
  const made = results.flatMap((r) => (r.status === "fulfilled" ? [r.value.NatGateway!.NatGatewayId!] : []));
  assert.equal(made.length, 5);
  for (const r of results) if (r.status === "rejected") assert.match(String(r.reason), /NatGatewayLimitExceeded: Performing this operation would exceed the limit of 5 NAT gateways/);
  assert.equal(new Set((await Promise.all(made.map(show))).map((g) => g.NatGatewayAddresses![0]!.PrivateIp)).size, 5);
  for (const NatGatewayId of made) await box.ec2.send(new DeleteNatGatewayCommand({ NatGatewayId }));
  await waitUntilNatGatewayDeleted(waiting(), { NatGatewayIds: made });
});

test("what was pending when the daemon died is available after it", async () => {
  const { NatGateway } = await box.ec2.send(new CreateNatGatewayCommand({ SubnetId: publicSubnet, ConnectivityType: "private" }));
  process.kill(box.pid, "SIGKILL");
  await box.up("--quota", "elastic-ips-per-region=20");
  await waitUntilNatGatewayAvailable(waiting(), { NatGatewayIds: [NatGateway!.NatGatewayId!] });
  await box.ec2.send(new DeleteNatGatewayCommand({ NatGatewayId: NatGateway!.NatGatewayId! }));
});

test("reverse names, reservations and flow logs as clients see them", async () => {
  const AllocationId = await allocate();
  await box.ec2.send(new ModifyAddressAttributeCommand({ AllocationId, DomainName: "nat.example.com" }));
  assert.equal((await box.ec2.send(new DescribeAddressesAttributeCommand({ AllocationIds: [AllocationId], Attribute: "domain-name" }))).Addresses![0]!.PtrRecord, "nat.example.com.");
  const { SubnetCidrReservation } = await box.ec2.send(new CreateSubnetCidrReservationCommand({ SubnetId: privateSubnet, Cidr: "10.0.1.128/25", ReservationType: "explicit" }));
  const reserved = await box.aws<{ SubnetIpv4CidrReservations: { SubnetCidrReservationId: string }[] }>("ec2", "get-subnet-cidr-reservations", "--subnet-id", privateSubnet);
  assert.deepEqual(reserved.SubnetIpv4CidrReservations.map((r) => r.SubnetCidrReservationId), [SubnetCidrReservation!.SubnetCidrReservationId]);
  const flowLog = () => box.ec2.send(new CreateFlowLogsCommand({ ResourceType: "VPC", ResourceIds: [vpc], TrafficType: "ALL", LogDestinationType: "s3", LogDestination: "arn:aws:s3:::logs", LogFormat: "${srcaddr} ${dstaddr} ${action}" }));
  const { FlowLogIds } = await flowLog();
  await assert.rejects(flowLog(), { name: "FlowLogAlreadyExists" });
  const { FlowLogs: [shown] } = await box.ec2.send(new DescribeFlowLogsCommand({ FlowLogIds: FlowLogIds! })) as { FlowLogs: { LogFormat?: string; CreationTime?: Date }[] };
  assert.equal(shown!.LogFormat, "${srcaddr} ${dstaddr} ${action}");
  assert.ok(shown!.CreationTime instanceof Date);
  await box.aws("ec2", "delete-flow-logs", "--flow-log-ids", FlowLogIds![0]!);
});

test("an image registered from the snapshot of one that is gone boots with what that one held", async () => {
  const base = (await box.ec2.send(new DescribeImagesCommand({ Owners: ["amazon"], Filters: [{ Name: "name", Values: ["al2023-*"] }] }))).Images![0]!.ImageId!;
  const launch = async (ImageId: string): Promise<string> => {
    const id = (await box.ec2.send(new RunInstancesCommand({ ImageId, InstanceType: "t3.micro", SubnetId: privateSubnet, MinCount: 1, MaxCount: 1 }))).Instances![0]!.InstanceId!;
    await waitUntilInstanceRunning(waiting(), { InstanceIds: [id] });
    return id;
  };
  const source = await launch(base);
  assert.equal((await box.exec(source, "sh", "-c", "echo kept > /root/kept")).status, 0);
  const image = (await box.ec2.send(new CreateImageCommand({ InstanceId: source, Name: "first", NoReboot: true }))).ImageId!;
  await waitUntilImageAvailable(waiting(), { ImageIds: [image] });
  const SnapshotId = (await box.ec2.send(new DescribeImagesCommand({ ImageIds: [image] }))).Images![0]!.BlockDeviceMappings![0]!.Ebs!.SnapshotId!;
  await box.ec2.send(new DeregisterImageCommand({ ImageId: image }));
  const again = (await box.ec2.send(new RegisterImageCommand({ Name: "second", RootDeviceName: "/dev/xvda", VirtualizationType: "hvm", BlockDeviceMappings: [{ DeviceName: "/dev/xvda", Ebs: { SnapshotId } }] }))).ImageId!;
  const copy = await launch(again);
  assert.equal((await box.exec(copy, "cat", "/root/kept")).stdout, "kept\n");
  await box.ec2.send(new TerminateInstancesCommand({ InstanceIds: [source, copy] }));
});
