// Owns the proof that edits disturb nothing they are not about: while a thousand calls change rules, entries, routes, groups and addresses
// on a real box, a flow that may pass loses no packet, and one that must not pass has none through.

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import {
  AllocateAddressCommand, AuthorizeSecurityGroupIngressCommand, CreateNetworkAclEntryCommand, CreateRouteCommand, CreateRouteTableCommand, CreateSecurityGroupCommand, DeleteNetworkAclEntryCommand, DeleteRouteCommand, DescribeInstancesCommand,
  DescribeNetworkAclsCommand, DescribeSubnetsCommand, ModifyNetworkInterfaceAttributeCommand, ReleaseAddressCommand, RevokeSecurityGroupIngressCommand, RunInstancesCommand,
} from "@aws-sdk/client-ec2";
import { Box } from "../support/box.ts";
import { kernelLeftovers } from "../support/kernel-leftovers.ts";
import { findImage, waitForState } from "../support/nat-network.ts";
import { steadyPing } from "../support/steady-ping.ts";

const EDITS = 1000, PROBE_EVERY_S = 0.002;
/** So many packets of each flow meet edits, however slow the machine is at sending them: ping sends a hundred a second when nobody answers. */
const PASSING = 1000, STOPPED = 500;
const box = new Box();
let sender: string, may: { id: string; eni: string; ip: string }, mayNot: typeof may;
let group: string, aside: string, acl: string, table: string;

before(async () => {
  await box.up();
  const { Subnets } = await box.ec2.send(new DescribeSubnetsCommand({}));
  const vpc = Subnets![0]!.VpcId!, image = await findImage(box, "al2023-ami-*");
  const makeGroup = async (name: string): Promise<string> => (await box.ec2.send(new CreateSecurityGroupCommand({ GroupName: name, Description: name, VpcId: vpc }))).GroupId!;
  [group, aside] = [await makeGroup("receivers"), await makeGroup("aside")];
  const launch = async (subnet: number, groups: string[] | undefined): Promise<typeof may> => {
    const { Instances } = await box.ec2.send(new RunInstancesCommand({ ImageId: image, InstanceType: "t3.micro", MinCount: 1, MaxCount: 1, SubnetId: Subnets![subnet]!.SubnetId!, SecurityGroupIds: groups }));
    await waitForState(box, Instances![0]!.InstanceId!, "running");
    const one = (await box.ec2.send(new DescribeInstancesCommand({ InstanceIds: [Instances![0]!.InstanceId!] }))).Reservations![0]!.Instances![0]!;
    return { id: one.InstanceId!, eni: one.NetworkInterfaces![0]!.NetworkInterfaceId!, ip: one.PrivateIpAddress! };
  };
  const from = await launch(0, undefined);
  sender = from.id;
  may = await launch(1, [group]);
  mayNot = await launch(1, [aside]);
  await box.ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId: group, IpProtocol: "icmp", FromPort: 8, ToPort: -1, CidrIp: `${from.ip}/32` }));
  const acls = await box.ec2.send(new DescribeNetworkAclsCommand({ Filters: [{ Name: "default", Values: ["true"] }] }));
  acl = acls.NetworkAcls![0]!.NetworkAclId!;
  table = (await box.ec2.send(new CreateRouteTableCommand({ VpcId: vpc }))).RouteTable!.RouteTableId!;
});
after(async () => {
  await box.remove();
  assert.deepEqual(await kernelLeftovers(box), []);
});

/** The i-th edit and its undoing, none of which is about ICMP from the sender. */
async function editTwice(i: number): Promise<void> {
  const { ec2 } = box, port = 1000 + i;
  switch (i % 5) {
    case 0: case 1: {
      const rule = { GroupId: i % 5 === 0 ? group : aside, IpPermissions: [{ IpProtocol: "tcp", FromPort: port, ToPort: port, IpRanges: [{ CidrIp: i % 2 ? "0.0.0.0/0" : "10.0.0.0/8" }] }] };
      await ec2.send(new AuthorizeSecurityGroupIngressCommand(rule));
      return void await ec2.send(new RevokeSecurityGroupIngressCommand(rule));
    }
    case 2: {
      const entry = { NetworkAclId: acl, RuleNumber: 10 + (i % 50), Egress: i % 2 === 0 };
      await ec2.send(new CreateNetworkAclEntryCommand({ ...entry, Protocol: "6", RuleAction: "deny", CidrBlock: "172.31.0.0/16", PortRange: { From: port, To: port } }));
      return void await ec2.send(new DeleteNetworkAclEntryCommand(entry));
    }
    case 3: {
      const route = { RouteTableId: table, DestinationCidrBlock: `10.${i % 250}.0.0/16` };
      await ec2.send(new CreateRouteCommand({ ...route, NetworkInterfaceId: may.eni }));
      return void await ec2.send(new DeleteRouteCommand(route));
    }
    default: {
      if (i % 2) {
        const { AllocationId } = await ec2.send(new AllocateAddressCommand({ Domain: "vpc" }));
        return void await ec2.send(new ReleaseAddressCommand({ AllocationId }));
      }
      await ec2.send(new ModifyNetworkInterfaceAttributeCommand({ NetworkInterfaceId: may.eni, Groups: [group, aside] }));
      return void await ec2.send(new ModifyNetworkInterfaceAttributeCommand({ NetworkInterfaceId: may.eni, Groups: [group] }));
    }
  }
}

/** Echo requests that the receiver's own kernel has counted. */
async function echoesHeard(): Promise<number> {
  const { stdout } = await box.exec(may.id, "nstat", "-asz", "IcmpInEchos");
  return Number(/IcmpInEchos\s+(\d+)/.exec(stdout)![1]);
}

const packetsStopped = async (): Promise<number> => (await box.drops()).get(`${mayNot.eni} GROUP_INGRESS`) ?? 0;

test("a thousand edits: the steady flow loses no packet, the other has none through", { timeout: 240_000 }, async (t) => {
  const [heardBefore, stoppedBefore] = [await echoesHeard(), await packetsStopped()];
  const flows = await Promise.all([may.ip, mayNot.ip].map((to) => steadyPing(box, sender, to, PROBE_EVERY_S, 230_000)));
  const enough = async (): Promise<boolean> => await echoesHeard() - heardBefore >= PASSING && await packetsStopped() - stoppedBefore >= STOPPED;
  const began = performance.now();
  let edits = 0;
  for (let i = 0; edits < EDITS || !(await enough()); i += 2, edits += 4) await Promise.all([editTwice(i), editTwice(i + 1)]);
  const took = performance.now() - began;
  const [passes, stops] = await Promise.all(flows.map((flow) => flow.end())) as [{ sent: number; received: number }, { sent: number; received: number }];
  t.diagnostic(`${edits} edits in ${Math.round(took)} ms; ${passes.received} of ${passes.sent} packets passed, ${stops.received} of ${stops.sent} of the other flow`);
  assert.ok(passes.sent - passes.received <= 1, "at most the one that was on its way at the end");
  assert.equal(stops.received, 0);
  assert.equal(await packetsStopped() - stoppedBefore, stops.sent, "each of them was stopped, and counted");
});
