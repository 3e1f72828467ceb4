// Owns the metadata service and the API as programs inside instances use them: tokens, options, the tree, a role's credentials, and
// the EC2 API under AWS's name, over TLS, by the network that the instance really has.

import { test } from "node:test";
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "../support/box.ts";
import { boxWithNatNetwork, findImage, type NatNetwork } from "../support/nat-network.ts";

let n: NatNetwork;
const box = boxWithNatNetwork((network) => { n = network; });

const base = "http://169.254.169.254";
async function shell(instance: string, command: string): Promise<string> {
  const result = await box.exec(instance, "sh", "-c", command);
  assert.equal(result.status, 0, `${command}: ${result.stdout}${result.stderr}`);
  return result.stdout;
}
const token = (ttl = 60): string => `$(curl -sf -X PUT ${base}/latest/api/token -H 'X-aws-ec2-metadata-token-ttl-seconds: ${ttl}')`;
const get = (instance: string, path: string): Promise<string> => shell(instance, `curl -sf -H "X-aws-ec2-metadata-token: ${token()}" ${base}/latest/${path}`);
const status = (instance: string, curl: string): Promise<string> => shell(instance, `curl -s -o /dev/null -w '%{http_code}' ${curl}`);
const options = (instance: string, ...args: string[]): Promise<unknown> => box.aws("ec2", "modify-instance-metadata-options", "--instance-id", instance, ...args);

test("the tree, as cloud-init and the SDKs read it", async () => {
  assert.match(await get(n.nat, ""), /^dynamic\nmeta-data$/);
  const names = (await get(n.nat, "meta-data/")).split("\n");
  for (const name of ["ami-id", "block-device-mapping/", "events/", "hostname", "instance-id", "instance-type", "local-hostname", "local-ipv4", "mac", "network/", "placement/", "profile", "public-ipv4", "public-keys/", "reservation-id", "security-groups", "services/"]) assert.ok(names.includes(name), `${name} in ${names}`);
  assert.equal(await get(n.nat, "meta-data/instance-id"), n.nat);
  assert.equal(await get(n.nat, "meta-data/public-ipv4"), n.natPublic);
  assert.equal(await get(n.nat, "meta-data/placement/region"), "us-east-1");
  const mac = (await get(n.nat, "meta-data/network/interfaces/macs/")).trim();
  assert.match(mac, /^([0-9a-f]{2}:){5}[0-9a-f]{2}\/$/);
  assert.equal(await get(n.nat, `meta-data/network/interfaces/macs/${mac}interface-id`), n.natInterface);
  assert.equal(await get(n.nat, `meta-data/network/interfaces/macs/${mac}ipv4-associations/${n.natPublic}`), "10.0.0." + (await get(n.nat, "meta-data/local-ipv4")).split(".")[3]);
  assert.equal(await get(n.nat, `meta-data/network/interfaces/macs/${mac}subnet-ipv4-cidr-block`), "10.0.0.0/24");
  assert.match(await get(n.nat, "meta-data/public-keys/"), /^0=mykeypair$/);
  assert.match(await get(n.nat, "meta-data/public-keys/0/openssh-key"), /^ssh-/);
  const document = JSON.parse(await get(n.nat, "dynamic/instance-identity/document")) as Record<string, string>;
  assert.deepEqual([document.instanceId, document.region, document.accountId, document.instanceType], [n.nat, "us-east-1", "000000000000", "t3.micro"]);
  assert.match(document.pendingTime!, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  assert.match(await shell(n.nat, "ec2-metadata -i"), new RegExp(`^instance-id: ${n.nat}`));
  assert.match(await shell(n.nat, "ec2-metadata --all"), /local-ipv4: 10\.0\.0\./);
});

test("tokens: for a time, for one instance; required, optional and switched off", async () => {
  assert.equal(await status(n.private, `${base}/latest/meta-data/`), "401", "Amazon Linux 2023 wants version 2");
  assert.equal(await status(n.nat, `${base}/latest/meta-data/`), "200");
  for (const ttl of ["0", "21601", "x"]) assert.equal(await status(n.nat, `-X PUT ${base}/latest/api/token -H 'X-aws-ec2-metadata-token-ttl-seconds: ${ttl}'`), "400");
  assert.equal(await status(n.nat, `-X PUT ${base}/latest/api/token`), "400");
  assert.equal(await status(n.nat, `-X PUT ${base}/latest/api/token -H 'X-Forwarded-For: 10.0.0.1' -H 'X-aws-ec2-metadata-token-ttl-seconds: 60'`), "403");
  assert.equal(await status(n.nat, `-H 'X-aws-ec2-metadata-token: AQAAAinvalid==' ${base}/latest/meta-data/`), "401");
  const of_ = (await shell(n.nat, `echo ${token()}`)).trim();
  assert.equal(await status(n.private, `-H 'X-aws-ec2-metadata-token: ${of_}' ${base}/latest/meta-data/`), "401", "another instance's token");
  assert.equal(await shell(n.nat, `T=${token(1)}; curl -s -o /dev/null -w '%{http_code} ' -H "X-aws-ec2-metadata-token: $T" ${base}/latest/meta-data/; sleep 1.1; curl -s -o /dev/null -w '%{http_code}' -H "X-aws-ec2-metadata-token: $T" ${base}/latest/meta-data/`), "200 401");
  await options(n.nat, "--http-tokens", "required");
  assert.equal(await status(n.nat, `${base}/latest/meta-data/`), "401");
  await options(n.nat, "--http-endpoint", "disabled");
  assert.equal(await status(n.nat, `-X PUT ${base}/latest/api/token -H 'X-aws-ec2-metadata-token-ttl-seconds: 60'`), "403");
  await options(n.nat, "--http-endpoint", "enabled", "--http-tokens", "optional");
  assert.equal(await status(n.nat, `${base}/latest/meta-data/nothing`), "404");
});

test("the answer with the token lives for as many hops as the instance's options say", async () => {
  const capture = `rm -f /tmp/ttl; timeout 5 tcpdump -l -nvi eth0 'src host 169.254.169.254 and tcp[tcpflags] & tcp-push != 0' > /tmp/ttl 2>/dev/null & sleep 0.7; curl -sf -X PUT ${base}/latest/api/token -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' > /dev/null; sleep 0.3; kill %1 2>/dev/null; wait; grep -o 'ttl [0-9]*' /tmp/ttl | sort -u`;
  await options(n.nat, "--http-put-response-hop-limit", "1");
  assert.equal((await shell(n.nat, capture)).trim(), "ttl 1");
  await options(n.nat, "--http-put-response-hop-limit", "3");
  assert.equal((await shell(n.nat, capture)).trim(), "ttl 3");
});

test("a NAT instance gives nobody its own metadata", async () => {
  const nat = await get(n.nat, "meta-data/local-ipv4");
  const seen = await shell(n.private, `ip route add 169.254.169.254 via ${nat} onlink dev eth0 && curl -sf -m 2 -H "X-aws-ec2-metadata-token: ${token()}" ${base}/latest/meta-data/instance-id; ip route del 169.254.169.254`);
  assert.equal(seen, n.private);
});

test("tags when they are allowed", async () => {
  assert.equal(await status(n.nat, `${base}/latest/meta-data/tags/instance`), "404");
  await options(n.nat, "--instance-metadata-tags", "enabled");
  assert.equal(await get(n.nat, "meta-data/tags/instance"), "Name");
  assert.equal(await get(n.nat, "meta-data/tags/instance/Name"), "nat");
});

test("a role's credentials, and with them the EC2 API at AWS's name: a script inside replaces a route", async () => {
  assert.equal(await status(n.nat, `${base}/latest/meta-data/iam/info`), "404");
  const trust = JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Principal: { Service: "ec2.amazonaws.com" }, Action: "sts:AssumeRole" }] });
  await box.aws("iam", "create-role", "--role-name", "nat-role", "--assume-role-policy-document", trust);
  await box.aws("iam", "create-instance-profile", "--instance-profile-name", "nat-profile");
  await box.aws("iam", "add-role-to-instance-profile", "--instance-profile-name", "nat-profile", "--role-name", "nat-role");
  await box.aws("ec2", "associate-iam-instance-profile", "--instance-id", n.nat, "--iam-instance-profile", "Name=nat-profile");
  assert.equal(await get(n.nat, "meta-data/iam/security-credentials/"), "nat-role");
  const credentials = JSON.parse(await get(n.nat, "meta-data/iam/security-credentials/nat-role")) as Record<string, string>;
  assert.equal(credentials.Code, "Success");
  assert.match(credentials.AccessKeyId!, /^ASIA/);
  assert.equal((JSON.parse(await get(n.nat, "meta-data/iam/security-credentials/nat-role")) as Record<string, string>).AccessKeyId, credentials.AccessKeyId, "the same until they are about to expire");
  assert.match((JSON.parse(await get(n.nat, "meta-data/iam/info")) as Record<string, string>).InstanceProfileArn!, /:instance-profile\/nat-profile$/);

  const who = JSON.parse(await shell(n.nat, "aws sts get-caller-identity --region us-east-1 --output json")) as { Arn: string };
  assert.equal(who.Arn, `arn:aws:sts::000000000000:assumed-role/nat-role/${n.nat}`);
  await box.aws("ec2", "create-route", "--route-table-id", n.publicTable, "--destination-cidr-block", "192.0.2.82/32", "--gateway-id", n.gateway);
  const script = `import botocore.session
s = botocore.session.get_session()
ec2 = s.create_client("ec2", region_name="us-east-1")
assert ec2.meta.endpoint_url == "https://ec2.us-east-1.amazonaws.com", ec2.meta.endpoint_url
ec2.replace_route(RouteTableId="${n.publicTable}", DestinationCidrBlock="192.0.2.82/32", NetworkInterfaceId="${n.natInterface}")
print("replaced")
`;
  writeFileSync(join(box.stateDir, "script.py"), script);
  assert.equal(await shell(n.nat, `/usr/bin/python3 -c '${script.replaceAll("'", "'\\''")}'`), "replaced\n");
  const { RouteTables } = await box.aws<{ RouteTables: { Routes: { DestinationCidrBlock: string; NetworkInterfaceId?: string }[] }[] }>("ec2", "describe-route-tables", "--route-table-ids", n.publicTable);
  assert.equal(RouteTables[0]!.Routes.find((r) => r.DestinationCidrBlock === "192.0.2.82/32")?.NetworkInterfaceId, n.natInterface);
  assert.equal((await shell(n.nat, "curl -s -o /dev/null -w '%{ssl_verify_result}' https://ec2.eu-west-1.api.aws/")).trim(), "0");
});

test("the API is an internet host like any other: without a way there it is not reached", async () => {
  assert.equal(await shell(n.private, "curl -s -m 5 -o /dev/null -w '%{ssl_verify_result} %{remote_ip}' https://ec2.us-east-1.amazonaws.com/"), "0 192.0.2.90", "by the NAT instance");
  await box.aws("ec2", "delete-route", "--route-table-id", n.mainTable, "--destination-cidr-block", "0.0.0.0/0");
  assert.notEqual((await box.exec(n.private, "curl", "-s", "-m", "2", "https://ec2.us-east-1.amazonaws.com/")).status, 0);
  await box.aws("ec2", "create-route", "--route-table-id", n.mainTable, "--destination-cidr-block", "0.0.0.0/0", "--instance-id", n.nat);
});

test("a boot script of fck-nat's kind: it attaches the interface that is the NAT's, and forwards", async () => {
  const { NetworkInterface } = await box.aws<{ NetworkInterface: { NetworkInterfaceId: string; PrivateIpAddress: string } }>("ec2", "create-network-interface", "--subnet-id", n.publicSubnet, "--groups", n.natGroup);
  const eni = NetworkInterface.NetworkInterfaceId;
  await box.aws("ec2", "modify-network-interface-attribute", "--network-interface-id", eni, "--no-source-dest-check");
  const { AllocationId } = await box.aws<{ AllocationId: string }>("ec2", "allocate-address", "--domain", "vpc");
  await box.aws("ec2", "associate-address", "--allocation-id", AllocationId, "--network-interface-id", eni);
  const script = `#!/bin/bash
set -euo pipefail
eni_id="${eni}"
token="$(curl -sS -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 300' ${base}/latest/api/token)"
meta() { curl -sS -f -H "X-aws-ec2-metadata-token: $token" "${base}/latest/meta-data/$1"; }
region="$(meta placement/region)"
instance_id="$(meta instance-id)"
first_eni="$(meta "network/interfaces/macs/$(meta mac)/interface-id")"
echo "instance $instance_id with $first_eni in $region"
device_of() { ip link show dev "$1" | head -n 1 | awk '{ print $2 }' | sed s/://g; }
first="$(device_of "$first_eni")"
if ! ip link show dev "$eni_id"; then
  aws ec2 attach-network-interface --region "$region" --instance-id "$instance_id" --device-index 1 --network-interface-id "$eni_id"
  until ip link show dev "$eni_id"; do sleep 0.2; done
fi
second="$(device_of "$eni_id")"
until [ "$(cat "/sys/class/net/$second/operstate")" = up ]; do sleep 0.2; done
ip route del default dev "$first"
sysctl -q -w net.ipv4.ip_forward=1
for i in $(find /proc/sys/net/ipv4/conf/ -name rp_filter); do echo 0 > $i; done
sysctl -q -w "net.ipv4.conf.$second.send_redirects=0"
iptables -t nat -F
iptables -t nat -A POSTROUTING -o "$second" -j MASQUERADE -m comment --comment "of this script"
iptables -F FORWARD
echo "forwards by $second, not $first"
`;
  const path = join(box.stateDir, "fck.sh");
  writeFileSync(path, script);
  const image = await findImage(box, "al2023-ami-*");
  const { Instances } = await box.aws<{ Instances: { InstanceId: string }[] }>("ec2", "run-instances", "--image-id", image, "--instance-type", "t3.micro", "--subnet-id", n.publicSubnet, "--security-group-ids", n.natGroup,
    "--associate-public-ip-address", "--iam-instance-profile", "Name=nat-profile", "--user-data", `file://${path}`);
  const id = Instances[0]!.InstanceId;
  const log = (): Promise<string> => box.vpcbox("console-output", id).then((r) => r.stdout);
  await until("its script is through", async () => (/Cloud-init.*finished/.test(await log()) ? true : undefined));
  assert.match(await log(), new RegExp(`instance ${id} with eni-[0-9a-f]+ in us-east-1[^]*forwards by eth1, not eth0`));
  await box.aws("ec2", "replace-route", "--route-table-id", n.mainTable, "--destination-cidr-block", "0.0.0.0/0", "--network-interface-id", eni);
  const publicIp = (await box.aws<{ Addresses: { PublicIp: string }[] }>("ec2", "describe-addresses", "--allocation-ids", AllocationId)).Addresses[0]!.PublicIp;
  assert.equal((await box.exec(n.private, "curl", "-s", "-m", "5", "http://checkip.amazonaws.com")).stdout.trim(), publicIp);
});
