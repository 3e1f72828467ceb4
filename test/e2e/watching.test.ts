// Owns `vpcbox drops --follow` and `vpcbox capture` on a real box: each drop is named with the rule, entry or route that did it; a capture has
// both directions, and what was dropped after it was sent. Several watch at once; whoever has enough ends cleanly.

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  CreateNetworkAclCommand, CreateNetworkAclEntryCommand, CreateRouteCommand, CreateSecurityGroupCommand, DeleteRouteCommand, DescribeInstancesCommand, DescribeNetworkAclsCommand, DescribeRouteTablesCommand, DescribeSubnetsCommand,
  ReplaceNetworkAclAssociationCommand, RevokeSecurityGroupEgressCommand, AuthorizeSecurityGroupEgressCommand, AuthorizeSecurityGroupIngressCommand, RunInstancesCommand, StopInstancesCommand, type Instance,
} from "@aws-sdk/client-ec2";
import { Box, cli, run, until } from "../support/box.ts";
import { read } from "../support/frames.ts";
import { kernelLeftovers } from "../support/kernel-leftovers.ts";
import { findImage, waitForState } from "../support/nat-network.ts";

interface Line { readonly time: string; readonly interface: string; readonly instance: string; readonly name: string; readonly direction: string; readonly reason: string; readonly packet: Record<string, unknown>; readonly because: string; readonly by: Record<string, unknown>; readonly lost?: number }

const box = new Box();
const children = new Set<ChildProcess>();
let a: Instance, b: Instance; // a and b in one subnet, c in another
let c: Instance;
let groupA: string, groupB: string;
const eniOf = (i: Instance): string => i.NetworkInterfaces![0]!.NetworkInterfaceId!;

/** A command that goes on until it is told to end. */
class Running {
  readonly child: ChildProcess;
  readonly exited: Promise<readonly [number | null, string | null]>;
  bytes = Buffer.alloc(0);
  stderr = "";
  constructor(...args: string[]) {
    this.child = spawn(cli, ["--box", box.name, ...args], { stdio: ["ignore", "pipe", "pipe"] });
    children.add(this.child);
    this.child.stdout!.on("data", (more: Buffer) => { this.bytes = Buffer.concat([this.bytes, more]); });
    this.child.stderr!.on("data", (more: Buffer) => { this.stderr += more.toString(); });
    this.exited = once(this.child, "close").then(([code, signal]: unknown[]) => [code as number | null, signal as string | null] as const);
  }
  get lines(): Line[] { return this.bytes.toString().split("\n").slice(0, -1).map((line) => JSON.parse(line) as Line); }
  line(what: string, matches: (line: Line) => boolean): Promise<Line> { return until(`a line about ${what}: ${this.bytes.toString()} ${this.stderr}`, async () => this.lines.find(matches)); }
  async end(): Promise<void> {
    this.child.kill("SIGINT");
    assert.deepEqual(await this.exited, [0, null], this.stderr);
  }
}
/** A follower that is there: it has seen a drop that was made for it (nothing answers at an unused address). */
async function followed(...args: string[]): Promise<Running> {
  const running = new Running("drops", "--follow", "--json", ...args);
  await until("the follower sees drops", async () => {
    await ping(a, "172.31.255.250");
    return running.lines.length > 0 ? true : undefined;
  });
  return running;
}
const ping = async (from: Instance, to: string): Promise<boolean> => (await box.exec(from.InstanceId!, "ping", "-n", "-c", "1", "-W", "0.3", to)).status === 0;

before(async () => {
  await box.up();
  const { Subnets } = await box.ec2.send(new DescribeSubnetsCommand({}));
  const [near, far] = [Subnets![0]!, Subnets![1]!];
  const group = async (name: string): Promise<string> => (await box.ec2.send(new CreateSecurityGroupCommand({ GroupName: name, Description: name, VpcId: near.VpcId! }))).GroupId!;
  [groupA, groupB] = [await group("senders"), await group("receivers")];
  const image = await findImage(box, "al2023-ami-*");
  const launch = async (name: string, subnet: string, groupId: string): Promise<string> => {
    const { Instances } = await box.ec2.send(new RunInstancesCommand({ ImageId: image, InstanceType: "t3.micro", MinCount: 1, MaxCount: 1, SubnetId: subnet, SecurityGroupIds: [groupId], TagSpecifications: [{ ResourceType: "instance", Tags: [{ Key: "Name", Value: name }] }] }));
    return Instances![0]!.InstanceId!;
  };
  const ids = [await launch("a", near.SubnetId!, groupA), await launch("b", near.SubnetId!, groupB), await launch("c", far.SubnetId!, groupB)];
  for (const id of ids) await waitForState(box, id, "running");
  const { Reservations } = await box.ec2.send(new DescribeInstancesCommand({ InstanceIds: ids }));
  const all = Reservations!.flatMap((r) => r.Instances!);
  [a, b, c] = ids.map((id) => all.find((i) => i.InstanceId === id)!) as [Instance, Instance, Instance];
});
after(async () => {
  for (const child of children) child.kill("SIGKILL");
  await box.remove();
  assert.deepEqual(await kernelLeftovers(box), []);
});

test("a group without a rule, a denying entry, a route: each drop is named with what did it, and the packet", { timeout: 60_000 }, async () => {
  const drops = await followed();
  await ping(a, b.PrivateIpAddress!);
  const group = await drops.line("the group", (l) => l.reason === "GROUP_INGRESS" && l.interface === eniOf(b));
  assert.deepEqual([group.instance, group.name, group.direction, group.by], [b.InstanceId, "b", "ingress", { securityGroups: [groupB] }]);
  assert.match(group.because, new RegExp(`no ingress rule of ${groupB} \\(receivers\\)`));
  assert.partialDeepStrictEqual(group.packet, { source: a.PrivateIpAddress, destination: b.PrivateIpAddress, protocol: "icmp", icmpType: 8, length: 84 });
  assert.ok(Math.abs(Date.parse(group.time) - Date.now()) < 10_000 && /\.\d{6}Z$/.test(group.time), group.time);

  await box.exec(a.InstanceId!, "timeout", "1", "bash", "-c", `echo > /dev/tcp/${b.PrivateIpAddress}/8080`);
  const syn = await drops.line("the SYN", (l) => l.packet.protocol === "tcp" && l.interface === eniOf(b));
  assert.partialDeepStrictEqual(syn.packet, { destinationPort: 8080, flags: ["SYN"] });

  const { NetworkAcls } = await box.ec2.send(new DescribeNetworkAclsCommand({ Filters: [{ Name: "association.subnet-id", Values: [c.SubnetId!] }] }));
  const association = NetworkAcls![0]!.Associations!.find((one) => one.SubnetId === c.SubnetId)!.NetworkAclAssociationId!;
  const acl = (await box.ec2.send(new CreateNetworkAclCommand({ VpcId: c.VpcId! }))).NetworkAcl!.NetworkAclId!;
  await box.ec2.send(new CreateNetworkAclEntryCommand({ NetworkAclId: acl, RuleNumber: 90, Protocol: "1", RuleAction: "deny", Egress: false, CidrBlock: `${a.PrivateIpAddress}/32`, IcmpTypeCode: { Type: -1, Code: -1 } }));
  await box.ec2.send(new ReplaceNetworkAclAssociationCommand({ AssociationId: association, NetworkAclId: acl }));
  await ping(a, c.PrivateIpAddress!);
  const entry = await drops.line("the entry", (l) => l.reason === "ACL_INGRESS");
  assert.deepEqual([entry.interface, entry.by], [eniOf(c), { networkAcl: acl, subnet: c.SubnetId, ruleNumber: 90 }]);
  await box.exec(a.InstanceId!, "timeout", "1", "bash", "-c", `echo x > /dev/udp/${c.PrivateIpAddress}/53`);
  assert.equal((await drops.line("the last entry", (l) => l.reason === "ACL_INGRESS" && l.packet.protocol === "udp")).by.ruleNumber, "*");

  const table = (await box.ec2.send(new DescribeRouteTablesCommand({ Filters: [{ Name: "vpc-id", Values: [a.VpcId!] }] }))).RouteTables![0]!.RouteTableId!;
  await box.ec2.send(new DeleteRouteCommand({ RouteTableId: table, DestinationCidrBlock: "0.0.0.0/0" }));
  await ping(a, "192.0.2.80");
  const route = await drops.line("the route", (l) => l.reason === "NO_ROUTE");
  assert.deepEqual([route.interface, route.direction, route.by], [eniOf(a), "egress", { routeTable: table }]);
  await box.ec2.send(new CreateRouteCommand({ RouteTableId: table, DestinationCidrBlock: "192.0.2.0/24", NetworkInterfaceId: eniOf(b) }));
  await ping(a, "192.0.2.80");
  assert.match((await drops.line("the check", (l) => l.reason === "DESTINATION_CHECK")).because, new RegExp(`source/destination check of ${eniOf(b)} is on`));
  await drops.end();
});

test("two follow at once, one of them one instance; --follow for people is a line; counters name the instance", { timeout: 60_000 }, async () => {
  const [everywhere, atB] = [await followed(), new Running("drops", "b", "--follow")];
  await until("b's follower sees it", async () => { await ping(a, b.PrivateIpAddress!); return atB.bytes.length > 0 ? true : undefined; });
  assert.match(atB.bytes.toString(), new RegExp(`^\\d\\d:\\d\\d:\\d\\d\\.\\d{6} ${eniOf(b)} \\(b\\) in  GROUP_INGRESS  ${a.PrivateIpAddress} > ${b.PrivateIpAddress} icmp echo request id \\d+ 84 bytes  by no ingress rule of ${groupB} \\(receivers\\) allows it\n`));
  await everywhere.line("b", (l) => l.interface === eniOf(b));
  assert.ok(!atB.bytes.toString().includes(eniOf(a)));
  await Promise.all([everywhere.end(), atB.end()]);
  const { drops } = JSON.parse((await box.vpcbox("drops", "b", "--json")).stdout) as { drops: { interface: string; instance: string; name: string; packets: number }[] };
  assert.ok(drops.length > 0 && drops.every((d) => d.interface === eniOf(b) && d.instance === b.InstanceId && d.name === "b"));
  assert.match((await box.vpcbox("drops")).stdout, new RegExp(`${eniOf(b)} +${b.InstanceId} +b +GROUP_INGRESS +\\d+ +\\d+\n`));
});

test("a flood is shown in part, the rest counted as lost, and hides no drop elsewhere", { timeout: 60_000 }, async () => {
  const drops = await followed();
  const flood = box.exec(a.InstanceId!, "bash", "-c", `for i in {1..6000}; do echo > /dev/udp/${b.PrivateIpAddress}/9; done`);
  await until("some are lost", async () => { await ping(c, a.PrivateIpAddress!); return drops.lines.some((l) => (l.lost ?? 0) > 0) ? true : undefined; });
  await drops.line("c's", (l) => l.interface === eniOf(c) && l.reason === "ACL_EGRESS");
  await flood;
  drops.child.kill("SIGINT");
  await drops.exited;
  assert.match(drops.stderr, /^\d+ shown, \d+ more dropped too quickly to be shown\n$/);
});

/** Records of a pcap file. */
function records(file: Buffer): { readonly ns: bigint; readonly length: number; readonly bytes: Buffer }[] {
  assert.deepEqual([file.readUInt32LE(0).toString(16), file.readUInt32LE(20)], ["a1b23c4d", 1]);
  const found = [];
  for (let at = 24; at < file.length;) {
    const [seconds, ns, kept, length] = [0, 4, 8, 12].map((i) => file.readUInt32LE(at + i)) as [number, number, number, number];
    found.push({ ns: BigInt(seconds) * 1_000_000_000n + BigInt(ns), length, bytes: file.subarray(at + 16, at + 16 + kept) });
    at += 16 + kept;
  }
  return found;
}

test("capture: both directions, in order, also what is dropped after it was sent; --count ends it", { timeout: 60_000 }, async () => {
  await box.ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId: groupB, IpProtocol: "icmp", FromPort: -1, ToPort: -1, CidrIp: "0.0.0.0/0" }));
  const file = join(box.stateDir, "a.pcap"), capture = new Running("capture", "a", "-w", file, "-c", "400", "-s", "200");
  await until("the file is there", async () => (existsSync(file) ? true : undefined));
  assert.equal(await ping(a, b.PrivateIpAddress!), true);
  await box.ec2.send(new RevokeSecurityGroupEgressCommand({ GroupId: groupA, IpPermissions: [{ IpProtocol: "-1", IpRanges: [{ CidrIp: "0.0.0.0/0" }] }] }));
  assert.equal(await ping(a, b.PrivateIpAddress!), false);
  const echoes = () => records(readFileSync(file)).filter((r) => r.bytes.readUInt16BE(12) === 0x0800).map((r) => read(r.bytes)).filter((p) => p.protocol === 1).map((p) => `${p.from} ${p.to} ${p.type}`);
  const [there, back] = [`${a.PrivateIpAddress} ${b.PrivateIpAddress} 8`, `${b.PrivateIpAddress} ${a.PrivateIpAddress} 0`];
  await until("request, answer, and the request that was stopped", async () => (echoes().length >= 3 ? true : undefined));
  assert.deepEqual(echoes(), [there, back, there]);
  await box.ec2.send(new AuthorizeSecurityGroupEgressCommand({ GroupId: groupA, IpPermissions: [{ IpProtocol: "-1", IpRanges: [{ CidrIp: "0.0.0.0/0" }] }] }));
  await box.exec(a.InstanceId!, "ping", "-n", "-q", "-i", "0.002", "-c", "300", "-s", "1000", b.PrivateIpAddress!);
  assert.deepEqual(await capture.exited, [0, null]);
  const all = records(readFileSync(file));
  assert.equal(all.length, 400);
  assert.equal(capture.stderr, "400 frames captured\n");
  assert.ok(all.every((r, i) => i === 0 || r.ns >= all[i - 1]!.ns), "in order of time");
  assert.ok(all.some((r) => r.length === 1042) && all.every((r) => r.bytes.length === Math.min(r.length, 200)), "cut at the snap length");
});

test("capture: into a pipe, frame by frame; its reader's end is its end; Ctrl-C and --seconds end it cleanly", { timeout: 60_000 }, async () => {
  const capture = new Running("capture", eniOf(b), "-w", "-");
  await until("the header", async () => (capture.bytes.length >= 24 ? true : undefined));
  await ping(a, b.PrivateIpAddress!);
  await until("two frames while it goes on", async () => (records(capture.bytes).length >= 2 ? true : undefined));
  await capture.end();
  assert.match(capture.stderr, /^\d+ frames captured\n$/);
  const ended = await run("bash", ["-c", `set -o pipefail; ${cli} --box ${box.name} capture b -w - --seconds 0.5 | wc -c`]);
  assert.deepEqual([ended.status, Number(ended.stdout) >= 24], [0, true], ended.stderr);
  const broken = run("bash", ["-c", `${cli} --box ${box.name} capture b -w - | head -c 100 > /dev/null; echo \${PIPESTATUS[0]}`]);
  let done = false;
  void broken.then(() => { done = true; });
  await until("it ends with its reader", async () => { await ping(a, b.PrivateIpAddress!); return done ? true : undefined; });
  assert.deepEqual(await broken, { status: 0, stdout: "0\n", stderr: "" });
});

test("wrong names and wrong numbers are one line", async () => {
  for (const [args, status, words] of [
    [["drops", "--follow", "eni-00000000000000000"], 1, /there is no network interface eni-0/], [["drops", "nobody"], 1, /there is no instance "nobody"/], [["capture", "nobody", "-w", "/tmp/x"], 1, /there is no instance/],
    [["capture", "a"], 2, /required option '-w/], [["capture", "a", "-w", "-", "-c", "0"], 2, /whole number from 1/], [["capture", "a", "-w", "/nowhere/x.pcap"], 1, /\/nowhere\/x.pcap/],
  ] as [string[], number, RegExp][]) {
    const result = await box.vpcbox(...args);
    assert.deepEqual([result.status, result.stdout], [status, ""], args.join(" "));
    assert.match(result.stderr, words);
    assert.match(result.stderr, /^vpcbox: [^\n]+\n$/);
  }
});

test("it ends when its interface goes, and when the box does; a killed daemon is one line", { timeout: 120_000 }, async () => {
  const gone = new Running("capture", "c", "-w", "-");
  await until("the header", async () => (gone.bytes.length >= 24 ? true : undefined));
  await box.ec2.send(new StopInstancesCommand({ InstanceIds: [c.InstanceId!] }));
  assert.deepEqual(await gone.exited, [0, null]);
  assert.match(gone.stderr, /frames captured; the interface is gone\n$/);
  assert.match((await box.vpcbox("capture", "c", "-w", "-")).stderr, /^vpcbox: c has no network interface in the network now; start its instance first\n$/);
  const follower = await followed();
  process.kill(box.pid, "SIGKILL");
  assert.equal((await follower.exited)[0], 1);
  assert.match(follower.stderr, /^vpcbox: the daemon of box \S+ ended[^\n]*\n$/);
  await box.up();
  const last = await followed();
  assert.equal((await box.vpcbox("down")).status, 0);
  assert.deepEqual(await last.exited, [0, null]);
  assert.match(last.stderr, /; the box went down\n$/);
});
