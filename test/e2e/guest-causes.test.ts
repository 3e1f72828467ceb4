// Owns what is wrong inside guests, made for real by a guest's root on a real box: each is named by its code, the real packet fares as was
// said (`--probe`), and the command that was said mends it.

import { test } from "node:test";
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { AuthorizeSecurityGroupIngressCommand } from "@aws-sdk/client-ec2";
import { until } from "../support/box.ts";
import { boxWithNatNetwork, type NatNetwork } from "../support/nat-network.ts";
import { inside, paste } from "../support/paste.ts";

interface Explained {
  readonly reachable: boolean;
  readonly explanations: readonly { readonly code: string; readonly component: string; readonly message: string; readonly mend: string }[];
  readonly probe: { readonly sent: boolean; readonly answered: boolean; readonly arrived: boolean; readonly agrees: boolean; readonly file?: string; readonly seen: readonly { readonly where: string; readonly way: string; readonly packet: string; readonly answer: boolean }[]; readonly dropped: readonly { readonly interface: string; readonly reason: string }[] };
}

let n: NatNetwork;
const box = boxWithNatNetwork(async (network) => {
  n = network;
  const IpRanges = [{ CidrIp: "10.0.0.0/24" }];
  await box.ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId: n.privateGroup, IpPermissions: [{ IpProtocol: "icmp", FromPort: -1, ToPort: -1, IpRanges }, { IpProtocol: "tcp", FromPort: 80, ToPort: 80, IpRanges }] }));
  await box.ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId: n.natGroup, IpPermissions: [{ IpProtocol: "udp", FromPort: 4000, ToPort: 4000, IpRanges: [{ CidrIp: "10.0.1.0/24" }] }] }));
});

const outward = ["--from", "private", "--to", "ietf.org"], web = [...outward, "--protocol", "tcp", "--port", "80"];
async function probe(words: readonly string[]): Promise<Explained> {
  const result = await box.vpcbox("explain", ...words, "--probe", "--json");
  assert.equal(result.stderr, "");
  const explained = JSON.parse(result.stdout) as Explained;
  assert.equal(explained.probe.agrees, true, `the packet and the analysis differ: ${result.stdout}`);
  assert.equal(words.includes("udp") ? explained.probe.arrived && codesOf(explained).length === 0 : explained.probe.answered, explained.reachable);
  assert.equal(result.status, explained.reachable ? 0 : 1);
  return explained;
}

const codesOf = (explained: Explained): string[] => explained.explanations.map((one) => one.code);
/** Breaks, asks, mends by what was said, asks again. */
async function fault(words: readonly string[], break_: () => Promise<unknown>, codes: string, at: string): Promise<Explained> {
  await break_();
  const broken = await probe(words);
  assert.deepEqual([...new Set(codesOf(broken))], codes.split(" "));
  assert.equal(broken.explanations[0]!.component, at);
  for (const { mend } of broken.explanations) await paste(box, mend);
  await until("it is reachable again", async () => ((await box.vpcbox("explain", ...words)).status === 0 ? true : undefined)); // a process that was started listens in its own time
  assert.deepEqual(codesOf(await probe(words)), []);
  return broken;
}

test("nothing is wrong: the packet is seen at every hop, as what it left each of them", async () => {
  for (const words of [outward, web]) {
    const { probe: { seen } } = await probe(words);
    const ways = seen.map((one) => `${one.where} ${one.way}${one.answer ? " answer" : ""}`);
    for (const way of [`${n.private} out`, `${n.nat} in`, `${n.nat} out`, "internet in", "internet out answer", `${n.nat} in answer`, `${n.private} in answer`]) assert.ok(ways.includes(way), `${way}: ${ways.join(", ")}`);
    assert.ok(seen.find((one) => one.where === "internet" && one.way === "in")!.packet.includes(n.natPublic));
  }
});

const nat = (): string => n.nat, inner = (): string => n.private;
const toSsh = ["--from", "nat", "--to", "private", "--protocol", "tcp", "--port", "22"], toWeb = ["--from", "nat", "--to", "private", "--protocol", "tcp", "--port", "80"], toName = ["--from", "nat", "--to", "private"];
const nftForward = "nft add table inet fw; nft add chain inet fw f '{ type filter hook forward priority 0; }'; nft add rule inet fw f ip protocol icmp drop";
const loopbackWeb = "pkill -x nc; setsid -f nc -lk 127.0.0.1 80 </dev/null >/dev/null 2>&1; until grep -q '0100007F:0050 ' /proc/net/tcp; do sleep 0.1; done";
const loopbackSsh = "echo 'ListenAddress 127.0.0.1' >> /etc/ssh/sshd_config; systemctl restart sshd; until grep -q '0100007F:0016 ' /proc/net/tcp; do sleep 0.1; done";

const faults: readonly (readonly [name: string, words: readonly string[], where: () => string, command: string, codes: string, says?: RegExp])[] = [
  ["forwarding off", outward, nat, "sysctl -w net.ipv4.ip_forward=0", "GUEST_IP_FORWARDING_DISABLED"],
  ["forwarding off on the one device", web, nat, "sysctl -w net.ipv4.conf.eth0.forwarding=0", "GUEST_IP_FORWARDING_DISABLED"],
  ["MASQUERADE gone", outward, nat, "iptables -t nat -F POSTROUTING", "GUEST_NAT_MISSING"],
  ["MASQUERADE on the wrong interface", outward, nat, "iptables -t nat -F POSTROUTING; iptables -t nat -A POSTROUTING -o eth1 -j MASQUERADE", "GUEST_NAT_WRONG_INTERFACE"],
  ["a rule drops the web alone", web, nat, "iptables -A FORWARD -p tcp -m multiport --dports 80,443 -j DROP", "GUEST_FIREWALL_DROPS", /FORWARD .*--dports 80,443/],
  ["the policy of FORWARD is DROP", outward, nat, "iptables -P FORWARD DROP", "GUEST_FIREWALL_DROPS", /policy of FORWARD/],
  ["a rule of FORWARD rejects", outward, nat, "iptables -A FORWARD -s 10.0.1.0/24 -j REJECT", "GUEST_FIREWALL_DROPS", /-A FORWARD -s 10\.0\.1\.0\/24 -j REJECT/],
  ["nftables drops what is forwarded", outward, nat, nftForward, "GUEST_FIREWALL_DROPS", /nft table inet fw/],
  ["INPUT drops", toSsh, inner, "iptables -A INPUT -p tcp --dport 22 -j DROP", "GUEST_FIREWALL_DROPS", /-A INPUT/],
  ["OUTPUT drops the question", outward, inner, "iptables -A OUTPUT -p icmp -j DROP", "GUEST_FIREWALL_DROPS", /-A OUTPUT/],
  ["OUTPUT drops the answer", toSsh, inner, "iptables -A OUTPUT -p tcp --sport 22 -j DROP", "GUEST_FIREWALL_DROPS", /-A OUTPUT .*--sport 22/],
  ["sshd is stopped", toSsh, inner, "systemctl stop sshd", "GUEST_PORT_CLOSED", /no process/],
  ["no process listens", toWeb, inner, "true", "GUEST_PORT_CLOSED", /no process/],
  ["the process listens on loopback alone", toWeb, inner, loopbackWeb, "GUEST_PORT_CLOSED", /127\.0\.0\.1 alone/],
  ["sshd listens on loopback alone", toSsh, inner, loopbackSsh, "GUEST_PORT_CLOSED", /127\.0\.0\.1 alone/],
  ["ping is ignored", toName, inner, "sysctl -w net.ipv4.icmp_echo_ignore_all=1", "GUEST_PING_IGNORED"],
  ["the default route is deleted", outward, inner, "ip route del default", "GUEST_NO_ROUTE", /has no route to 192\.0\.2\.80/],
  ["a route refuses", web, inner, "ip route add blackhole 192.0.2.0/24", "GUEST_NO_ROUTE", /blackhole 192\.0\.2\.0\/24/],
  ["a route leads to a bridge of the guest's own", web, inner, "ip link add docker0 type veth peer name docker1 && ip link set docker1 up && ip link set docker0 up && ip route add 192.0.2.0/24 dev docker0", "GUEST_NO_ROUTE", /leads to docker0/],
  ["the NAT instance's route is deleted", outward, nat, "ip route del default", "GUEST_NO_ROUTE"],
  ["the NAT instance's interface is down", outward, nat, "ip link set eth0 down", "GUEST_INTERFACE_DOWN"],
  ["the sender's interface is down", web, inner, "ip link set eth0 down", "GUEST_INTERFACE_DOWN"],
  ["the sender has lost its address", outward, inner, "ip address flush dev eth0", "GUEST_ADDRESS_MISSING"],
  ["the target has lost its address", toSsh, inner, "ip address flush dev eth0", "GUEST_ADDRESS_MISSING"],
  ["rp_filter, and the way back is another", outward, nat, "sysctl -w net.ipv4.conf.eth0.rp_filter=1; ip link add eth9 type veth peer name eth8 && ip link set eth8 up && ip link set eth9 up && ip route add 10.0.1.0/24 dev eth9", "GUEST_REVERSE_PATH_FILTER GUEST_NO_ROUTE"],
];
for (const [name, words, where, command, codes, says] of faults)
  test(`inside: ${name}`, async () => {
    const { explanations } = await fault(words, () => inside(box, where(), command), codes, where());
    if (codes === "GUEST_FIREWALL_DROPS") await inside(box, where(), "iptables -P FORWARD ACCEPT; iptables -F; nft delete table inet fw 2>/dev/null || true"); // the next test's own rules decide
    if (says) assert.match(explanations[0]!.message, says);
  });

test("UDP: a closed port is reached, and refuses; whether a program answers is its affair; the VPC's DNS server does", async () => {
  const words = ["--from", "private", "--to", "nat", "--protocol", "udp", "--port", "4000"];
  const { probe: closed } = await fault(words, () => Promise.resolve(), "GUEST_PORT_CLOSED", n.nat);
  assert.deepEqual([closed.arrived, closed.answered], [true, false]);
  const { probe: open } = await probe(words);
  assert.deepEqual([open.arrived, open.answered, open.seen.map((one) => `${one.where} ${one.way}`)], [true, false, [`${n.private} out`, `${n.nat} in`]]);
  const dns = JSON.parse((await box.vpcbox("explain", "--from", "private", "--to", "10.0.0.2", "--protocol", "udp", "--port", "53", "--probe", "--json")).stdout) as Explained;
  assert.deepEqual([dns.reachable, dns.probe.answered, dns.probe.agrees], [true, true, true]);
});

test("from outside: the laptop behind the gateway, and a host of the internet", async () => {
  const to = (from: string, port: string): string[] => ["--from", from, "--to", "nat", "--protocol", "tcp", "--port", port];
  assert.equal((await probe(to("laptop", "22"))).reachable, true);
  const laptop = await probe(to(n.gateway, "22"));
  assert.deepEqual([laptop.reachable, laptop.probe.seen.map((one) => `${one.where} ${one.way}`)], [true, ["laptop out", "internet in", "internet out", `${n.nat} in`, `${n.nat} out`, "internet in", "internet out", "laptop in"]]);
  const host = await probe(to("192.0.2.80", "22"));
  assert.deepEqual([host.reachable, host.probe.seen[0]!.where, host.probe.seen[0]!.packet.includes("192.0.2.80:")], [true, "internet", true]);
  const refused = await probe(to("192.0.2.80", "80"));
  assert.deepEqual(codesOf(refused), ["ENI_SG_RULES_MISMATCH", "GUEST_PORT_CLOSED"]);
  assert.deepEqual([refused.probe.arrived, refused.probe.seen.map((one) => `${one.where} ${one.way}`), [...new Set(refused.probe.dropped.map((one) => `${one.interface} ${one.reason}`))]], [false, ["internet out"], [`${n.natInterface} GROUP_INGRESS`]]);
});

/**
 * Tracked connections by netlink (ctnetlink), confirmed and answered: the kernel drops none of them for a new one. What was there before ends
 * in its own time and would leave room: a process fills it up until the limit is another.
 */
const fill = `
import os, socket, struct, time
def attr(kind, data, nested=False): return struct.pack("HH", 4 + len(data), kind | (0x8000 if nested else 0)) + data + bytes(-len(data) % 4)
def flow(kind, a, b, p, q): return attr(kind, attr(1, attr(1, a) + attr(2, b), True) + attr(2, attr(1, bytes([17])) + attr(2, struct.pack(">H", p)) + attr(3, struct.pack(">H", q)), True), True)
netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)
here, end = socket.inet_aton("198.18.0.1"), attr(3, struct.pack(">I", 14)) + attr(7, struct.pack(">I", 3600))
def add(first, last):
    batch = b""
    for i in range(first, last):
        there, port = struct.pack(">I", 0xc6130000 + (i >> 15)), 1024 + (i & 0x7fff)
        body = struct.pack(">BBH", 2, 0, 0) + flow(1, here, there, port, 9) + flow(2, there, here, 9, port) + end
        batch += struct.pack("IHHII", 16 + len(body), 0x100, 0x401, i, 0) + body
        if len(batch) > 30000 or i == last - 1: netlink.send(batch); batch = b""
limit = lambda: int(open("/proc/sys/net/netfilter/nf_conntrack_max").read())
before = many = limit()
add(0, many)
if os.fork() == 0:
    for fd in (0, 1, 2): os.close(fd)
    over = time.monotonic() + 60
    while limit() == before and time.monotonic() < over:
        add(many, many + 32); many += 32
        time.sleep(0.01)
`;
const limit = "/proc/sys/net/netfilter/nf_conntrack_max";

test("inside: the NAT instance's table of connections is full", { timeout: 300_000 }, async () => {
  const before = readFileSync(limit, "utf8");
  try {
    const broken = await fault(outward, async () => assert.equal((await box.exec(n.nat, "python3", "-c", fill)).status, 0), "GUEST_CONNTRACK_FULL", n.nat);
    assert.equal(broken.explanations[0]!.mend, `sysctl -w net.netfilter.nf_conntrack_max=${2 * Number(before)}`, "the limit is this machine's");
  } finally {
    writeFileSync(limit, before);
  }
});
