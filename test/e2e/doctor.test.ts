// Owns `vpcbox doctor` on a real box: a NAT set-up that is well; each fault of the guide's troubleshooting list, and those inside the NAT
// instance that AWS cannot see, at its own line, with a command that, pasted, makes all lines well again.

import { test } from "node:test";
import assert from "node:assert/strict";
import {
  AssociateRouteTableCommand, CreateNetworkAclEntryCommand, CreateRouteTableCommand, DeleteRouteCommand, DeleteRouteTableCommand, DescribeAddressesCommand, DescribeNetworkAclsCommand, DetachInternetGatewayCommand, DisassociateAddressCommand, DisassociateRouteTableCommand,
  ModifyInstanceAttributeCommand, ModifyVpcAttributeCommand, RevokeSecurityGroupIngressCommand, StopInstancesCommand,
} from "@aws-sdk/client-ec2";
import { Box, cli, run, until } from "../support/box.ts";
import { boxWithNatNetwork, waitForState, type NatNetwork } from "../support/nat-network.ts";
import { inside, paste } from "../support/paste.ts";

interface Diagnosis {
  readonly well: boolean;
  readonly source: string;
  readonly subnet: string;
  readonly by: string;
  readonly checks: readonly { readonly check: string; readonly title: string; readonly state: "ok" | "problem" | "unknown"; readonly problems: readonly { readonly code: string; readonly component: string; readonly message: string; readonly mend: string }[] }[];
}
let n: NatNetwork;
const box = boxWithNatNetwork((network) => { n = network; });

async function doctor(word: string): Promise<Diagnosis> {
  const result = await box.vpcbox("doctor", word, "--json");
  assert.equal(result.stderr, "");
  const diagnosis = JSON.parse(result.stdout) as Diagnosis;
  assert.equal(result.status, diagnosis.well ? 0 : 1);
  assert.equal(diagnosis.well, diagnosis.checks.every((one) => one.state === "ok"));
  return diagnosis;
}
const problems = ({ checks }: Diagnosis): (readonly [check: string, code: string])[] => checks.flatMap(({ check, problems: found }) => [...new Set(found.map(({ code }) => code))].map((code) => [check, code] as const));

const names = ["instance", "route", "nat", "groups", "acls", "check", "forwarding", "translation", "firewall", "gateway", "public-address", "answer", "dns", "target"];

test("all is well: each line says so, for the subnet, the instance and their names", async () => {
  for (const word of [n.private, n.privateSubnet, "private"]) {
    const diagnosis = await doctor(word);
    assert.deepEqual(diagnosis.checks.map(({ check, state }) => `${check} ${state}`), names.map((name) => `${name} ok`));
    assert.deepEqual([diagnosis.source, diagnosis.subnet], [n.private, n.privateSubnet]);
    assert.ok(diagnosis.by.includes(n.mainTable) && diagnosis.by.includes(n.nat), diagnosis.by);
  }
  assert.equal((await doctor("nat")).checks.some((one) => one.check === "translation"), false, "straight to the gateway there is no NAT to check");
  const drawn = await box.vpcbox("doctor", "private");
  assert.equal(drawn.status, 0);
  const lines = drawn.stdout.trimEnd().split("\n");
  assert.equal(lines.filter((line) => line.startsWith("ok ")).length, names.length);
  assert.match(lines.at(-1)!, /^all well/);
});

const noAddress = async (): Promise<void> => {
  const { Addresses } = await box.ec2.send(new DescribeAddressesCommand({}));
  for (const { AssociationId } of Addresses!) if (AssociationId !== undefined) await box.ec2.send(new DisassociateAddressCommand({ AssociationId }));
};
const anywhere = "0.0.0.0/0";
const denyAnswers = async (): Promise<void> => {
  const { NetworkAcls } = await box.ec2.send(new DescribeNetworkAclsCommand({ Filters: [{ Name: "association.subnet-id", Values: [n.privateSubnet] }] }));
  await box.ec2.send(new CreateNetworkAclEntryCommand({ NetworkAclId: NetworkAcls![0]!.NetworkAclId!, Egress: false, RuleNumber: 50, Protocol: "-1", RuleAction: "deny", CidrBlock: "192.0.2.80/32" }));
};
const icmp = [{ IpProtocol: "icmp", FromPort: -1, ToPort: -1, IpRanges: [{ CidrIp: "10.0.1.0/24" }] }];

const faults: readonly (readonly [name: string, break_: () => Promise<unknown>, ...found: (readonly [check: string, code: string])[]])[] = [
  ["the group lacks ICMP from the private subnet", () => box.ec2.send(new RevokeSecurityGroupIngressCommand({ GroupId: n.natGroup, IpPermissions: icmp })), ["groups", "ENI_SG_RULES_MISMATCH"]],
  ["the route is missing", () => box.ec2.send(new DeleteRouteCommand({ RouteTableId: n.mainTable, DestinationCidrBlock: anywhere })), ["route", "NO_ROUTE_TO_DESTINATION"]],
  ["the source/destination check is on", () => box.ec2.send(new ModifyInstanceAttributeCommand({ InstanceId: n.nat, SourceDestCheck: { Value: true } })), ["check", "ENI_SOURCE_DEST_CHECK_RESTRICTION"]],
  ["no public address", noAddress, ["public-address", "IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS"]],
  ["the gateway is detached, which takes the address, too", async () => { await noAddress(); await box.ec2.send(new DetachInternetGatewayCommand({ InternetGatewayId: n.gateway, VpcId: n.vpc })); }, ["gateway", "BAD_STATE_ROUTE"], ["public-address", "IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS"]],
  ["the private subnet's network ACL lets no answer in", denyAnswers, ["acls", "SUBNET_ACL_RESTRICTION"]],
  ["the VPC's DNS server is turned off", () => box.ec2.send(new ModifyVpcAttributeCommand({ VpcId: n.vpc, EnableDnsSupport: { Value: false } })), ["dns", "BAD_STATE"]],
  ["forwarding is off", () => inside(box, n.nat, "sysctl -w net.ipv4.ip_forward=0"), ["forwarding", "GUEST_IP_FORWARDING_DISABLED"]],
  ["MASQUERADE is missing", () => inside(box, n.nat, "iptables -t nat -F POSTROUTING"), ["translation", "GUEST_NAT_MISSING"]],
  ["MASQUERADE is on the wrong interface", () => inside(box, n.nat, "iptables -t nat -F POSTROUTING; iptables -t nat -A POSTROUTING -o eth1 -j MASQUERADE"), ["translation", "GUEST_NAT_WRONG_INTERFACE"]],
  ["the FORWARD policy is DROP", () => inside(box, n.nat, "iptables -P FORWARD DROP"), ["firewall", "GUEST_FIREWALL_DROPS"]],
  ["three faults at once", async () => {
    await box.ec2.send(new RevokeSecurityGroupIngressCommand({ GroupId: n.natGroup, IpPermissions: icmp }));
    await box.ec2.send(new ModifyInstanceAttributeCommand({ InstanceId: n.nat, SourceDestCheck: { Value: true } }));
    await inside(box, n.nat, "sysctl -w net.ipv4.ip_forward=0");
  }, ["groups", "ENI_SG_RULES_MISMATCH"], ["check", "ENI_SOURCE_DEST_CHECK_RESTRICTION"], ["forwarding", "GUEST_IP_FORWARDING_DISABLED"]],
];
for (const [i, [name, break_, ...found]] of faults.entries())
  test(`fault: ${name}`, async () => {
    await break_();
    const diagnosis = await doctor(i % 2 === 0 ? n.private : n.privateSubnet);
    for (const { mend } of diagnosis.checks.flatMap((one) => one.problems)) await paste(box, mend);
    assert.deepEqual(problems(diagnosis), found);
    assert.equal(diagnosis.checks.some((one) => one.state === "unknown"), false);
    assert.deepEqual(problems(await doctor(n.privateSubnet)), [], "what it said to run is enough");
    assert.equal((await box.exec(n.private, "ping", "-c", "1", "-W", "3", "ietf.org")).status, 0, "and the packets say so, too");
  });

test("fault: the route stands in a table that the private subnet does not use", async () => {
  const RouteTableId = (await box.ec2.send(new CreateRouteTableCommand({ VpcId: n.vpc }))).RouteTable!.RouteTableId!;
  const { AssociationId } = await box.ec2.send(new AssociateRouteTableCommand({ RouteTableId, SubnetId: n.privateSubnet }));
  const diagnosis = await doctor(n.privateSubnet);
  assert.deepEqual(problems(diagnosis), [["route", "NO_ROUTE_TO_DESTINATION"]]);
  assert.match(diagnosis.by, new RegExp(`^${RouteTableId}, by no route$`));
  await paste(box, diagnosis.checks.find((one) => one.check === "route")!.problems[0]!.mend);
  assert.equal((await doctor(n.privateSubnet)).well, true);
  await box.ec2.send(new DisassociateRouteTableCommand({ AssociationId }));
  await box.ec2.send(new DeleteRouteTableCommand({ RouteTableId }));
});

test("fault: the NAT instance is stopped; started as it says, it forwards and translates again by what was saved in it", async () => {
  await box.ec2.send(new StopInstancesCommand({ InstanceIds: [n.nat] }));
  await waitForState(box, n.nat, "stopped");
  const diagnosis = await doctor(n.private);
  assert.deepEqual(problems(diagnosis), [["nat", "BAD_STATE_ROUTE"]]);
  await paste(box, diagnosis.checks.find((one) => one.check === "nat")!.problems[0]!.mend);
  await until("the doctor finds it well", async () => ((await doctor(n.private)).well ? true : undefined));
  assert.equal((await box.exec(n.private, "ping", "-c", "1", "-W", "3", "ietf.org")).status, 0);
});

test("a problem is drawn at its line, with what to do below; Japanese where LANG says so", async () => {
  await inside(box, n.nat, "sysctl -w net.ipv4.ip_forward=0");
  const drawn = await box.vpcbox("doctor", n.private);
  const japanese = await run(cli, ["--box", box.name, "doctor", n.private], { env: { ...process.env, LC_ALL: "", LANG: "ja_JP.UTF-8" } });
  await inside(box, n.nat, "sysctl -w net.ipv4.ip_forward=1");
  assert.equal(drawn.status, 1);
  assert.match(drawn.stdout, new RegExp(`\\nproblem  the NAT instance forwards[^\\n]*\\n +GUEST_IP_FORWARDING_DISABLED: ${n.nat} does not forward[^\\n]*\\n +mend it with: npx vpcbox --box ${box.name} exec ${n.nat} -- sysctl -w net.ipv4.ip_forward=1\\n`));
  assert.match(drawn.stdout, /\n1 to mend\n$/);
  assert.equal(drawn.stdout.split("\n").filter((line) => line.startsWith("ok ")).length, names.length - 1);
  assert.equal(japanese.status, 1);
  assert.match(japanese.stdout, /問題 +NAT インスタンスが転送する[\s\S]*修正コマンド: npx vpcbox[\s\S]*要修正 1 件\n$/);
});

test("wrong usage: one line, status 2", async () => {
  for (const [args, words] of [
    [["subnet-0123456789abcdef0"], /there is no subnet subnet-0123456789abcdef0/],
    [["i-0123456789abcdef0"], /there is no instance i-0123456789abcdef0|no instance/],
    [["nobody"], /there is no subnet or instance "nobody"/],
    [[""], /give a subnet or an instance/],
    [[], /missing required argument 'subnet\|instance'/],
    [["private", "nat"], /too many arguments/],
    [["private", "--loud"], /unknown option '--loud'/],
  ] as const) {
    const result = await box.vpcbox("doctor", ...args);
    assert.equal(result.status, 2, args.join(" "));
    assert.match(result.stderr, words);
    assert.equal(result.stderr.trimEnd().split("\n").length, 1, result.stderr);
    assert.equal(result.stdout, "");
  }
});

test("no box: one line, status 1", async () => {
  const result = await new Box().vpcboxOnce(["doctor", "private"]);
  assert.equal(result.status, 1);
  assert.equal(result.stderr.trimEnd().split("\n").length, 1, result.stderr);
  assert.equal(result.stdout, "");
});
