// Owns the conversations of network interfaces.

import { test } from "node:test";
import assert from "node:assert/strict";
import { boot, refused, smallNetwork, type SmallNetwork } from "../../../test/support/memory-context.ts";
import { allocateAddress } from "../address/allocate-address.ts";
import { associateAddress } from "../address/associate-address.ts";
import { describeAddresses } from "../address/describe-addresses.ts";
import { describeInstances } from "../instance/describe-instances.ts";
import { runInstances } from "../instance/run-instances.ts";
import { createSecurityGroup } from "../security-group/create-security-group.ts";
import { assignPrivateIpAddresses } from "./assign-private-ip-addresses.ts";
import { attachNetworkInterface } from "./attach-network-interface.ts";
import { createNetworkInterface } from "./create-network-interface.ts";
import { deleteNetworkInterface } from "./delete-network-interface.ts";
import { describeNetworkInterfaceAttribute } from "./describe-network-interface-attribute.ts";
import { describeNetworkInterfaces } from "./describe-network-interfaces.ts";
import { detachNetworkInterface } from "./detach-network-interface.ts";
import { modifyNetworkInterfaceAttribute } from "./modify-network-interface-attribute.ts";
import { resetNetworkInterfaceAttribute } from "./reset-network-interface-attribute.ts";
import { unassignPrivateIpAddresses } from "./unassign-private-ip-addresses.ts";

async function launch(n: SmallNetwork): Promise<{ id: string; eni: string }> {
  const { Instances } = await runInstances({ MinCount: 1, MaxCount: 1, InstanceType: "t3.micro", ImageId: n.image, SubnetId: n.publicSubnet }, n.ctx);
  boot(n.ctx, Instances![0]!.InstanceId!);
  return { id: Instances![0]!.InstanceId!, eni: Instances![0]!.NetworkInterfaces![0]!.NetworkInterfaceId! };
}
const make = async (n: SmallNetwork, extra: object = {}): Promise<string> => (await createNetworkInterface({ SubnetId: n.publicSubnet, ...extra }, n.ctx)).NetworkInterface!.NetworkInterfaceId!;
const show = async (n: SmallNetwork, id: string) => (await describeNetworkInterfaces({ NetworkInterfaceIds: [id] }, n.ctx)).NetworkInterfaces![0]!;

test("create, describe, delete", async () => {
  const n = smallNetwork();
  const { NetworkInterface: made } = await createNetworkInterface({
    SubnetId: n.publicSubnet, Description: "mine", Groups: [n.webGroup], PrivateIpAddress: "10.0.0.30", SecondaryPrivateIpAddressCount: 2,
    TagSpecifications: [{ ResourceType: "network-interface", Tags: [{ Key: "a", Value: "b" }] }],
  }, n.ctx);
  assert.equal(made!.Status, "pending");
  const shown = await show(n, made!.NetworkInterfaceId!);
  assert.deepEqual([shown.Status, shown.Description, shown.PrivateIpAddress, shown.PrivateIpAddresses!.length, shown.Groups, shown.TagSet, shown.SourceDestCheck, shown.VpcId, shown.InterfaceType, shown.Attachment],
    ["available", "mine", "10.0.0.30", 3, [{ GroupId: n.webGroup, GroupName: "web" }], [{ Key: "a", Value: "b" }], true, n.vpc, "interface", undefined]);
  const i = await launch(n);
  await refused(n.ctx, () => deleteNetworkInterface({ NetworkInterfaceId: i.eni }, n.ctx), "InvalidParameterValue", `Network interface '${i.eni}' is currently in use.`);
  await deleteNetworkInterface({ NetworkInterfaceId: shown.NetworkInterfaceId! }, n.ctx);
  await refused(n.ctx, () => show(n, shown.NetworkInterfaceId!), "InvalidNetworkInterfaceID.NotFound", `The networkInterface ID '${shown.NetworkInterfaceId}' does not exist`);
});

test("an interface has sixteen groups at most, whatever the quotas", async () => {
  const n = smallNetwork(), Groups: string[] = [];
  for (let i = 0; i < 17; i++) Groups.push((await createSecurityGroup({ GroupName: `g${i}`, Description: "one of many", VpcId: n.vpc }, n.ctx)).GroupId!);
  await refused(n.ctx, () => make(n, { Groups }), "SecurityGroupsPerInterfaceLimitExceeded", /maximum number of security groups/);
  assert.equal((await show(n, await make(n, { Groups: Groups.slice(1) }))).Groups!.length, 16);
});

test("refusals of CreateNetworkInterface", async () => {
  const n = smallNetwork({ quotas: { "security-groups-per-interface": 1, "network-interfaces-per-region": 2 } });
  const foreign = n.ctx.snapshot().list("security-group").find((g) => g.vpcId !== n.vpc)!.id;
  await make(n, { PrivateIpAddress: "10.0.0.30" });
  const rows: [object, string, RegExp | string][] = [
    [{ SubnetId: "subnet-00000000000000000" }, "InvalidSubnetID.NotFound", /does not exist/],
    [{ PrivateIpAddress: "10.0.0.30" }, "InvalidIPAddress.InUse", "The specified address is already in use."],
    [{ PrivateIpAddress: "10.0.0.0" }, "InvalidParameterValue", /reserved address range/],
    [{ PrivateIpAddress: "10.9.0.1" }, "InvalidParameterValue", /does not fall within/],
    [{ PrivateIpAddress: "ten" }, "InvalidParameterValue", /ten/],
    [{ PrivateIpAddresses: [{ PrivateIpAddress: "10.0.0.31", Primary: true }, { PrivateIpAddress: "10.0.0.32", Primary: true }] }, "InvalidParameterCombination", /primary/],
    [{ Groups: [foreign] }, "InvalidParameter", /belong to different networks/],
    [{ Groups: [n.webGroup, n.defaultGroup] }, "SecurityGroupsPerInterfaceLimitExceeded", /maximum number of security groups/],
    [{ SecondaryPrivateIpAddressCount: 300 }, "InsufficientFreeAddressesInSubnet", "The specified subnet does not have enough free addresses to satisfy the request."],
    [{ Ipv6AddressCount: 1 }, "UnsupportedOperation", /Ipv6AddressCount/],
    [{ TagSpecifications: [{ ResourceType: "instance", Tags: [] }] }, "InvalidParameterValue", /'instance'/],
  ];
  for (const [change, code, words] of rows) await refused(n.ctx, () => make(n, change), code, words);
  await make(n);
  await refused(n.ctx, () => make(n), "NetworkInterfaceLimitExceeded");
});

test("attach and detach; what EC2 refuses of it", async () => {
  const n = smallNetwork();
  const i = await launch(n);
  const [second, third] = [await make(n), await make(n)];
  const attach = (NetworkInterfaceId: string, DeviceIndex: number, InstanceId = i.id) => attachNetworkInterface({ NetworkInterfaceId, DeviceIndex, InstanceId }, n.ctx);
  await refused(n.ctx, () => attach(second, 0), "InvalidParameterValue", `Instance '${i.id}' already has an interface attached at device index '0'.`);
  const { AttachmentId } = await attach(second, 1);
  assert.match(AttachmentId!, /^eni-attach-0[0-9a-f]{16}$/);
  const shown = await show(n, second);
  assert.deepEqual([shown.Status, shown.Attachment!.InstanceId, shown.Attachment!.DeviceIndex, shown.Attachment!.Status, shown.Attachment!.DeleteOnTermination], ["in-use", i.id, 1, "attached", false]);
  assert.equal((await describeInstances({ InstanceIds: [i.id] }, n.ctx)).Reservations![0]!.Instances![0]!.NetworkInterfaces!.length, 2);
  await refused(n.ctx, () => attach(second, 2), "InvalidParameterValue", `Network interface '${second}' is currently in use.`);
  await refused(n.ctx, () => attach(third, 2), "AttachmentLimitExceeded", "Interface count 3 exceeds the limit for t3.micro");
  await refused(n.ctx, () => attach(third, 2, "i-00000000000000000"), "InvalidInstanceID.NotFound");
  const other = n.ctx.snapshot().list("subnet").find((s) => s.availabilityZone === "us-east-1b")!.id;
  const elsewhere = await make(n, { SubnetId: other });
  await refused(n.ctx, () => attach(elsewhere, 1), "InvalidParameterCombination", /availability zone/);
  await modifyNetworkInterfaceAttribute({ NetworkInterfaceId: second, Attachment: { AttachmentId, DeleteOnTermination: true } }, n.ctx);
  assert.equal((await show(n, second)).Attachment!.DeleteOnTermination, true);
  await detachNetworkInterface({ AttachmentId }, n.ctx);
  assert.equal((await show(n, second)).Status, "available");
  await refused(n.ctx, () => detachNetworkInterface({ AttachmentId }, n.ctx), "InvalidAttachmentID.NotFound");
  await refused(n.ctx, () => detachNetworkInterface({ AttachmentId: "x" }, n.ctx), "InvalidAttachmentID.Malformed");
  const primary = (await show(n, i.eni)).Attachment!.AttachmentId!;
  await refused(n.ctx, () => detachNetworkInterface({ AttachmentId: primary }, n.ctx), "OperationNotPermitted", "The network interface at device index 0 cannot be detached.");
});

test("attributes: the source/destination check, groups, description", async () => {
  const n = smallNetwork();
  const { eni } = await launch(n);
  const modify = (change: object) => modifyNetworkInterfaceAttribute({ NetworkInterfaceId: eni, ...change }, n.ctx);
  await modify({ SourceDestCheck: { Value: false } });
  assert.deepEqual(await describeNetworkInterfaceAttribute({ NetworkInterfaceId: eni, Attribute: "sourceDestCheck" }, n.ctx), { NetworkInterfaceId: eni, SourceDestCheck: { Value: false } });
  await resetNetworkInterfaceAttribute({ NetworkInterfaceId: eni, SourceDestCheck: "" }, n.ctx);
  assert.equal((await show(n, eni)).SourceDestCheck, true);
  await modify({ Groups: [n.webGroup] });
  await modify({ Description: { Value: "primary" } });
  const shown = await show(n, eni);
  assert.deepEqual([shown.Groups, shown.Description], [[{ GroupId: n.webGroup, GroupName: "web" }], "primary"]);
  await modify({ AssociatePublicIpAddress: true });
  assert.match((await show(n, eni)).Association!.PublicIp!, /^(203|198)\./);
  await modify({ AssociatePublicIpAddress: false });
  assert.equal((await show(n, eni)).Association, undefined);
  await refused(n.ctx, () => modify({}), "InvalidParameterCombination");
  await refused(n.ctx, () => modify({ Description: { Value: "" }, SourceDestCheck: { Value: true } }), "InvalidParameterCombination", /multiple/);
  await refused(n.ctx, () => modify({ Groups: ["sg-00000000000000000"] }), "InvalidGroup.NotFound");
});

test("secondary addresses: assign, take over, unassign; an Elastic IP on one is freed", async () => {
  const n = smallNetwork();
  const [a, b] = [await make(n), await make(n, { PrivateIpAddress: "10.0.0.41" })];
  const assign = (NetworkInterfaceId: string, change: object) => assignPrivateIpAddresses({ NetworkInterfaceId, ...change }, n.ctx);
  assert.deepEqual((await assign(a, { PrivateIpAddresses: ["10.0.0.40"] })).AssignedPrivateIpAddresses, [{ PrivateIpAddress: "10.0.0.40" }]);
  const eip = await allocateAddress({}, n.ctx);
  await associateAddress({ AllocationId: eip.AllocationId, NetworkInterfaceId: a, PrivateIpAddress: "10.0.0.40" }, n.ctx);
  await refused(n.ctx, () => assign(b, { PrivateIpAddresses: ["10.0.0.40"] }), "InvalidParameterValue", "[10.0.0.40] assigned, but move is not allowed.");
  await refused(n.ctx, () => assign(a, { PrivateIpAddresses: ["10.0.0.41"], AllowReassignment: true }), "InvalidParameterValue", /primary/);
  await refused(n.ctx, () => assign(a, {}), "MissingParameter");
  await refused(n.ctx, () => assign(a, { SecondaryPrivateIpAddressCount: 1, PrivateIpAddresses: ["10.0.0.50"] }), "InvalidParameterCombination");
  await refused(n.ctx, () => assign(a, { SecondaryPrivateIpAddressCount: 60 }), "PrivateIpAddressLimitExceeded");
  await assign(b, { PrivateIpAddresses: ["10.0.0.40"], AllowReassignment: true });
  assert.deepEqual([(await show(n, a)).PrivateIpAddresses!.length, (await show(n, b)).PrivateIpAddresses!.map((p) => p.PrivateIpAddress)], [1, ["10.0.0.41", "10.0.0.40"]]);
  assert.equal((await describeAddresses({}, n.ctx)).Addresses![0]!.AssociationId, undefined);
  await refused(n.ctx, () => unassignPrivateIpAddresses({ NetworkInterfaceId: b, PrivateIpAddresses: ["10.0.0.41"] }, n.ctx), "InvalidParameterValue", /primary/);
  await refused(n.ctx, () => unassignPrivateIpAddresses({ NetworkInterfaceId: b, PrivateIpAddresses: ["10.0.0.77"] }, n.ctx), "InvalidParameterValue", /10\.0\.0\.77/);
  await unassignPrivateIpAddresses({ NetworkInterfaceId: b, PrivateIpAddresses: ["10.0.0.40"] }, n.ctx);
  assert.equal((await show(n, b)).PrivateIpAddresses!.length, 1);
});

test("filters and pages of DescribeNetworkInterfaces", async () => {
  const n = smallNetwork();
  const i = await launch(n);
  for (let k = 0; k < 6; k++) await make(n, { Description: `spare ${k}`, SubnetId: n.privateSubnet });
  const count = async (Name: string, ...Values: string[]): Promise<number> => (await describeNetworkInterfaces({ Filters: [{ Name, Values }] }, n.ctx)).NetworkInterfaces!.length;
  const rows: [string, string, number][] = [
    ["description", "spare *", 6], ["status", "in-use", 1], ["attachment.instance-id", i.id, 1], ["attachment.status", "detached", 6], ["subnet-id", n.privateSubnet, 6], ["vpc-id", n.vpc, 7],
    ["group-name", "default", 7], ["addresses.private-ip-address", "10.0.1.*", 6], ["requester-id", "*", 0], ["source-dest-check", "true", 7], ["attachment.device-index", "0", 1],
  ];
  for (const [name, value, want] of rows) assert.equal(await count(name, value), want, name);
  await refused(n.ctx, () => count("colour", "red"), "InvalidParameterValue", "The filter 'colour' is invalid");
  const page = await describeNetworkInterfaces({ MaxResults: 5 }, n.ctx);
  const rest = await describeNetworkInterfaces({ MaxResults: 5, NextToken: page.NextToken }, n.ctx);
  assert.deepEqual([page.NetworkInterfaces!.length, rest.NetworkInterfaces!.length, rest.NextToken], [5, 2, undefined]);
});
