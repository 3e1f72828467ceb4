// Owns the guide's network made by the API's own operations in memory, for the tests of what the API says about ways through it; and the
// daemon's part: doing the analyses that were started.

import { ensureImages } from "../../src/ec2/image/base-images.ts";
import { attachInternetGateway } from "../../src/ec2/internet-gateway/attach-internet-gateway.ts";
import { createInternetGateway } from "../../src/ec2/internet-gateway/create-internet-gateway.ts";
import { modifyInstanceAttribute } from "../../src/ec2/instance/modify-instance-attribute.ts";
import { runInstances } from "../../src/ec2/instance/run-instances.ts";
import { associateRouteTable } from "../../src/ec2/route-table/associate-route-table.ts";
import { createRoute } from "../../src/ec2/route-table/create-route.ts";
import { createRouteTable } from "../../src/ec2/route-table/create-route-table.ts";
import { authorizeSecurityGroupIngress } from "../../src/ec2/security-group/authorize-security-group-ingress.ts";
import { createSecurityGroup } from "../../src/ec2/security-group/create-security-group.ts";
import { createSubnet } from "../../src/ec2/subnet/create-subnet.ts";
import { createVpc } from "../../src/ec2/vpc/create-vpc.ts";
import { openInsights } from "../../src/insights.ts";
import { mainRouteTable } from "../../src/model/routing.ts";
import type { Snapshot } from "../../src/model/snapshot.ts";
import type { GuestFacts } from "../../src/reach/guest.ts";
import { boot, memoryContext, type MemoryContext } from "./memory-context.ts";

export interface InsightsNetwork {
  readonly ctx: MemoryContext;
  readonly vpc: string;
  readonly publicSubnet: string;
  readonly privateSubnet: string;
  readonly gateway: string;
  readonly mainTable: string;
  readonly publicTable: string;
  readonly natGroup: string;
  readonly privateGroup: string;
  readonly nat: string;
  readonly natInterface: string;
  readonly natPublic: string;
  readonly private: string;
  readonly privateInterface: string;
}

export async function insightsNetwork(options: { quotas?: Record<string, number> } = {}): Promise<InsightsNetwork> {
  const ctx = memoryContext(options);
  ctx.write((tx) => ensureImages(tx, ctx.region, { now: ctx.now(), newId: ctx.newId, architecture: ctx.architecture }));
  const vpc = (await createVpc({ CidrBlock: "10.0.0.0/16" }, ctx)).Vpc!.VpcId!;
  const subnet = async (CidrBlock: string): Promise<string> => (await createSubnet({ VpcId: vpc, CidrBlock }, ctx)).Subnet!.SubnetId!;
  const [publicSubnet, privateSubnet] = [await subnet("10.0.0.0/24"), await subnet("10.0.1.0/24")];
  const gateway = (await createInternetGateway({}, ctx)).InternetGateway!.InternetGatewayId!;
  await attachInternetGateway({ InternetGatewayId: gateway, VpcId: vpc }, ctx);
  const publicTable = (await createRouteTable({ VpcId: vpc }, ctx)).RouteTable!.RouteTableId!;
  await createRoute({ RouteTableId: publicTable, DestinationCidrBlock: "0.0.0.0/0", GatewayId: gateway }, ctx);
  await associateRouteTable({ RouteTableId: publicTable, SubnetId: publicSubnet }, ctx);
  const group = async (GroupName: string): Promise<string> => (await createSecurityGroup({ GroupName, Description: GroupName, VpcId: vpc }, ctx)).GroupId!;
  const [natGroup, privateGroup] = [await group("NATSG"), await group("private")];
  const allow = (GroupId: string, port: number, CidrIp: string): unknown => authorizeSecurityGroupIngress({ GroupId, IpPermissions: [{ IpProtocol: "tcp", FromPort: port, ToPort: port, IpRanges: [{ CidrIp }] }] }, ctx);
  await allow(natGroup, 80, "10.0.1.0/24");
  await allow(natGroup, 22, "0.0.0.0/0");
  await allow(privateGroup, 22, "10.0.0.0/24");
  const ImageId = ctx.snapshot().list("image", ctx.region)[0]!.id;
  const launch = async (SubnetId: string, Groups: string[], AssociatePublicIpAddress: boolean, name: string) => (await runInstances({
    ImageId, MinCount: 1, MaxCount: 1, InstanceType: "t3.micro", NetworkInterfaces: [{ DeviceIndex: 0, SubnetId, Groups, AssociatePublicIpAddress }], TagSpecifications: [{ ResourceType: "instance", Tags: [{ Key: "Name", Value: name }] }],
  }, ctx)).Instances![0]!;
  const nat = await launch(publicSubnet, [natGroup], true, "nat"), inside = await launch(privateSubnet, [privateGroup], false, "private");
  boot(ctx, nat.InstanceId!, inside.InstanceId!);
  await modifyInstanceAttribute({ InstanceId: nat.InstanceId!, SourceDestCheck: { Value: false } }, ctx);
  const mainTable = mainRouteTable(ctx.snapshot(), ctx.region, vpc).id;
  await createRoute({ RouteTableId: mainTable, DestinationCidrBlock: "0.0.0.0/0", InstanceId: nat.InstanceId! }, ctx);
  const natInterface = nat.NetworkInterfaces![0]!.NetworkInterfaceId!;
  return {
    ctx, vpc, publicSubnet, privateSubnet, gateway, mainTable, publicTable, natGroup, privateGroup, nat: nat.InstanceId!, natInterface, private: inside.InstanceId!, privateInterface: inside.NetworkInterfaces![0]!.NetworkInterfaceId!,
    natPublic: ctx.snapshot().get("network-interface", natInterface)!.privateAddresses[0]!.publicIp!,
  };
}

export type Facts = (snapshot: Snapshot, instanceId: string) => GuestFacts;

/** Instances with sshd; those named forward and translate what they send on. */
export const factsOf = (...translating: string[]): Facts => (snapshot, instanceId) => {
  const eni = snapshot.list("network-interface").find((one) => one.attachment?.instanceId === instanceId)!;
  const address = eni.privateAddresses[0]!.address;
  const subnet = snapshot.get("subnet", eni.subnetId)!.cidrBlock;
  const nat = translating.includes(instanceId);
  const route = (table: string, type: string, destination: string, more: object = {}) => ({ table, type, destination, device: "eth0", metric: 0, ...more });
  return {
    instanceId, ipForward: true, echoIgnored: false,
    devices: [{ name: "eth0", mac: eni.macAddress, up: true, addresses: [{ address, prefixLength: 24 }], reversePathFilter: 0, forwarding: true }],
    routes: [route("main", "unicast", "0.0.0.0/0", { gateway: subnet.replace(/0\/\d+$/, "1") }), route("main", "unicast", subnet, { source: address }), route("local", "local", `${address}/32`)],
    rules: [{ priority: 0, from: "all", table: "local" }, { priority: 32766, from: "all", table: "main" }],
    iptables: nat ? "*nat\n:PREROUTING ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n-A POSTROUTING -o eth0 -j MASQUERADE\nCOMMIT\n" : "", nftables: undefined,
    listeners: [{ protocol: "tcp", address: "0.0.0.0", port: 22 }], conntrack: { count: 0, max: 65536 },
  };
};

/** What the daemon does with analyses that were started, to their end. */
export async function doAnalyses(ctx: MemoryContext, facts: Facts): Promise<void> {
  let poke: () => void = () => undefined;
  const jobs = openInsights({
    accountId: ctx.accountId, snapshot: () => ctx.snapshot(), write: (fn) => { ctx.write(fn); }, poke: () => poke(), readFacts: async (id) => facts(ctx.snapshot(), id),
  });
  const isDone = (): boolean => [...ctx.snapshot().list("network-insights-analysis"), ...ctx.snapshot().list("network-insights-access-scope-analysis")].every((a) => a.status !== "running");
  await new Promise<void>((resolve) => {
    poke = () => { if (isDone()) resolve(); else jobs.settle(ctx.snapshot()); };
    poke();
  });
}
