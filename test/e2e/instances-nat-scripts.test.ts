// Owns that the boot script of a CDK stack's NAT instance runs as it is and that traffic goes through afterwards, also after a reboot.

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Box, until } from "../support/box.ts";
import { kernelLeftovers } from "../support/kernel-leftovers.ts";
import { buildNatNetwork, findImage, type NatNetwork } from "../support/nat-network.ts";

const box = new Box();
let n: NatNetwork;
let image: string;

before(async () => {
  await box.up();
  n = await buildNatNetwork(box, await findImage(box, "amzn-ami-vpc-nat-*"));
  image = await findImage(box, "al2023-ami-*");
  await box.aws("ec2", "authorize-security-group-ingress", "--group-id", n.natGroup, "--protocol", "all", "--cidr", "10.0.1.0/24");
});
after(async () => {
  await box.remove();
  assert.deepEqual(await kernelLeftovers(box), []);
});

async function launch(script: string): Promise<{ id: string; publicIp: string }> {
  const path = join(box.stateDir, "script.sh");
  writeFileSync(path, script);
  const { Instances } = await box.aws<{ Instances: { InstanceId: string }[] }>("ec2", "run-instances", "--image-id", image, "--instance-type", "t3.micro", "--subnet-id", n.publicSubnet,
    "--security-group-ids", n.natGroup, "--associate-public-ip-address", "--user-data", `file://${path}`);
  const id = Instances[0]!.InstanceId;
  const ended = await until("its script has ended", async () => /^Failed to run .*|^Cloud-init v\S+ .*finished/m.exec((await box.vpcbox("console-output", id)).stdout)?.[0], 120_000);
  assert.match(ended, /finished/, (await box.vpcbox("console-output", id)).stdout);
  const { Reservations } = await box.aws<{ Reservations: { Instances: { PublicIpAddress: string }[] }[] }>("ec2", "describe-instances", "--instance-ids", id);
  return { id, publicIp: Reservations[0]!.Instances[0]!.PublicIpAddress };
}
const seenAs = async (): Promise<string> => (await box.exec(n.private, "curl", "-s", "-m", "5", "http://checkip.amazonaws.com")).stdout.trim();

test("the commands of a CDK NAT instance: packages, service, sysctl.d, the interface of the default route, saved rules", async () => {
  const { id, publicIp } = await launch(`#!/bin/bash
dnf -y install iptables-services
systemctl enable iptables
systemctl start iptables
printf 'net.ipv4.ip_forward = 1\\n' > /etc/sysctl.d/custom-ip-forwarding.conf
sudo sysctl -p /etc/sysctl.d/custom-ip-forwarding.conf
out=$(route | grep '^default' | grep -o '[^ ]*$')
sudo /sbin/iptables -t nat -A POSTROUTING -o "$out" -j MASQUERADE
sudo /sbin/iptables -F FORWARD
sudo service iptables save
`);
  await box.aws("ec2", "modify-instance-attribute", "--instance-id", id, "--no-source-dest-check");
  await box.aws("ec2", "replace-route", "--route-table-id", n.mainTable, "--destination-cidr-block", "0.0.0.0/0", "--instance-id", id);
  assert.equal(await seenAs(), publicIp);
  assert.equal((await box.exec(n.private, "ping", "-c", "1", "-W", "2", "ietf.org")).status, 0);
  await box.aws("ec2", "reboot-instances", "--instance-ids", id);
  await until("it forwards again after a reboot, by what was saved", async () => ((await seenAs()) === publicIp ? true : undefined), 60_000);
});
