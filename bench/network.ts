// Owns the networks the benchmark compares: the guide's, in a box of its own, and those beside it (hand-made.ts, redirect.ts).

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as ec2 from "@aws-sdk/client-ec2";
import { Box, root } from "../test/support/box.ts";
import { buildNatNetwork, findImage, waitForState, type NatNetwork } from "../test/support/nat-network.ts";
import { buildBareChain, buildRouter, must, type Chain, type HandMade } from "./hand-made.ts";
import { buildRedirect } from "./redirect.ts";

export interface BenchBox {
  readonly box: Box;
  readonly network: NatNetwork;
  readonly firstCallMs: number;
  readonly tools: string; // directory with the compiled load program
  /** Network namespaces by path. */
  readonly client: string;
  readonly gatewayClient: string; // its subnet's way out is a NAT gateway
  readonly internet: string;
  readonly laptop: string;
  readonly bare: Chain;
  readonly router: Chain;
  readonly redirect: Chain;
  remove(): Promise<void>;
}

export async function buildBenchBox(): Promise<BenchBox> {
  const box = new Box();
  try {
    return await build(box);
  } catch (error) {
    await box.remove();
    throw error;
  }
}

async function build(box: Box): Promise<BenchBox> {
  const tools = mkdtempSync(join(tmpdir(), "vpcbox-bench-"));
  await must("clang", "-O2", "-o", join(tools, "connections"), join(root, "bench/connections.c"));
  const started = performance.now();
  await box.up();
  const probe = await fetch(`${box.endpoint}/?Action=DescribeVpcs&Version=2016-11-15`); // refused for want of a signature: an answer
  const firstCallMs = performance.now() - started;
  if (probe.status < 400) throw new Error("an unsigned call was answered");
  const network = await buildNatNetwork(box, await findImage(box, "amzn-ami-vpc-nat-*"));
  for (const [protocol, port, last] of [["tcp", 8080, 8080], ["tcp", 8082, 8084], ["tcp", 5201, 5201], ["udp", 8081, 8081]] as const) {
    const rule = ["--group-id", network.natGroup, "--ip-permissions", `IpProtocol=${protocol},FromPort=${port},ToPort=${last},IpRanges=[{CidrIp=0.0.0.0/0}]`];
    await box.aws("ec2", "authorize-security-group-ingress", ...rule);
    await box.aws("ec2", "authorize-security-group-egress", ...rule);
  }
  const behindGateway = await addNatGateway(box, network);
  const beside: HandMade[] = [], removeBeside = async (): Promise<void> => { for (const chain of beside) await chain.remove(); };
  const keep = (chain: HandMade): HandMade => { beside.push(chain); return chain; };
  let bare: HandMade, router: HandMade, redirect: HandMade;
  try {
    bare = keep(await buildBareChain());
    router = keep(await buildRouter());
    redirect = keep(await buildRedirect(tools));
  } catch (error) {
    await removeBeside();
    throw error;
  }
  const run_ = `/run/vpcbox/${box.name}`;
  return {
    box, network, firstCallMs, tools, bare, router, redirect,
    client: `${run_}/guests/${network.private}/net`,
    gatewayClient: `${run_}/guests/${behindGateway}/net`,
    internet: `${run_}/netns/internet`,
    laptop: `${run_}/netns/laptop`,
    remove: async () => {
      await removeBeside();
      await box.remove();
      rmSync(tools, { recursive: true });
    },
  };
}

/** A second private subnet with an instance, and a NAT gateway for it: as AWS recommends in place of a NAT instance. Answers the instance. */
async function addNatGateway(box: Box, { vpc, publicSubnet, privateGroup }: NatNetwork): Promise<string> {
  const call = box.ec2;
  const subnet = (await call.send(new ec2.CreateSubnetCommand({ VpcId: vpc, CidrBlock: "10.0.2.0/24" }))).Subnet!.SubnetId!;
  const AllocationId = (await call.send(new ec2.AllocateAddressCommand({ Domain: "vpc" }))).AllocationId!;
  const NatGatewayId = (await call.send(new ec2.CreateNatGatewayCommand({ SubnetId: publicSubnet, AllocationId }))).NatGateway!.NatGatewayId!;
  const RouteTableId = (await call.send(new ec2.CreateRouteTableCommand({ VpcId: vpc }))).RouteTable!.RouteTableId!;
  await call.send(new ec2.AssociateRouteTableCommand({ RouteTableId, SubnetId: subnet }));
  await ec2.waitUntilNatGatewayAvailable({ client: call, maxWaitTime: 60, minDelay: 1, maxDelay: 1 }, { NatGatewayIds: [NatGatewayId] });
  await call.send(new ec2.CreateRouteCommand({ RouteTableId, DestinationCidrBlock: "0.0.0.0/0", NatGatewayId }));
  const launched = await call.send(new ec2.RunInstancesCommand({ ImageId: await findImage(box, "al2023-ami-*"), InstanceType: "t3.micro", MinCount: 1, MaxCount: 1, SubnetId: subnet, SecurityGroupIds: [privateGroup] }));
  const instance = launched.Instances![0]!.InstanceId!;
  await waitForState(box, instance, "running");
  return instance;
}
