// Owns `vpcbox explain` on a real box: each fault of the guide yields exactly its code, several at once are all told, and what it says to
// run, run as it stands in a shell, makes the ping come back. The analysis and the packets agree at every step.

import { test } from "node:test";
import assert from "node:assert/strict";
import { cli, run } from "../support/box.ts";
import { boxWithNatNetwork, pings, type NatNetwork } from "../support/nat-network.ts";
import { paste } from "../support/paste.ts";

interface Explained { readonly reachable: boolean; readonly explanations: readonly { readonly code: string; readonly component: string; readonly message: string; readonly mend: string }[]; readonly forward: readonly { readonly component: string }[]; readonly return: readonly { readonly component: string }[] }
let n: NatNetwork;
const box = boxWithNatNetwork((network) => { n = network; });

async function explain(to = "ietf.org", ...more: string[]): Promise<Explained> {
  const result = await box.vpcbox("explain", "--from", n.private, "--to", to, "--json", ...more);
  assert.equal(result.stderr, "");
  const explained = JSON.parse(result.stdout) as Explained;
  assert.equal(result.status, explained.reachable ? 0 : 1);
  return explained;
}

type Break = () => Promise<unknown>;
const rule = (): string[] => ["--group-id", n.natGroup, "--ip-permissions", "IpProtocol=icmp,FromPort=-1,ToPort=-1,IpRanges=[{CidrIp=10.0.1.0/24}]"];
const noRule: Break = () => box.aws("ec2", "revoke-security-group-ingress", ...rule());
const noRoute: Break = () => box.aws("ec2", "delete-route", "--route-table-id", n.mainTable, "--destination-cidr-block", "0.0.0.0/0");
const checkOn: Break = () => box.aws("ec2", "modify-instance-attribute", "--instance-id", n.nat, "--source-dest-check");
const noForwarding: Break = () => box.exec(n.nat, "sysctl", "-w", "net.ipv4.ip_forward=0");
const noMasquerade: Break = () => box.exec(n.nat, "iptables", "-t", "nat", "-F", "POSTROUTING");
const noAddress: Break = async () => {
  const { Addresses } = await box.aws<{ Addresses: { AssociationId?: string }[] }>("ec2", "describe-addresses");
  for (const { AssociationId } of Addresses) if (AssociationId !== undefined) await box.aws("ec2", "disassociate-address", "--association-id", AssociationId);
};
const noGateway: Break = async () => { await noAddress(); await box.aws("ec2", "detach-internet-gateway", "--internet-gateway-id", n.gateway, "--vpc-id", n.vpc); };

async function broken(breaks: readonly Break[], codes: readonly string[]): Promise<void> {
  assert.equal((await explain()).reachable, true, "it is reachable before");
  for (const break_ of breaks) await break_();
  const { explanations, return: back } = await explain();
  try {
    assert.deepEqual(explanations.map((e) => e.code).sort(), [...codes].sort());
    assert.deepEqual(back, [], "no answer's way is shown of what did not arrive");
    assert.equal(await pings(box, n.private, "192.0.2.80"), false, "no packet gets there either");
  } finally {
    for (const { mend } of explanations) await paste(box, mend);
  }
  assert.deepEqual((await explain()).explanations, [], "what it said to run is enough");
  assert.equal(await pings(box, n.private, "ietf.org"), true, "and the packets say so, too");
}

test("the way of the guide: through the NAT instance, out of the gateway, and back; with the address it leaves as", async () => {
  const explained = await explain();
  assert.deepEqual(explained.explanations, []);
  for (const id of [n.privateInterface, n.natInterface, n.mainTable, n.publicTable, n.natGroup, n.gateway, "192.0.2.80"]) assert.ok(explained.forward.some((hop) => hop.component === id), `${id} is on the way`);
  assert.equal(explained.return.at(-1)!.component, n.privateInterface);
  const drawn = await box.vpcbox("explain", "--from", "private", "--to", "ietf.org");
  assert.equal(drawn.status, 0);
  assert.match(drawn.stdout, new RegExp(`MASQUERADE[\\s\\S]*becomes ${n.natPublic}[\\s\\S]*The way back[\\s\\S]*\\nreachable`));
  assert.doesNotMatch(drawn.stdout, /\x1b/, "colours are for terminals");
});

const guide: readonly (readonly [name: string, break_: Break, ...codes: string[]])[] = [
  ["the group lacks ICMP from the private subnet", noRule, "ENI_SG_RULES_MISMATCH"],
  ["the route is missing", noRoute, "NO_ROUTE_TO_DESTINATION"],
  ["the source/destination check is on", checkOn, "ENI_SOURCE_DEST_CHECK_RESTRICTION"],
  ["forwarding is off in the guest", noForwarding, "GUEST_IP_FORWARDING_DISABLED"],
  ["no MASQUERADE in the guest", noMasquerade, "GUEST_NAT_MISSING"],
  ["no public address", noAddress, "IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS"],
  ["the gateway is detached, which takes the address, too", noGateway, "BAD_STATE_ROUTE", "IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS"],
];
for (const [name, break_, ...codes] of guide) test(`fault: ${name}`, () => broken([break_], codes));

test("fault: the route stands in a table that the private subnet does not use", async () => {
  const { RouteTable } = await box.aws<{ RouteTable: { RouteTableId: string } }>("ec2", "create-route-table", "--vpc-id", n.vpc);
  const { AssociationId } = await box.aws<{ AssociationId: string }>("ec2", "associate-route-table", "--route-table-id", RouteTable.RouteTableId, "--subnet-id", n.privateSubnet);
  const { explanations } = await explain();
  assert.deepEqual(explanations.map((e) => [e.code, e.component]), [["NO_ROUTE_TO_DESTINATION", RouteTable.RouteTableId]]);
  await paste(box, explanations[0]!.mend);
  assert.equal(await pings(box, n.private, "ietf.org"), true);
  await box.aws("ec2", "disassociate-route-table", "--association-id", AssociationId);
  await box.aws("ec2", "delete-route-table", "--route-table-id", RouteTable.RouteTableId);
});

test("fault: the target does not answer ping, but its web server does", async () => {
  assert.deepEqual((await explain("no-ping.example.com")).explanations.map((e) => [e.code, e.component]), [["GUEST_PING_IGNORED", "192.0.2.83"]]);
  assert.equal((await explain("no-ping.example.com", "--protocol", "tcp", "--port", "80")).reachable, true);
});

test("two and three faults at once: all of them, and nothing else", async () => {
  await broken([checkOn, noForwarding], ["ENI_SOURCE_DEST_CHECK_RESTRICTION", "GUEST_IP_FORWARDING_DISABLED"]);
  await broken([noRoute, checkOn, noMasquerade], ["NO_ROUTE_TO_DESTINATION", "ENI_SOURCE_DEST_CHECK_RESTRICTION", "GUEST_NAT_MISSING"]);
  await broken([noRule, noForwarding, noAddress], ["ENI_SG_RULES_MISMATCH", "GUEST_IP_FORWARDING_DISABLED", "IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS"]);
});

test("inwards from the internet, and between instances: what the groups and processes say", async () => {
  const ask = async (...args: string[]): Promise<string[]> => (JSON.parse((await box.vpcbox("explain", "--json", ...args)).stdout) as Explained).explanations.map((e) => e.code);
  assert.deepEqual(await ask("--from", n.gateway, "--to", "nat", "--protocol", "tcp", "--port", "22"), []);
  assert.deepEqual(await ask("--from", n.nat, "--to", n.private, "--protocol", "tcp", "--port", "22"), []);
  assert.deepEqual(await ask("--from", n.nat, "--to", n.private, "--protocol", "tcp", "--port", "81"), ["ENI_SG_RULES_MISMATCH", "ENI_SG_RULES_MISMATCH", "GUEST_PORT_CLOSED"]);
});

test("Japanese where LANG says so", async () => {
  const result = await run(cli, ["--box", box.name, "explain", "--from", "private", "--to", "no-ping.example.com"], { env: { ...process.env, LC_ALL: "", LANG: "ja_JP.UTF-8" } });
  assert.match(result.stdout, /往路[\s\S]*到達不可: 原因 1 件[\s\S]*応答しません/);
});

test("wrong usage: one line, status 2", async () => {
  for (const [args, words] of [
    [["--from", "i-0123456789abcdef0", "--to", "ietf.org"], /there is no instance i-0123456789abcdef0/],
    [["--from", "eni-0123456789abcdef0", "--to", "ietf.org"], /there is no eni-0123456789abcdef0/],
    [["--from", "private", "--to", "no-such.example.com"], /"no-such.example.com" is no instance/],
    [["--from", "private", "--to", n.privateInterface], /the same thing/],
    [["--from", "private", "--to", "nat", "--port", "80"], /--port goes with/],
    [["--from", "private", "--to", "nat", "--protocol", "tcp", "--port", "0"], /from 1 to 65535/],
    [["--from", "private", "--to", "nat", "--protocol", "sctp"], /Allowed choices are icmp, tcp, udp/],
    [["--from", "192.0.2.80", "--to", "192.0.2.200"], /one end must be in a VPC/],
    [["--from", "private"], /--to/],
  ] as const) {
    const result = await box.vpcbox("explain", ...args);
    assert.equal(result.status, 2, args.join(" "));
    assert.match(result.stderr, words);
    assert.equal(result.stderr.trimEnd().split("\n").length, 1, result.stderr);
    assert.equal(result.stdout, "");
  }
});
