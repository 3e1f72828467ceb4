// Owns that the boot scripts of NAT products run as they are and traffic goes through afterwards: the commands of a CDK stack's NAT
// instance, and a router of nftables that finds its interface, lifts its own check by the API and takes over the route, as one fails over.

import { test } from "node:test";
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { DescribeRouteTablesCommand } from "@aws-sdk/client-ec2";
import { until } from "../support/box.ts";
import { boxWithNatNetwork, findImage, type NatNetwork } from "../support/nat-network.ts";

let n: NatNetwork;
let image: string;
const box = boxWithNatNetwork(async (network) => {
  n = network;
  image = await findImage(box, "al2023-ami-*");
  const trust = JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Principal: { Service: "ec2.amazonaws.com" }, Action: "sts:AssumeRole" }] });
  await box.aws("iam", "create-role", "--role-name", "router", "--assume-role-policy-document", trust);
  await box.aws("iam", "create-instance-profile", "--instance-profile-name", "router");
  await box.aws("iam", "add-role-to-instance-profile", "--instance-profile-name", "router", "--role-name", "router");
  await box.aws("ec2", "authorize-security-group-ingress", "--group-id", n.natGroup, "--protocol", "all", "--cidr", "10.0.1.0/24");
});

async function launch(script: string): Promise<{ id: string; publicIp: string }> {
  const path = join(box.stateDir, "script.sh");
  writeFileSync(path, script);
  const { Instances } = await box.aws<{ Instances: { InstanceId: string }[] }>("ec2", "run-instances", "--image-id", image, "--instance-type", "t3.micro", "--subnet-id", n.publicSubnet,
    "--security-group-ids", n.natGroup, "--associate-public-ip-address", "--iam-instance-profile", "Name=router", "--user-data", `file://${path}`);
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

test("a router that takes over by itself: nftables, its own check lifted, the route replaced, all by the API from inside", async () => {
  const { publicIp } = await launch(`#!/bin/bash
set -euo pipefail
token=$(curl -sS -X PUT http://169.254.169.254/latest/api/token -H 'X-aws-ec2-metadata-token-ttl-seconds: 60')
meta() { curl -sSf -H "X-aws-ec2-metadata-token: $token" "http://169.254.169.254/latest/meta-data/$1"; }
id=$(meta instance-id) region=$(meta placement/region) eni=$(meta "network/interfaces/macs/$(meta mac)/interface-id")
nic=$(ip -o -4 route show to default | awk '{ print $5 }')
sysctl -w net.ipv4.ip_forward=1 "net.ipv4.conf.$nic.send_redirects=0"
nft add table ip nat
nft 'add chain ip nat postrouting { type nat hook postrouting priority 100 ; }'
nft add rule ip nat postrouting oifname "$nic" masquerade
aws ec2 modify-instance-attribute --region "$region" --instance-id "$id" --no-source-dest-check
aws ec2 replace-route --region "$region" --route-table-id ${n.mainTable} --destination-cidr-block 0.0.0.0/0 --network-interface-id "$eni"
`);
  assert.equal(await seenAs(), publicIp, "nobody outside did anything");
});

test("boto3 inside, with nothing but its profile: who it is, and the route replaced", async () => {
  const { id, publicIp } = await launch(`#!/usr/bin/python3
import subprocess, urllib.request
import boto3
def ask(path, method="GET", **headers):
    return urllib.request.urlopen(urllib.request.Request("http://169.254.169.254/latest/" + path, method=method, headers={name.replace("_", "-"): value for name, value in headers.items()})).read().decode()
token = ask("api/token", "PUT", X_aws_ec2_metadata_token_ttl_seconds="60")
me, region = (ask("meta-data/" + path, X_aws_ec2_metadata_token=token) for path in ("instance-id", "placement/region"))
subprocess.check_call(["sysctl", "-w", "net.ipv4.ip_forward=1"])
subprocess.check_call(["iptables", "-t", "nat", "-A", "POSTROUTING", "-o", "eth0", "-j", "MASQUERADE"])
print("I am", boto3.client("sts", region_name=region).get_caller_identity()["Arn"])
ec2 = boto3.client("ec2", region_name=region)
ec2.modify_instance_attribute(InstanceId=me, SourceDestCheck={"Value": False})
ec2.replace_route(RouteTableId="${n.mainTable}", DestinationCidrBlock="0.0.0.0/0", InstanceId=me)
print("called", ec2.meta.endpoint_url)
`);
  const log = (await box.vpcbox("console-output", id)).stdout;
  assert.match(log, new RegExp(`^I am arn:aws:sts::000000000000:assumed-role/router/${id}$`, "m"));
  assert.match(log, /^called https:\/\/ec2\.us-east-1\.amazonaws\.com$/m, "at AWS's own name, by TLS");
  const { RouteTables } = await box.ec2.send(new DescribeRouteTablesCommand({ RouteTableIds: [n.mainTable] }));
  assert.equal(RouteTables![0]!.Routes!.find((route) => route.DestinationCidrBlock === "0.0.0.0/0")!.InstanceId, id);
  assert.equal(await seenAs(), publicIp, "and packets take it");
});
