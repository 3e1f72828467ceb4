// Owns that what asks for IPv6 is refused in AWS's form and changes nothing, each parameter that an offered operation has for it: the
// parameters are taken from the model. Only rules of security groups and prefix lists keep IPv6 blocks.

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import * as sdk from "@aws-sdk/client-ec2";
import { serviceNamed, type Member } from "../../src/wire/model.ts";
import { offeredOperations, operationsIn } from "../../src/wire/operations.ts";
import { WireServer } from "../support/wire.ts";

let server: WireServer, ec2: sdk.EC2Client;
const send = (name: string, input: object): Promise<Record<string, unknown>> => ec2.send(new (sdk as unknown as Record<string, new (input: object) => never>)[`${name}Command`]!(input)) as unknown as Promise<Record<string, unknown>>;
const members = offeredOperations(operationsIn()).filter((o) => o.service === "ec2").flatMap(({ name }) => serviceNamed("ec2")!.operation(name)!.input.members.filter((m) => /Ipv6/.test(m.name)).map((member) => ({ name, member })));

before(async () => {
  server = await WireServer.ofBox();
  ec2 = new sdk.EC2Client({ endpoint: server.endpoint, region: "us-east-1", credentials: { accessKeyId: "test", secretAccessKey: "secret" }, maxAttempts: 1 });
});
after(async () => {
  ec2.destroy();
  await server.close();
});

/** Something that AWS would take. */
function valueOf({ name, shape, values }: Member): unknown {
  if (shape.kind === "boolean") return true;
  if (shape.kind === "number") return name.includes("Netmask") ? 64 : 1;
  if (shape.kind === "list") return [{ [shape.item!.shape.members[0]!.name]: name.includes("Prefix") ? "2001:db8::/80" : "2001:db8::5" }];
  if (shape.kind === "struct") return { Value: true };
  return values ? "enabled" : name.includes("Pool") ? "ipam-pool-0123456789abcdef0" : name.includes("Group") ? "us-east-1" : "2001:db8::/56";
}

test("every IPv6 parameter of an offered operation is refused with UnsupportedOperation and its name", async () => {
  const VpcId = ((await send("CreateVpc", { CidrBlock: "10.0.0.0/16" })).Vpc as sdk.Vpc).VpcId!, SubnetId = ((await send("CreateSubnet", { VpcId, CidrBlock: "10.0.0.0/24" })).Subnet as sdk.Subnet).SubnetId!;
  const RouteTableId = ((await send("CreateRouteTable", { VpcId })).RouteTable as sdk.RouteTable).RouteTableId!, NetworkAclId = ((await send("CreateNetworkAcl", { VpcId })).NetworkAcl as sdk.NetworkAcl).NetworkAclId!;
  const NetworkInterfaceId = ((await send("CreateNetworkInterface", { SubnetId })).NetworkInterface as sdk.NetworkInterface).NetworkInterfaceId!;
  const run = { ImageId: server.store.snapshot().list("image", "us-east-1")[0]!.id, InstanceType: "t3.micro", MinCount: 1, MaxCount: 1, SubnetId };
  const InstanceId = ((await send("RunInstances", run)).Instances as sdk.Instance[])[0]!.InstanceId;
  const entry = { NetworkAclId, RuleNumber: 1, Protocol: "-1", RuleAction: "allow", Egress: false };
  const route = { RouteTableId, NetworkInterfaceId };
  const others: Readonly<Record<string, object>> = {
    AssociateVpcCidrBlock: { VpcId }, CreateDefaultSubnet: { AvailabilityZone: "us-east-1a" }, CreateNetworkAclEntry: entry, ReplaceNetworkAclEntry: entry, CreateNetworkInterface: { SubnetId }, CreateRoute: route, ReplaceRoute: route,
    DeleteRoute: { RouteTableId }, CreateSubnet: { VpcId, CidrBlock: "10.0.1.0/24" }, CreateVpc: { CidrBlock: "10.1.0.0/16" }, ModifyInstanceMetadataOptions: { InstanceId }, ModifyNetworkInterfaceAttribute: { NetworkInterfaceId }, ModifySubnetAttribute: { SubnetId }, RunInstances: run,
  };
  assert.ok(members.length >= 25, `${members.length} parameters`);
  const { revision } = server.store.snapshot(), wrong: string[] = [];
  for (const { name, member } of members) {
    assert.ok(others[name], `${name} is known here`);
    const { code, message } = await send(name, { ...others[name], [member.name]: valueOf(member) }).then(() => ({ code: "answered", message: "" }), (error: Error) => ({ code: error.name, message: error.message }));
    if (code !== "UnsupportedOperation" || !message.includes(member.name)) wrong.push(`${name} ${member.name}: ${code} ${message}`);
  }
  assert.deepEqual(wrong, []);
  assert.equal(server.store.snapshot().revision, revision, "nothing was written");
});

test("no operation that IPv6 alone has is offered", async () => {
  const known = serviceNamed("ec2")!, there = new Set(offeredOperations(operationsIn()).map((o) => o.name));
  const wrong = known.operationNames.filter((name) => /Ipv6|EgressOnly/.test(name) && there.has(name));
  assert.deepEqual(wrong, []);
  await assert.rejects(send("AssignIpv6Addresses", { NetworkInterfaceId: "eni-0123456789abcdef0", Ipv6AddressCount: 1 }), { name: "InvalidAction" });
});

test("protocols by number and by name are the same, and shown by AWS's word", async () => {
  const VpcId = server.store.snapshot().list("vpc", "us-east-1")[0]!.id, { GroupId } = await send("CreateSecurityGroup", { VpcId, GroupName: "protocols", Description: "protocols" });
  const allow = (IpProtocol: string, FromPort?: number, ToPort?: number): Promise<unknown> => send("AuthorizeSecurityGroupIngress", { GroupId, IpPermissions: [{ IpProtocol, FromPort, ToPort, IpRanges: [{ CidrIp: "10.0.0.0/8" }] }] });
  const rows: readonly (readonly [string, string, number | undefined, string])[] = [["6", "tcp", 22, "tcp"], ["17", "udp", 53, "udp"], ["1", "icmp", 8, "icmp"], ["TCP", "6", 80, "tcp"], ["47", "47", undefined, "47"], ["50", "50", undefined, "50"]];
  for (const [one, same, port] of rows) {
    await allow(one, port, port === 8 ? -1 : port);
    await assert.rejects(allow(same, port, port === 8 ? -1 : port), { name: "InvalidPermission.Duplicate" }, `${one} is ${same}`);
  }
  const shown = ((await send("DescribeSecurityGroups", { GroupIds: [GroupId] })).SecurityGroups as sdk.SecurityGroup[])[0]!.IpPermissions!;
  assert.deepEqual(shown.map((p) => [p.IpProtocol, p.FromPort]), rows.map(([, , port, word]) => [word, port]));
  for (const none of ["999", "256", "nonsense"]) await assert.rejects(allow(none, 1, 1), { name: "InvalidParameterValue" });
});
