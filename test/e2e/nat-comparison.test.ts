// Owns AWS's comparison of NAT gateways and NAT instances (VPC user guide, "Compare NAT gateways and NAT instances"), row by row, on one
// network that has both: what was done, and what became of it on either way. Where a row is not about packets its text says so. The box's
// clocks run a hundred times faster: 350 idle seconds are 3.5.

import { spawn } from "node:child_process";
import { after, before, test, type TestContext } from "node:test";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import * as ec2 from "@aws-sdk/client-ec2";
import { pinDir } from "../../cli/box-files.ts";
import { openDatapath } from "../../src/datapath/loader.ts";
import { natMetricNames, type NatMetricName } from "../../src/datapath/tables.ts";
import { laptopAddress } from "../../src/internet/addresses.ts";
import { Box, cli, until } from "../support/box.ts";
import { clientScripts, laptopServers } from "../support/comparison-scripts.ts";
import { kernelLeftovers } from "../support/kernel-leftovers.ts";
import { buildNatNetwork, findImage, findInstance, pings, waitForState, type NatNetwork } from "../support/nat-network.ts";

const box = new Box(), WEB = "192.0.2.80", SPARE = "10.0.0.77";
let n: NatNetwork;
let gate: string, gateInterface: string, gatePublic: string, gatePrivate: string; // the NAT gateway
let behind: string, behindGroup: string, behindInterface: string; // an instance whose way out is the gateway's
let spare: string; // a second NAT instance
let servers: ReturnType<typeof spawn>;

const interfaceOf = async (filter: string, id: string): Promise<ec2.NetworkInterface> => (await box.ec2.send(new ec2.DescribeNetworkInterfacesCommand({ Filters: [{ Name: filter, Values: [id] }] }))).NetworkInterfaces![0]!;
const permission = (protocol: string, from: number, to: number, cidr: string): ec2.IpPermission => ({ IpProtocol: protocol, FromPort: from, ToPort: to, IpRanges: [{ CidrIp: cidr }] });
const everything: ec2.IpPermission[] = [{ IpProtocol: "-1", IpRanges: [{ CidrIp: "0.0.0.0/0" }] }];
const launch = async (input: Partial<ec2.RunInstancesCommandInput>): Promise<string> => {
  const id = (await box.ec2.send(new ec2.RunInstancesCommand({ InstanceType: "t3.micro", MinCount: 1, MaxCount: 1, ...input }))).Instances![0]!.InstanceId!;
  await waitForState(box, id, "running");
  return id;
};
const address = async (): Promise<string> => (await box.ec2.send(new ec2.AllocateAddressCommand({}))).AllocationId!;

before(async () => {
  await box.up("--time-scale", "100");
  n = await buildNatNetwork(box, await findImage(box, "amzn-ami-vpc-nat-*"));
  const call = box.ec2;
  const { NatGateway } = await call.send(new ec2.CreateNatGatewayCommand({ SubnetId: n.publicSubnet, AllocationId: await address() }));
  gate = NatGateway!.NatGatewayId!;
  const subnet = (await call.send(new ec2.CreateSubnetCommand({ VpcId: n.vpc, CidrBlock: "10.0.2.0/24" }))).Subnet!.SubnetId!;
  const table = (await call.send(new ec2.CreateRouteTableCommand({ VpcId: n.vpc }))).RouteTable!.RouteTableId!;
  await call.send(new ec2.CreateRouteCommand({ RouteTableId: table, DestinationCidrBlock: "0.0.0.0/0", NatGatewayId: gate }));
  await call.send(new ec2.AssociateRouteTableCommand({ RouteTableId: table, SubnetId: subnet }));
  behindGroup = (await call.send(new ec2.CreateSecurityGroupCommand({ GroupName: "behind", Description: "behind the gateway", VpcId: n.vpc }))).GroupId!;
  const ports = [permission("tcp", 9000, 9003, "10.0.1.0/24"), permission("udp", 9000, 9003, "10.0.1.0/24")], outwards = ports.map((p) => ({ ...p, IpRanges: [{ CidrIp: "0.0.0.0/0" }] }));
  await call.send(new ec2.AuthorizeSecurityGroupIngressCommand({ GroupId: n.natGroup, IpPermissions: ports })); // the laptop's servers, below
  await call.send(new ec2.AuthorizeSecurityGroupEgressCommand({ GroupId: n.natGroup, IpPermissions: outwards }));
  behind = await launch({ ImageId: await findImage(box, "al2023-ami-*"), SubnetId: subnet, SecurityGroupIds: [behindGroup] });
  spare = await launch({ ImageId: await findImage(box, "amzn-ami-vpc-nat-*"), InstanceType: "t3.small", NetworkInterfaces: [{ DeviceIndex: 0, SubnetId: n.publicSubnet, Groups: [n.natGroup], PrivateIpAddress: SPARE, AssociatePublicIpAddress: true }] });
  await call.send(new ec2.ModifyInstanceAttributeCommand({ InstanceId: spare, SourceDestCheck: { Value: false } }));
  behindInterface = (await interfaceOf("attachment.instance-id", behind)).NetworkInterfaceId!;
  const eni = await until("the gateway's interface", async () => (await interfaceOf("attachment.nat-gateway-id", gate)) as ec2.NetworkInterface | undefined);
  [gateInterface, gatePublic, gatePrivate] = [eni.NetworkInterfaceId!, eni.Association!.PublicIp!, eni.PrivateIpAddress!];
  servers = spawn(cli, ["--box", box.name, "laptop", "--", "python3", "-u", "-c", laptopServers], { stdio: ["pipe", "pipe", "inherit"] }); // they end with their input
  await new Promise((resolve, reject) => { servers.stdout!.once("data", resolve); servers.once("exit", reject); });
  await until("the way through the gateway", async () => ((await pings(box, behind, WEB)) ? true : undefined));
});
after(async () => {
  servers?.stdin!.end();
  await box.remove();
  assert.deepEqual(await kernelLeftovers(box), []);
});

const walked: string[] = [];
/** @param run answers what became of it: through the gateway, through the instance */
function row(name: string, done: string, run: () => Promise<readonly [gateway: string, instance: string]>): void {
  walked.push(name);
  test(`${name}: ${done}`, async (t: TestContext) => {
    const [gateway, instance] = await run();
    t.diagnostic(`NAT gateway: ${gateway}`);
    t.diagnostic(`NAT instance: ${instance}`);
  });
}
const python = async (instance: string, script: string, ...args: string[]): Promise<string> => {
  const { status, stdout, stderr } = await box.exec(instance, "python3", "-c", script, ...args);
  assert.equal(status, 0, stderr);
  return stdout.trim();
};
const seenAs = async (instance: string): Promise<string> => (await box.exec(instance, "curl", "-s", "--max-time", "5", "http://checkip.amazonaws.com")).stdout.trim();
const route = (instance: string): Promise<unknown> => box.ec2.send(new ec2.ReplaceRouteCommand({ RouteTableId: n.mainTable, DestinationCidrBlock: "0.0.0.0/0", InstanceId: instance }));
const fromLaptop = async (target: string, port: number): Promise<string> => (await box.laptop("curl", "-s", "--http0.9", "--max-time", "3", `http://${target}:${port}`)).stdout;
/** What was done is dropped for this reason at these interfaces, once at least at each. */
async function dropped(reason: string, at: readonly string[], work: () => Promise<unknown>): Promise<void> {
  const before = await box.drops();
  await work();
  const now = await box.drops();
  for (const eni of at) assert.ok((now.get(`${eni} ${reason}`) ?? 0) > (before.get(`${eni} ${reason}`) ?? 0), `${reason} at ${eni}: ${[...now].join(" ")}`);
}
/** The gateway's counters, out of the kernel. */
function metrics(): Record<NatMetricName, number> {
  const datapath = openDatapath(pinDir(box.name), { existingOnly: true, timeScale: 100 });
  try {
    return datapath.natMetrics().find((m) => Object.values(m.metrics).some((value) => value > 0))!.metrics;
  } finally {
    datapath.close();
  }
}

row("Availability", "the NAT instance is stopped; a script replaces the route", async () => {
  await box.ec2.send(new ec2.StopInstancesCommand({ InstanceIds: [n.nat] }));
  await waitForState(box, n.nat, "stopped");
  assert.deepEqual([await pings(box, behind, WEB), await pings(box, n.private, WEB)], [true, false]);
  await until("the spare forwards", async () => { await route(spare); return (await pings(box, n.private, WEB)) ? true : undefined; });
  await box.ec2.send(new ec2.StartInstancesCommand({ InstanceIds: [n.nat] }));
  await waitForState(box, n.nat, "running");
  await route(n.nat);
  await until("the NAT instance has booted", async () => ((await pings(box, n.private, WEB)) ? true : undefined));
  return ["has nothing to stop, passed all the while", "stopped: no answer; with the route to the spare: answered"];
});

row("Bandwidth", "a transfer of 8 MB (how fast is the machine's affair: neither is held to a rate here)", async () => {
  const [one, other] = await Promise.all([behind, n.private].map((id) => python(id, clientScripts.receive, laptopAddress, "9002")));
  assert.deepEqual([one, other], [String(8 << 20), String(8 << 20)]);
  return ["all of it arrived", "all of it arrived"];
});

row("Maintenance", "who can be logged in to, to be patched (not about packets)", async () => {
  const eni = await interfaceOf("attachment.nat-gateway-id", gate);
  assert.deepEqual([eni.RequesterManaged, eni.InterfaceType, eni.Attachment?.InstanceId], [true, "nat_gateway", undefined]);
  assert.notEqual((await box.exec(gate, "true")).status, 0);
  assert.equal((await box.exec(n.nat, "sh", "-c", "yum -y install iptables-services >/dev/null && systemctl is-enabled iptables")).status, 0);
  return ["nobody: there is no machine of yours", "you: its packages and services are yours"];
});

row("Performance", "not about packets: what is optimised for what is no verdict; npm run bench measures", async () => {
  assert.match((await findInstance(box, n.nat)).ImageId!, /^ami-/);
  return ["the kernel program itself", "a generic image, configured by the guide's two commands"];
});

row("Cost", "not about packets: nothing costs anything here", async () => {
  assert.match(readFileSync(new URL("../../docs/differences-from-aws.md", import.meta.url), "utf8"), /Nothing costs anything/);
  return ["no bill", "no bill"];
});

row("Type and size", "a spare NAT instance was launched larger (not about packets)", async () => {
  assert.deepEqual([(await findInstance(box, n.nat)).InstanceType, (await findInstance(box, spare)).InstanceType], ["t3.micro", "t3.small"]);
  const kB = async (id: string): Promise<number> => Number(/MemTotal: +(\d+)/.exec((await box.exec(id, "cat", "/proc/meminfo")).stdout)?.[1]);
  assert.ok(await kB(spare) >= await kB(n.nat));
  const [shown] = (await box.ec2.send(new ec2.DescribeNatGatewaysCommand({ NatGatewayIds: [gate] }))).NatGateways!;
  assert.deepEqual(Object.keys(shown!).filter((key) => /type$|size/i.test(key)), ["ConnectivityType"]);
  return ["has none to choose", "t3.micro and t3.small"];
});

row("Public IP address", "what a host of the internet sees, before and after another address is associated", async () => {
  assert.deepEqual([await seenAs(behind), await seenAs(n.private)], [gatePublic, n.natPublic]);
  const other = await address();
  await assert.rejects(box.ec2.send(new ec2.AssociateAddressCommand({ AllocationId: other, NetworkInterfaceId: gateInterface, AllowReassociation: true })));
  await box.ec2.send(new ec2.AssociateAddressCommand({ AllocationId: other, InstanceId: n.nat, AllowReassociation: true }));
  const { Addresses } = await box.ec2.send(new ec2.DescribeAddressesCommand({ AllocationIds: [other] }));
  assert.deepEqual([await seenAs(behind), await seenAs(n.private)], [gatePublic, Addresses![0]!.PublicIp]);
  await box.ec2.send(new ec2.AssociateAddressCommand({ AllocationId: n.allocation, InstanceId: n.nat, AllowReassociation: true }));
  assert.equal(await seenAs(n.private), n.natPublic);
  return ["the Elastic IP of its creation, for good", "whichever is associated, from the next connection on"];
});

row("Private IP address", "pings to either's own", async () => {
  assert.match(gatePrivate, /^10\.0\.0\.(?!77$)\d+$/);
  assert.equal((await findInstance(box, spare)).PrivateIpAddress, SPARE);
  assert.equal(await pings(box, n.private, SPARE), true);
  await dropped("NAT_NO_CONNECTION", [gateInterface], async () => assert.equal(await pings(box, behind, gatePrivate), false));
  return ["picked from the subnet, and answers no ping", `${SPARE}, as asked for at launch, and answers`];
});

row("Security groups", "the rule for ICMP is taken away, at the NAT and behind it", async () => {
  await assert.rejects(box.ec2.send(new ec2.ModifyNetworkInterfaceAttributeCommand({ NetworkInterfaceId: gateInterface, Groups: [n.natGroup] })));
  assert.deepEqual((await interfaceOf("attachment.nat-gateway-id", gate)).Groups ?? [], []);
  const icmp = { GroupId: n.natGroup, IpPermissions: [permission("icmp", -1, -1, "10.0.1.0/24")] };
  await box.ec2.send(new ec2.RevokeSecurityGroupIngressCommand(icmp));
  await dropped("GROUP_INGRESS", [n.natInterface], async () => assert.equal(await pings(box, n.private, WEB), false));
  assert.equal(await pings(box, behind, WEB), true);
  await box.ec2.send(new ec2.AuthorizeSecurityGroupIngressCommand(icmp));
  await box.ec2.send(new ec2.RevokeSecurityGroupEgressCommand({ GroupId: behindGroup, IpPermissions: everything }));
  await dropped("GROUP_EGRESS", [behindInterface], async () => assert.equal(await pings(box, behind, WEB), false));
  await box.ec2.send(new ec2.AuthorizeSecurityGroupEgressCommand({ GroupId: behindGroup, IpPermissions: everything }));
  assert.deepEqual([await pings(box, behind, WEB), await pings(box, n.private, WEB)], [true, true]);
  return ["has none; the group behind it stopped the ping there", "its own group stopped the ping"];
});

row("Network ACLs", "an entry of the subnet's ACL denies the answers", async () => {
  const [acl] = (await box.ec2.send(new ec2.DescribeNetworkAclsCommand({ Filters: [{ Name: "association.subnet-id", Values: [n.publicSubnet] }] }))).NetworkAcls!;
  const entry = { NetworkAclId: acl!.NetworkAclId!, RuleNumber: 10, Egress: false };
  await box.ec2.send(new ec2.CreateNetworkAclEntryCommand({ ...entry, Protocol: "1", RuleAction: "deny", CidrBlock: `${WEB}/32`, IcmpTypeCode: { Type: -1, Code: -1 } }));
  await dropped("ACL_INGRESS", [gateInterface, n.natInterface], async () => assert.deepEqual([await pings(box, behind, WEB), await pings(box, n.private, WEB)], [false, false]));
  await box.ec2.send(new ec2.DeleteNetworkAclEntryCommand(entry));
  assert.deepEqual([await pings(box, behind, WEB), await pings(box, n.private, WEB)], [true, true]);
  return ["stopped at its interface", "stopped at its interface"];
});

row("Flow logs", "both interfaces are logged, and pinged through", async () => {
  const { FlowLogIds } = await box.ec2.send(new ec2.CreateFlowLogsCommand({
    ResourceType: "NetworkInterface", ResourceIds: [gateInterface, n.natInterface], TrafficType: "ALL", MaxAggregationInterval: 60, LogDestinationType: "s3", LogDestination: "arn:aws:s3:::rows",
    LogFormat: "${interface-id} ${srcaddr} ${pkt-dstaddr} ${action}",
  }));
  await until("records of both", async () => {
    await Promise.all([pings(box, behind, WEB), pings(box, n.private, WEB)]);
    const { stdout } = await box.vpcbox("flow-logs", "--records");
    return [gateInterface, n.natInterface].every((eni) => stdout.includes(`${eni} ${WEB} `)) && stdout.includes(`${n.natInterface} ${n.privateAddress} ${WEB} ACCEPT`) ? true : undefined;
  });
  await box.ec2.send(new ec2.DeleteFlowLogsCommand({ FlowLogIds }));
  return ["records of its interface", "records of its interface"];
});

row("Port forwarding", "the laptop opens port 8080 of either's public address", async () => {
  await box.ec2.send(new ec2.AuthorizeSecurityGroupIngressCommand({ GroupId: n.natGroup, IpPermissions: [permission("tcp", 8080, 8080, "192.0.2.0/24")] }));
  await box.ec2.send(new ec2.AuthorizeSecurityGroupEgressCommand({ GroupId: n.natGroup, IpPermissions: [permission("tcp", 8080, 8080, "10.0.1.0/24")] }));
  await box.ec2.send(new ec2.AuthorizeSecurityGroupIngressCommand({ GroupId: n.privateGroup, IpPermissions: [permission("tcp", 8080, 8080, "10.0.0.0/24")] }));
  assert.equal((await box.exec(n.nat, "iptables", "-t", "nat", "-A", "PREROUTING", "-i", "eth0", "-p", "tcp", "--dport", "8080", "-j", "DNAT", "--to-destination", `${n.privateAddress}:8080`)).status, 0);
  const server = spawn(cli, ["--box", box.name, "exec", n.private, "--", "python3", "-u", "-c", clientScripts.sayOnce, "8080"], { stdio: ["ignore", "pipe", "inherit"] });
  await new Promise((resolve) => server.stdout.once("data", resolve));
  assert.equal(await fromLaptop(n.natPublic, 8080), "forwarded\n");
  await dropped("NAT_NO_CONNECTION", [gateInterface], async () => assert.equal(await fromLaptop(gatePublic, 8080), ""));
  return ["no answer: it has no connection of that", "by iptables' DNAT: the private instance's server answered"];
});

row("Bastion servers", "ssh from the laptop to the private instance, and to port 22 of the gateway", async () => {
  const { status, stdout, stderr } = await box.vpcbox("ssh", n.private, "-i", n.keyFile, "--", "whoami");
  assert.deepEqual([status, stdout.trim()], [0, "ec2-user"], stderr);
  await dropped("NAT_NO_CONNECTION", [gateInterface], async () => assert.equal(await fromLaptop(gatePublic, 22), ""));
  return ["nobody answers", "logged in through it"];
});

row("Traffic metrics", "pings, and what was counted of them", async () => {
  const received = async (): Promise<number> => Number((await box.exec(n.nat, "cat", "/sys/class/net/eth0/statistics/rx_packets")).stdout);
  const [before, there] = [metrics(), await received()];
  for (let i = 0; i < 3; i++) assert.deepEqual([await pings(box, behind, WEB), await pings(box, n.private, WEB)], [true, true]);
  const now = metrics();
  assert.equal(natMetricNames.length, 14);
  assert.deepEqual(Object.keys(now).sort(), [...natMetricNames].sort());
  for (const name of ["PacketsInFromSource", "PacketsOutToDestination", "PacketsInFromDestination", "PacketsOutToSource"] as const) assert.equal(now[name] - before[name], 3, name);
  for (const name of ["BytesInFromSource", "BytesOutToDestination", "BytesInFromDestination", "BytesOutToSource"] as const) assert.equal(now[name] - before[name], 3 * 84, name);
  const { stdout } = await box.vpcbox("nat-metrics", gate, "--json");
  const { natGateways: [shown] } = JSON.parse(stdout) as { natGateways: { natGateway: string; metrics: Record<NatMetricName, number> }[] };
  assert.deepEqual([shown!.natGateway, Object.keys(shown!.metrics), shown!.metrics.BytesInFromSource], [gate, [...natMetricNames], now.BytesInFromSource]);
  assert.match((await box.vpcbox("nat-metrics")).stdout, new RegExp(`^METRIC +${gate}\\n(.*\\n)*BytesInFromSource +${now.BytesInFromSource}\\n`));
  assert.deepEqual(await box.vpcbox("nat-metrics", "nat-0123"), { status: 1, stdout: "", stderr: "vpcbox: there is no NAT gateway nat-0123; list them with: aws ec2 describe-nat-gateways\n" });
  assert.ok(now.ConnectionAttemptCount > 0 && now.ConnectionEstablishedCount > 0 && now.PacketsDropCount > 0);
  assert.ok(await received() >= there + 6, "three questions and three answers");
  return ["its fourteen counters", "its interface's own"];
});

row("Timeout behavior", "a connection idle for 450 seconds speaks again", async () => {
  assert.equal((await box.exec(n.nat, "sh", "-c", "echo 1 > /proc/sys/net/netfilter/nf_conntrack_tcp_timeout_established")).status, 0); // of real seconds: the NAT instance has forgotten it too
  const idle = metrics().IdleTimeoutCount;
  const [gateway, instance] = await Promise.all([behind, n.private].map((id) => python(id, clientScripts.idle, laptopAddress, "9000", "4.5")));
  assert.equal(gateway, "echo reset", "RST to who continues, no FIN");
  assert.ok(metrics().IdleTimeoutCount > idle);
  assert.equal(instance, "echo echo end", "no RST: it is taken up again, and ends with the FIN of the far end");
  return ["RST to who continued, and IdleTimeoutCount", "no RST: netfilter takes it up again; it ended with the other end's FIN (on AWS the NAT instance itself sends one)"];
});

row("IP fragmentation", "UDP, ICMP and TCP in pieces, through either", async () => {
  for (const id of [behind, n.private]) assert.equal((await box.exec(id, "ip", "link", "set", "eth0", "mtu", "1500")).status, 0); // with 9,001 the gateway would have asked for less first
  assert.deepEqual(await Promise.all([behind, n.private].map((id) => python(id, clientScripts.longDatagram, laptopAddress, "9001"))), ["4000", "4000"]);
  const longPing = async (id: string): Promise<boolean> => (await box.exec(id, "ping", "-c", "1", "-W", "1", "-s", "3000", WEB)).status === 0;
  await dropped("NAT_FRAGMENT", [gateInterface], async () => assert.equal(await longPing(behind), false));
  assert.equal(await longPing(n.private), true);
  await dropped("NAT_FRAGMENT", [gateInterface], async () => assert.equal(await python(behind, clientScripts.synInPieces, WEB, "80"), "nothing"));
  assert.equal(await python(n.private, clientScripts.synInPieces, WEB, "80"), "SYN-ACK");
  return ["UDP's passed, ICMP's and TCP's were dropped", "all passed: it reassembles"];
});

test("the sixteen rows are AWS's, in its order", () => {
  assert.deepEqual(walked, [
    "Availability", "Bandwidth", "Maintenance", "Performance", "Cost", "Type and size", "Public IP address", "Private IP address", "Security groups", "Network ACLs", "Flow logs", "Port forwarding", "Bastion servers",
    "Traffic metrics", "Timeout behavior", "IP fragmentation",
  ]);
});
