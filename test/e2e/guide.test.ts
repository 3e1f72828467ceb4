// Owns the guide, walked by Debian's `aws`: each step, each fault of its troubleshooting list (and four more), and the way down.
// Every fault must stop the ping for its true reason, named by the datapath's drop counters, and end when it is undone.

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { Box, run, until } from "../support/box.ts";
import { walkGuide } from "../support/guide-walk.ts";
import { findImage, instanceState, pings, waitForState, type NatNetwork } from "../support/nat-network.ts";
import { kernelLeftovers } from "../support/kernel-leftovers.ts";

const box = new Box();
let n: NatNetwork;

before(async () => { await box.up(); });
after(async () => {
  await box.remove();
  assert.deepEqual(await kernelLeftovers(box), []);
});

/** Breaks, sees that the ping stops for this reason at this interface, mends, sees that it is back. */
async function fault(reason: { at: string; drop: string } | undefined, break_: () => Promise<unknown>, mend: () => Promise<unknown>): Promise<void> {
  assert.equal(await pings(box, n.private, "ietf.org"), true, "it works before");
  await break_();
  const before = await box.drops();
  try {
    assert.equal(await pings(box, n.private, "192.0.2.80"), false, "the fault stops it");
    const now = await box.drops();
    const raised = [...now].filter(([key, count]) => count > (before.get(key) ?? 0)).map(([key]) => key);
    assert.deepEqual(raised, reason ? [`${reason.at} ${reason.drop}`] : [], "for its true reason, and no other");
  } finally {
    await mend();
  }
  assert.equal(await pings(box, n.private, "ietf.org"), true, "undoing it is enough");
}

test("an image of one's own, by the guide's commands, forwards after boot without another word", async () => {
  const subnet = (await box.aws<{ Subnets: { SubnetId: string }[] }>("ec2", "describe-subnets", "--filters", "Name=default-for-az,Values=true")).Subnets[0]!.SubnetId;
  const base = await findImage(box, "amzn2-ami-hvm-*");
  const { Instances: [builder] } = await box.aws<{ Instances: { InstanceId: string }[] }>("ec2", "run-instances", "--image-id", base, "--instance-type", "t3.micro", "--subnet-id", subnet);
  await waitForState(box, builder!.InstanceId, "running");
  const inside = "sudo sysctl -w net.ipv4.ip_forward=1 && sudo /sbin/iptables -t nat -A POSTROUTING -o eth0 -j MASQUERADE && sudo yum install -y iptables-services && sudo service iptables save";
  const prepared = await box.vpcbox("exec", builder!.InstanceId, "-u", "ec2-user", "--", "sh", "-c", inside);
  assert.equal(prepared.status, 0, prepared.stderr + prepared.stdout);
  const { ImageId } = await box.aws<{ ImageId: string }>("ec2", "create-image", "--instance-id", builder!.InstanceId, "--name", "my-nat");
  await box.aws("ec2", "wait", "image-available", "--image-ids", ImageId);
  await box.aws("ec2", "terminate-instances", "--instance-ids", builder!.InstanceId);
  n = await walkGuide(box, ImageId);
  const forward = await box.exec(n.nat, "sysctl", "-n", "net.ipv4.ip_forward");
  assert.equal(forward.stdout.trim(), "1");
  assert.equal(await pings(box, n.private, "ietf.org"), true);
});

test("the private instance leaves with the NAT instance's address", async () => {
  const seen = await box.exec(n.private, "curl", "-s", "--max-time", "5", "http://checkip.amazonaws.com");
  assert.equal(seen.stdout.trim(), n.natPublic, seen.stderr);
});

test("ssh from the laptop through the NAT instance, with the agent, and a ping from there", async () => {
  const script = `eval "$(ssh-agent)" >/dev/null; trap 'ssh-agent -k >/dev/null' EXIT
    ssh-add -q "$1"
    o="-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -o ConnectTimeout=5"
    ssh -A $o ec2-user@"$2" ssh $o ec2-user@"$3" "'whoami; hostname; ping -c 2 ietf.org; curl -s http://checkip.amazonaws.com'"`;
  const result = await box.laptop("bash", "-c", script, "bash", n.keyFile, n.natPublic, n.privateAddress);
  assert.equal(result.status, 0, result.stderr);
  assert.match(result.stdout, /^ec2-user\n/);
  assert.match(result.stdout, /64 bytes from .*192\.0\.2\.80.*ttl=63/);
  assert.ok(result.stdout.trimEnd().endsWith(n.natPublic), result.stdout);
});

test("the laptop cannot open a connection to the private instance", async () => {
  const direct = await box.laptop("curl", "-s", "--max-time", "2", `telnet://${n.privateAddress}:22`);
  assert.notEqual(direct.status, 0);
  const forwarded = await box.laptop("bash", "-c", `ip route replace 10.0.1.0/24 via ${n.natPublic} onlink dev "$(ip -o route show default | sed 's/.*dev \\([^ ]*\\).*/\\1/')" 2>/dev/null; curl -s --max-time 2 telnet://${n.privateAddress}:22; s=$?; ip route del 10.0.1.0/24 2>/dev/null; exit $s`);
  assert.notEqual(forwarded.status, 0);
});

test("fault: the group lacks ICMP from the private subnet", async () => {
  const rule = ["--group-id", n.natGroup, "--ip-permissions", "IpProtocol=icmp,FromPort=-1,ToPort=-1,IpRanges=[{CidrIp=10.0.1.0/24}]"];
  await fault({ at: n.natInterface, drop: "GROUP_INGRESS" },
    () => box.aws("ec2", "revoke-security-group-ingress", ...rule), () => box.aws("ec2", "authorize-security-group-ingress", ...rule));
});

test("fault: the route is missing from the main table", async () => {
  const route = ["--route-table-id", n.mainTable, "--destination-cidr-block", "0.0.0.0/0"];
  await fault({ at: n.privateInterface, drop: "NO_ROUTE" },
    () => box.aws("ec2", "delete-route", ...route), () => box.aws("ec2", "create-route", ...route, "--instance-id", n.nat));
});

test("fault: the route stands in a table that the private subnet does not use", async () => {
  const { RouteTable } = await box.aws<{ RouteTable: { RouteTableId: string } }>("ec2", "create-route-table", "--vpc-id", n.vpc);
  const { AssociationId } = await box.aws<{ AssociationId: string }>("ec2", "associate-route-table", "--route-table-id", RouteTable.RouteTableId, "--subnet-id", n.privateSubnet);
  await box.aws("ec2", "disassociate-route-table", "--association-id", AssociationId);
  let association = "";
  await fault({ at: n.privateInterface, drop: "NO_ROUTE" },
    async () => { association = (await box.aws<{ AssociationId: string }>("ec2", "associate-route-table", "--route-table-id", RouteTable.RouteTableId, "--subnet-id", n.privateSubnet)).AssociationId; },
    () => box.aws("ec2", "disassociate-route-table", "--association-id", association));
  await box.aws("ec2", "delete-route-table", "--route-table-id", RouteTable.RouteTableId);
});

test("fault: the source/destination check is on (by instance, and by interface)", async () => {
  await fault({ at: n.natInterface, drop: "DESTINATION_CHECK" },
    () => box.aws("ec2", "modify-instance-attribute", "--instance-id", n.nat, "--source-dest-check"),
    () => box.aws("ec2", "modify-instance-attribute", "--instance-id", n.nat, "--no-source-dest-check"));
  await fault({ at: n.natInterface, drop: "DESTINATION_CHECK" },
    () => box.aws("ec2", "modify-network-interface-attribute", "--network-interface-id", n.natInterface, "--source-dest-check"),
    () => box.aws("ec2", "modify-network-interface-attribute", "--network-interface-id", n.natInterface, "--no-source-dest-check"));
});

test("the source/destination check stops a forged source too, at once", async () => {
  const forge = "ip addr add 10.0.0.99/32 dev lo; ping -c 1 -W 1 -I 10.0.0.99 192.0.2.80; ip addr del 10.0.0.99/32 dev lo";
  const before = await box.drops();
  await box.exec(n.private, "sh", "-c", forge);
  const key = `${n.privateInterface} SOURCE_CHECK`;
  assert.ok(((await box.drops()).get(key) ?? 0) > (before.get(key) ?? 0));
});

test("fault: the target does not answer ICMP", async () => {
  const before = await box.drops();
  assert.equal(await pings(box, n.private, "no-ping.example.com"), false);
  assert.deepEqual(await box.drops(), before, "nothing on the way stopped it");
  assert.notEqual((await box.laptop("ping", "-c", "1", "-W", "1", "no-ping.example.com")).status, 0, "nor does it answer the laptop, as the guide has one check");
  assert.equal((await box.exec(n.private, "curl", "-s", "-o", "/dev/null", "--max-time", "5", "http://no-ping.example.com/")).status, 0);
});

test("fault: IP forwarding is off in the guest", async () => {
  await fault(undefined,
    () => box.exec(n.nat, "sysctl", "-w", "net.ipv4.ip_forward=0"), () => box.exec(n.nat, "sysctl", "-w", "net.ipv4.ip_forward=1"));
});

test("fault: no MASQUERADE rule in the guest", async () => {
  const rule = ["POSTROUTING", "-o", "eth0", "-j", "MASQUERADE"];
  await fault({ at: n.natInterface, drop: "NO_PUBLIC_ADDRESS" },
    () => box.exec(n.nat, "iptables", "-t", "nat", "-D", ...rule), () => box.exec(n.nat, "iptables", "-t", "nat", "-A", ...rule));
});

test("faults: no public address; the gateway detached", async () => {
  const associate = (): Promise<unknown> => box.aws("ec2", "associate-address", "--allocation-id", n.allocation, "--instance-id", n.nat);
  const disassociate = async (): Promise<void> => {
    const { Addresses: [a] } = await box.aws<{ Addresses: { AssociationId: string }[] }>("ec2", "describe-addresses", "--allocation-ids", n.allocation);
    await box.aws("ec2", "disassociate-address", "--association-id", a!.AssociationId);
  };
  await fault({ at: n.natInterface, drop: "NO_PUBLIC_ADDRESS" }, disassociate, associate);
  const gateway = ["--internet-gateway-id", n.gateway, "--vpc-id", n.vpc];
  await assert.rejects(box.aws("ec2", "detach-internet-gateway", ...gateway), /DependencyViolation/);
  await fault({ at: n.natInterface, drop: "BLACKHOLE" },
    async () => { await disassociate(); await box.aws("ec2", "detach-internet-gateway", ...gateway); },
    async () => { await box.aws("ec2", "attach-internet-gateway", ...gateway); await associate(); });
});

test("kill -9 of the daemon interrupts no connection, and up has every call that was answered", async () => {
  const pinging = box.exec(n.private, "sh", "-c", "touch /tmp/pinging; exec ping -i 0.2 -c 25 192.0.2.80");
  await until("it pings", async () => ((await box.exec(n.private, "test", "-e", "/tmp/pinging")).status === 0 ? true : undefined));
  const { SecurityGroups } = await box.aws<{ SecurityGroups: unknown[] }>("ec2", "describe-security-groups");
  process.kill(box.pid, "SIGKILL");
  await until("the daemon is gone", async () => { try { process.kill(box.pid, 0); return undefined; } catch { return true; } });
  await box.up();
  const result = await pinging;
  assert.match(result.stdout, /25 packets transmitted, 25 received, 0% packet loss/, result.stdout + result.stderr);
  assert.deepEqual((await box.aws<{ SecurityGroups: unknown[] }>("ec2", "describe-security-groups")).SecurityGroups, SecurityGroups);
  assert.equal(await pings(box, n.private, "ietf.org"), true);
});

test("stop and start keep the disk and the addresses; the saved rules are there again", async () => {
  await box.aws("ec2", "stop-instances", "--instance-ids", n.nat);
  await waitForState(box, n.nat, "stopped");
  assert.equal(await pings(box, n.private, "192.0.2.80"), false);
  await box.aws("ec2", "start-instances", "--instance-ids", n.nat);
  await waitForState(box, n.nat, "running");
  await until("the private instance pings again", async () => ((await pings(box, n.private, "ietf.org")) ? true : undefined));
});

test("taking it down in the wrong order is refused, in the right order it goes, and the kernel holds nothing of it", async () => {
  await assert.rejects(box.aws("ec2", "delete-vpc", "--vpc-id", n.vpc), /DependencyViolation/);
  await assert.rejects(box.aws("ec2", "delete-subnet", "--subnet-id", n.publicSubnet), /DependencyViolation/);
  await assert.rejects(box.aws("ec2", "delete-security-group", "--group-id", n.natGroup), /DependencyViolation/);
  await assert.rejects(box.aws("ec2", "delete-internet-gateway", "--internet-gateway-id", n.gateway), /DependencyViolation/);
  await box.aws("ec2", "terminate-instances", "--instance-ids", n.nat, n.private);
  await box.aws("ec2", "wait", "instance-terminated", "--instance-ids", n.nat, n.private);
  assert.equal(await instanceState(box, n.nat), "terminated");
  await box.aws("ec2", "release-address", "--allocation-id", n.allocation);
  await box.aws("ec2", "delete-route", "--route-table-id", n.mainTable, "--destination-cidr-block", "0.0.0.0/0");
  await box.aws("ec2", "detach-internet-gateway", "--internet-gateway-id", n.gateway, "--vpc-id", n.vpc);
  await box.aws("ec2", "delete-internet-gateway", "--internet-gateway-id", n.gateway);
  for (const subnet of [n.publicSubnet, n.privateSubnet]) await box.aws("ec2", "delete-subnet", "--subnet-id", subnet);
  await box.aws("ec2", "delete-route-table", "--route-table-id", n.publicTable);
  for (const group of [n.natGroup, n.privateGroup]) await box.aws("ec2", "delete-security-group", "--group-id", group);
  await box.aws("ec2", "delete-vpc", "--vpc-id", n.vpc);
  await box.aws("ec2", "delete-key-pair", "--key-name", "mykeypair");
  assert.equal((await run("ls", [`/run/vpcbox/${box.name}/guests`])).stdout.trim(), "");
  const { stdout } = await run("nsenter", [`--net=/run/vpcbox/${box.name}/netns/fabric`, "ip", "-o", "link"]);
  assert.match(stdout, /vbinternet@/);
  assert.doesNotMatch(stdout, /vb\d+@/);
});
