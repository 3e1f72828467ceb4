// Owns names as programs inside instances ask for them: at both addresses of the resolver, private and public ones with AWS's split
// horizon, the VPC's two DNS attributes, DHCP options, and the limit of packets.

import { test } from "node:test";
import assert from "node:assert/strict";
import { until } from "../support/box.ts";
import { boxWithNatNetwork, findInstance, type NatNetwork } from "../support/nat-network.ts";

let n: NatNetwork;
const box = boxWithNatNetwork((network) => { n = network; });

async function shell(instance: string, command: string): Promise<string> {
  const result = await box.exec(instance, "sh", "-c", command);
  assert.equal(result.status, 0, `${command}: ${result.stdout}${result.stderr}`);
  return result.stdout.trim();
}
/** One question by UDP, without the system's resolver: the addresses or names of the answer, or its code, or "nothing". */
const asker = `
import socket, struct, sys
server, name, kind = sys.argv[1:4]
query = struct.pack(">6H", 7, 0x100, 1, 0, 0, 0) + b"".join(bytes([len(part)]) + part.encode() for part in name.split(".")) + b"\\0" + struct.pack(">2H", {"A": 1, "PTR": 12}[kind], 1)
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(1.5)
s.sendto(query, (server, 53))
try: reply = s.recv(4096)
except OSError: print("nothing"); sys.exit()
def label(at):
    parts = []
    while reply[at]:
        if reply[at] >= 0xc0: return ".".join(parts + [label(struct.unpack(">H", reply[at:at + 2])[0] & 0x3fff)]).strip(".")
        parts.append(reply[at + 1:at + 1 + reply[at]].decode()); at += 1 + reply[at]
    return ".".join(parts)
def skip(at):
    while reply[at] and reply[at] < 0xc0: at += 1 + reply[at]
    return at + (2 if reply[at] else 1)
code, at, out = reply[3] & 15, skip(12) + 4, []
for _ in range(struct.unpack(">H", reply[6:8])[0]):
    at = skip(at); rr, _, _, length = struct.unpack(">HHIH", reply[at:at + 10]); at += 10
    out.append(socket.inet_ntoa(reply[at:at + 4]) if rr == 1 else label(at)); at += length
print(" ".join(out) or {0: "empty", 3: "NXDOMAIN", 5: "REFUSED"}.get(code, code))`;
const ask = async (instance: string, server: string, name: string, kind: "A" | "PTR" = "A"): Promise<string> => {
  const { stdout, stderr } = await box.exec(instance, "python3", "-c", asker, server, name, kind);
  assert.equal(stderr, "");
  return stdout.trim();
};
const dashed = (address: string): string => address.replaceAll(".", "-");
const reversed = (address: string): string => `${address.split(".").reverse().join(".")}.in-addr.arpa`;
const SERVERS = ["10.0.0.2", "169.254.169.253"];

test("private names both ways, at either address, and the internet's through it", async () => {
  const name = `ip-${dashed(n.privateAddress)}.ec2.internal`;
  assert.equal(await shell(n.private, "hostname"), name);
  for (const server of SERVERS) {
    assert.equal(await ask(n.nat, server, name), n.privateAddress);
    assert.equal(await ask(n.nat, server, reversed(n.privateAddress), "PTR"), name);
    assert.equal(await ask(n.nat, server, "ip-10-0-1-3.ec2.internal"), "NXDOMAIN", "nobody has that address");
    assert.equal(await ask(n.nat, server, "ietf.org"), "192.0.2.80");
  }
  assert.deepEqual((await shell(n.nat, `getent hosts ip-${dashed(n.privateAddress)}`)).split(/ +/), [n.privateAddress, name], "a short name, by the search domain");
  const { Vpc: { VpcId } } = await box.aws<{ Vpc: { VpcId: string } }>("ec2", "create-vpc", "--cidr-block", "10.7.0.0/16");
  const { Subnet: { SubnetId } } = await box.aws<{ Subnet: { SubnetId: string } }>("ec2", "create-subnet", "--vpc-id", VpcId, "--cidr-block", "10.7.0.0/24");
  await box.aws("ec2", "create-network-interface", "--subnet-id", SubnetId, "--private-ip-address", "10.7.0.10");
  assert.equal(await ask(n.nat, "10.0.0.2", "ip-10-7-0-10.ec2.internal"), "NXDOMAIN", "another VPC's names are its own");
});

test("a public name is given out where enableDnsHostnames says so; it means the private address inside and the public one outside", async () => {
  const name = `ec2-${dashed(n.natPublic)}.compute-1.amazonaws.com`;
  assert.equal((await findInstance(box, n.nat)).PublicDnsName, "");
  assert.equal(await ask(n.private, "10.0.0.2", name), n.natPublic);
  await box.aws("ec2", "modify-vpc-attribute", "--vpc-id", n.vpc, "--enable-dns-hostnames");
  assert.equal((await findInstance(box, n.nat)).PublicDnsName, name);
  const natAddress = await shell(n.nat, "hostname -I");
  for (const server of SERVERS) assert.equal(await ask(n.private, server, name), natAddress);
  assert.match((await box.laptop("getent", "ahostsv4", name)).stdout, new RegExp(`^${n.natPublic.replaceAll(".", "\\.")} `));
  assert.equal(await shell(n.nat, "ec2-metadata --public-hostname"), `public-hostname: ${name}`);
});

test("without enableDnsSupport neither address answers; with it again both do, on running instances", async () => {
  await box.aws("ec2", "modify-vpc-attribute", "--vpc-id", n.vpc, "--no-enable-dns-support");
  for (const server of SERVERS) assert.equal(await ask(n.private, server, "ietf.org"), "nothing");
  assert.notEqual((await box.exec(n.private, "sh", "-c", "timeout 3 getent hosts ietf.org")).status, 0);
  assert.equal(await shell(n.private, "curl -s -o /dev/null -w '%{http_code}' http://169.254.169.254/latest/meta-data/"), "401", "the metadata service is another matter");
  await box.aws("ec2", "modify-vpc-attribute", "--vpc-id", n.vpc, "--enable-dns-support");
  for (const server of SERVERS) assert.equal(await ask(n.private, server, "ietf.org"), "192.0.2.80");
});

test("1,024 packets a second for each interface, and no interface takes another's", async () => {
  const flood = `
import socket, struct, time
query = struct.pack(">6H", 7, 0x100, 1, 0, 0, 0) + b"\\4ietf\\3org\\0" + struct.pack(">2H", 1, 1)
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.setblocking(False)
sent = got = 0; begin = time.monotonic(); end = begin + 3
while time.monotonic() < end + 0.5:
    while sent < 1600 * (min(time.monotonic(), end) - begin): s.sendto(query, ("10.0.0.2", 53)); sent += 1
    try: s.recv(512); got += 1
    except BlockingIOError: time.sleep(0.0002)
print(sent, got)`;
  const flooding = shell(n.private, `python3 -c '${flood.replaceAll("'", "'\\''")}'`);
  let other = 0;
  const answers = until("the flood ends", async () => { if (await ask(n.nat, "10.0.0.2", "ietf.org") === "192.0.2.80") other++; return await Promise.race([flooding, Promise.resolve(undefined)]); });
  const [sent, got] = (await answers).split(" ").map(Number);
  assert.ok(sent! > 4 * 1024 && got! <= 4 * 1024 && got! > 1024, `${got} of ${sent} were answered within three seconds, which lie in four at most`);
  assert.ok(other > 3, `${other} of another interface's were`);
  assert.equal(await until("a second later", async () => { const said = await ask(n.private, "10.0.0.2", "ietf.org"); return said === "nothing" ? undefined : said; }), "192.0.2.80");
});

test("DHCP options: a domain and a name server of one's own, from the next boot on", async () => {
  const server = await shell(n.nat, "hostname -I");
  await box.aws("ec2", "authorize-security-group-ingress", "--group-id", n.natGroup, "--protocol", "udp", "--port", "53", "--cidr", "10.0.1.0/24");
  const answering = `
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("0.0.0.0", 53))
while True:
    q, a = s.recvfrom(512); end = q.index(b"\\0", 12) + 5
    is_a = q[end - 4:end - 2] == b"\\0\\1"
    s.sendto(q[:2] + b"\\x85\\x80\\0\\1" + (b"\\0\\1" if is_a else b"\\0\\0") + b"\\0\\0\\0\\0" + q[12:end] + (b"\\xc0\\x0c\\0\\1\\0\\1\\0\\0\\0\\1\\0\\4" + bytes([198, 51, 100, len(q[13:13 + q[12]])]) if is_a else b""), a)`;
  await shell(n.nat, `setsid python3 -c '${answering.replaceAll("'", "'\\''")}' > /dev/null 2>&1 < /dev/null &`);
  const { DhcpOptions: { DhcpOptionsId } } = await box.aws<{ DhcpOptions: { DhcpOptionsId: string } }>("ec2", "create-dhcp-options", "--dhcp-configurations", "Key=domain-name,Values=corp.example", `Key=domain-name-servers,Values=${server}`);
  await box.aws("ec2", "associate-dhcp-options", "--dhcp-options-id", DhcpOptionsId, "--vpc-id", n.vpc);
  await box.aws("ec2", "reboot-instances", "--instance-ids", n.private);
  await until("it boots again with them", async () => (/^search corp\.example$/m.test((await box.exec(n.private, "cat", "/etc/resolv.conf")).stdout) ? true : undefined));
  assert.match(await shell(n.private, "cat /etc/resolv.conf"), new RegExp(`^nameserver ${server.replaceAll(".", "\\.")}$`, "m"));
  assert.match(await shell(n.private, "getent ahostsv4 seventh"), /^198\.51\.100\.7 /, "its server was asked for it");
  assert.match(await shell(n.private, "getent hosts seventh"), /seventh\.corp\.example$/);
  assert.equal(await ask(n.private, "10.0.0.2", "ietf.org"), "192.0.2.80", "AWS's answers whoever asks it");
});
