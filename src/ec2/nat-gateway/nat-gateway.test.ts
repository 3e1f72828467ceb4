// Owns the conversations of NAT gateways: their records, their interface and their addresses, from pending to forgotten.

import { test } from "node:test";
import assert from "node:assert/strict";
import { refused, smallNetwork, type SmallNetwork } from "../../../test/support/memory-context.ts";
import { forgetNatGateways } from "../../model/lifecycle.ts";
import { settleNatGateways } from "../../reconcile/nat-gateway-steps.ts";
import { allocateAddress } from "../address/allocate-address.ts";
import { associateAddress } from "../address/associate-address.ts";
import { describeAddresses } from "../address/describe-addresses.ts";
import { disassociateAddress } from "../address/disassociate-address.ts";
import { releaseAddress } from "../address/release-address.ts";
import { detachInternetGateway } from "../internet-gateway/detach-internet-gateway.ts";
import { assignPrivateIpAddresses } from "../network-interface/assign-private-ip-addresses.ts";
import { attachNetworkInterface } from "../network-interface/attach-network-interface.ts";
import { createNetworkInterface } from "../network-interface/create-network-interface.ts";
import { deleteNetworkInterface } from "../network-interface/delete-network-interface.ts";
import { describeNetworkInterfaces } from "../network-interface/describe-network-interfaces.ts";
import { detachNetworkInterface } from "../network-interface/detach-network-interface.ts";
import { modifyNetworkInterfaceAttribute } from "../network-interface/modify-network-interface-attribute.ts";
import { runInstances } from "../instance/run-instances.ts";
import { deleteSubnet } from "../subnet/delete-subnet.ts";
import { createTags } from "../tag/create-tags.ts";
import { deleteVpc } from "../vpc/delete-vpc.ts";
import { assignPrivateNatGatewayAddress } from "./assign-private-nat-gateway-address.ts";
import { associateNatGatewayAddress } from "./associate-nat-gateway-address.ts";
import { createNatGateway } from "./create-nat-gateway.ts";
import { deleteNatGateway } from "./delete-nat-gateway.ts";
import { describeNatGateways } from "./describe-nat-gateways.ts";
import { disassociateNatGatewayAddress } from "./disassociate-nat-gateway-address.ts";
import { unassignPrivateNatGatewayAddress } from "./unassign-private-nat-gateway-address.ts";

const allocate = async (n: SmallNetwork): Promise<string> => (await allocateAddress({}, n.ctx)).AllocationId!;
const create = async (n: SmallNetwork, extra: object = {}): Promise<string> =>
  (await createNatGateway({ SubnetId: n.publicSubnet, ...("ConnectivityType" in extra ? {} : { AllocationId: await allocate(n) }), ...extra }, n.ctx)).NatGateway!.NatGatewayId!;
const show = async (n: SmallNetwork, id: string) => (await describeNatGateways({ NatGatewayIds: [id] }, n.ctx)).NatGateways![0]!;
/** What the reconciler does when the kernel has the latest records. */
const settle = (n: SmallNetwork): void => settleNatGateways(n.ctx.snapshot(), { write: (fn) => { n.ctx.write(fn); }, now: () => n.ctx.now() });
const noPermission = ["AuthFailure", "You do not have permission to access the specified resource."] as const;

test("a public NAT gateway from pending to forgotten", async () => {
  const n = smallNetwork();
  const AllocationId = await allocate(n);
  const { NatGateway: made } = await createNatGateway({ SubnetId: n.publicSubnet, AllocationId, TagSpecifications: [{ ResourceType: "natgateway", Tags: [{ Key: "Name", Value: "nat" }] }] }, n.ctx);
  const id = made!.NatGatewayId!;
  assert.match(id, /^nat-0[0-9a-f]{16}$/);
  assert.deepEqual([made!.State, made!.ConnectivityType, made!.VpcId, made!.SubnetId, made!.Tags], ["pending", "public", n.vpc, n.publicSubnet, [{ Key: "Name", Value: "nat" }]]);
  assert.equal((await show(n, id)).State, "pending", "until the kernel has it");
  settle(n);
  const shown = await show(n, id);
  assert.deepEqual([shown.State, shown.DeleteTime, shown.FailureCode], ["available", undefined, undefined]);
  const [elastic] = (await describeAddresses({ AllocationIds: [AllocationId] }, n.ctx)).Addresses!;
  assert.deepEqual(shown.NatGatewayAddresses, [{
    AllocationId, NetworkInterfaceId: elastic!.NetworkInterfaceId, PrivateIp: elastic!.PrivateIpAddress, PublicIp: elastic!.PublicIp, AssociationId: elastic!.AssociationId, IsPrimary: true, Status: "succeeded",
  }]);
  await refused(n.ctx, () => deleteSubnet({ SubnetId: n.publicSubnet }, n.ctx), "DependencyViolation", `The subnet '${n.publicSubnet}' has dependencies and cannot be deleted.`);
  await refused(n.ctx, () => deleteVpc({ VpcId: n.vpc }, n.ctx), "DependencyViolation");
  await refused(n.ctx, () => detachInternetGateway({ InternetGatewayId: n.gateway, VpcId: n.vpc }, n.ctx), "DependencyViolation", /has some mapped public address\(es\)/);
  assert.equal((await deleteNatGateway({ NatGatewayId: id }, n.ctx)).NatGatewayId, id);
  assert.equal((await show(n, id)).State, "deleting");
  await refused(n.ctx, () => releaseAddress({ AllocationId }, n.ctx), ...noPermission);
  await deleteNatGateway({ NatGatewayId: id }, n.ctx); // a repeat is no error
  settle(n);
  const gone = await show(n, id);
  assert.deepEqual([gone.State, gone.DeleteTime, gone.NatGatewayAddresses![0]!.PrivateIp], ["deleted", n.ctx.now(), shown.NatGatewayAddresses![0]!.PrivateIp]);
  assert.equal(n.ctx.snapshot().get("network-interface", elastic!.NetworkInterfaceId!), undefined);
  await releaseAddress({ AllocationId }, n.ctx);
  await refused(n.ctx, () => deleteNatGateway({ NatGatewayId: id }, n.ctx), "NatGatewayNotFound", `NatGateway ${id} was not found`);
  n.ctx.advance(59 * 60_000);
  assert.equal(n.ctx.write((tx) => forgetNatGateways(tx, n.ctx.now())), 0);
  n.ctx.advance(60_000);
  assert.equal(n.ctx.write((tx) => forgetNatGateways(tx, n.ctx.now())), 1);
  await refused(n.ctx, () => show(n, id), "NatGatewayNotFound", `NatGateway ${id} was not found`);
});

test("its interface is seen and not touched", async () => {
  const n = smallNetwork();
  const AllocationId = await allocate(n);
  const id = await create(n, { AllocationId, PrivateIpAddress: "10.0.0.77" });
  const NetworkInterfaceId = (await show(n, id)).NatGatewayAddresses![0]!.NetworkInterfaceId!;
  const find = async (Name: string, Value: string) => (await describeNetworkInterfaces({ Filters: [{ Name, Values: [Value] }] }, n.ctx)).NetworkInterfaces!;
  const rows: [string, string][] = [
    ["attachment.nat-gateway-id", id], ["interface-type", "nat_gateway"], ["requester-managed", "true"], ["requester-id", "000000000000"], ["description", `Interface for NAT Gateway ${id}`],
    ["attachment.instance-owner-id", "amazon-aws"], ["private-ip-address", "10.0.0.77"], ["source-dest-check", "false"],
  ];
  for (const [name, value] of rows) assert.deepEqual((await find(name, value)).map((e) => e.NetworkInterfaceId), [NetworkInterfaceId], name);
  const [eni] = await find("attachment.nat-gateway-id", id);
  assert.deepEqual([eni!.InterfaceType, eni!.RequesterManaged, eni!.Status, eni!.Groups, eni!.SourceDestCheck, eni!.Association!.AllocationId], ["nat_gateway", true, "in-use", [], false, AllocationId]);
  assert.deepEqual(eni!.Attachment, { AttachmentId: NetworkInterfaceId.replace("eni-", "ela-attach-"), InstanceOwnerId: "amazon-aws", DeviceIndex: 1, Status: "attached", DeleteOnTermination: false });
  const other = (await createNetworkInterface({ SubnetId: n.publicSubnet }, n.ctx)).NetworkInterface!.NetworkInterfaceId!;
  const spare = await allocate(n);
  const refusals: [() => unknown, string, string | RegExp][] = [
    [() => modifyNetworkInterfaceAttribute({ NetworkInterfaceId, SourceDestCheck: { Value: true } }, n.ctx), ...noPermission],
    [() => modifyNetworkInterfaceAttribute({ NetworkInterfaceId, Groups: [n.webGroup] }, n.ctx), ...noPermission],
    [() => assignPrivateIpAddresses({ NetworkInterfaceId, SecondaryPrivateIpAddressCount: 1 }, n.ctx), ...noPermission],
    [() => assignPrivateIpAddresses({ NetworkInterfaceId: other, PrivateIpAddresses: ["10.0.0.77"], AllowReassignment: true }, n.ctx), ...noPermission],
    [() => deleteNetworkInterface({ NetworkInterfaceId }, n.ctx), "InvalidParameterValue", `Network interface '${NetworkInterfaceId}' is currently in use.`],
    [() => detachNetworkInterface({ AttachmentId: eni!.Attachment!.AttachmentId }, n.ctx), "OperationNotPermitted", "You are not allowed to manage 'ela-attach' attachments."],
    [() => runInstances({ MinCount: 1, MaxCount: 1, InstanceType: "t3.micro", ImageId: n.image, NetworkInterfaces: [{ DeviceIndex: 0, NetworkInterfaceId }] }, n.ctx), "InvalidNetworkInterface.InUse", /in use/],
    [() => associateAddress({ AllocationId, NetworkInterfaceId: other }, n.ctx), ...noPermission],
    [() => associateAddress({ AllocationId: spare, NetworkInterfaceId }, n.ctx), ...noPermission],
    [() => disassociateAddress({ AssociationId: eni!.Association!.AssociationId }, n.ctx), ...noPermission],
    [() => releaseAddress({ AllocationId }, n.ctx), ...noPermission],
  ];
  for (const [call, code, words] of refusals) await refused(n.ctx, call, code, words);
  const { Instances } = await runInstances({ MinCount: 1, MaxCount: 1, InstanceType: "t3.micro", ImageId: n.image, SubnetId: n.publicSubnet }, n.ctx);
  n.ctx.write((tx) => tx.put("instance", { ...tx.get("instance", Instances![0]!.InstanceId!)!, state: "running" }));
  await refused(n.ctx, () => attachNetworkInterface({ NetworkInterfaceId, InstanceId: Instances![0]!.InstanceId, DeviceIndex: 1 }, n.ctx), "InvalidParameterValue", /currently in use/);
  await createTags({ Resources: [id], Tags: [{ Key: "a", Value: "b" }] }, n.ctx);
  assert.deepEqual((await show(n, id)).Tags, [{ Key: "a", Value: "b" }]);
});

test("what AWS finds out later fails the gateway, and it stays visible for an hour", async () => {
  const n = smallNetwork();
  const taken = await allocate(n);
  const first = await create(n, { AllocationId: taken });
  const again = await create(n, { AllocationId: taken });
  const failed = await show(n, again);
  assert.deepEqual([failed.State, failed.FailureCode, failed.FailureMessage, failed.DeleteTime, failed.NatGatewayAddresses],
    ["failed", "Resource.AlreadyAssociated", `Elastic IP address [${taken}] is already associated`, n.ctx.now(), [{ AllocationId: taken, NetworkInterfaceId: undefined, PrivateIp: undefined, PublicIp: undefined, AssociationId: undefined, IsPrimary: true, Status: undefined }]]);
  const full = await create(n, { SubnetId: n.privateSubnet, ConnectivityType: "private", SecondaryPrivateIpAddressCount: 7 });
  assert.equal((await show(n, full)).State, "pending");
  const tooMany = await show(n, await create(n, { SubnetId: n.privateSubnet, ConnectivityType: "private", SecondaryPrivateIpAddressCount: 5 }));
  assert.deepEqual([tooMany.State, tooMany.FailureCode, tooMany.FailureMessage], ["failed", "InsufficientFreeAddressesInSubnet", "Subnet has insufficient free addresses to create this NAT gateway"]);
  settle(n);
  assert.deepEqual([(await show(n, first)).State, (await show(n, again)).State], ["available", "failed"]);
  n.ctx.write((tx) => tx.put("internet-gateway", { ...tx.get("internet-gateway", n.gateway)!, vpcId: undefined }));
  const lost = await show(n, await create(n));
  assert.deepEqual([lost.State, lost.FailureCode, lost.FailureMessage], ["failed", "Gateway.NotAttached", `Network ${n.vpc} has no Internet gateway attached`]);
  assert.equal(n.ctx.snapshot().list("network-interface").length, 2, "a failed gateway leaves no interface");
  await deleteNatGateway({ NatGatewayId: again }, n.ctx);
  assert.equal((await show(n, again)).State, "deleted");
  n.ctx.advance(60 * 60_000);
  assert.equal(n.ctx.write((tx) => forgetNatGateways(tx, n.ctx.now())), 3);
});

test("refusals of CreateNatGateway, and the quotas", async () => {
  const n = smallNetwork({ quotas: { "nat-gateways-per-zone": 2, "elastic-ips-per-nat-gateway": 2 } });
  const [a, b, c] = [await allocate(n), await allocate(n), await allocate(n)];
  const good = { SubnetId: n.publicSubnet, AllocationId: a };
  const rows: [object, string, string | RegExp][] = [
    [{ SubnetId: undefined }, "MissingParameter", "The request must contain the parameter subnetId"],
    [{ SubnetId: "subnet-1" }, "InvalidSubnetID.Malformed", /subnet-1/],
    [{ SubnetId: "subnet-00000000000000000" }, "InvalidSubnetID.NotFound", "The subnet ID 'subnet-00000000000000000' does not exist"],
    [{ AllocationId: undefined }, "MissingParameter", "The request must include the AllocationId parameter. Add the required parameter and retry the request."],
    [{ AllocationId: "eip-1" }, "InvalidElasticIpID.Malformed", 'Invalid id: "eip-1" (expecting "eipalloc-...")'],
    [{ AllocationId: "eipalloc-00000000000000000" }, "InvalidElasticIpID.NotFound", "The elastic IP ID 'eipalloc-00000000000000000' does not exist"],
    [{ ConnectivityType: "private" }, "InvalidParameterCombination", /private NAT gateway/],
    [{ SecondaryAllocationIds: [a] }, "InvalidParameterValue", /Duplicate/],
    [{ SecondaryAllocationIds: [b, c] }, "AddressLimitExceeded", /maximum number of Elastic IP addresses/],
    [{ SecondaryPrivateIpAddressCount: 1 }, "InvalidParameterCombination", /private NAT gateways only/],
    [{ SecondaryAllocationIds: [b], SecondaryPrivateIpAddresses: ["10.0.0.8", "10.0.0.9"] }, "InvalidParameterCombination", /number/],
    [{ AllocationId: undefined, ConnectivityType: "private", SecondaryPrivateIpAddressCount: 8 }, "PrivateIpAddressLimitExceeded", /8/],
    [{ AllocationId: undefined, ConnectivityType: "private", SecondaryPrivateIpAddressCount: 0 }, "InvalidParameterValue", /SecondaryPrivateIpAddressCount/],
    [{ PrivateIpAddress: "10.0.0.1" }, "InvalidParameterValue", /reserved/],
    [{ PrivateIpAddress: "10.0.1.9" }, "InvalidParameterValue", /does not fall within/],
    [{ AvailabilityMode: "regional" }, "UnsupportedOperation", /regional/],
    [{ VpcId: n.vpc }, "UnsupportedOperation", /VpcId/],
    [{ TagSpecifications: [{ ResourceType: "instance", Tags: [{ Key: "a", Value: "b" }] }] }, "InvalidParameterValue", /taggable/],
  ];
  for (const [change, code, words] of rows) await refused(n.ctx, () => createNatGateway({ ...good, ...change }, n.ctx), code, words);
  await create(n, { AllocationId: a, SecondaryAllocationIds: [b], SecondaryPrivateIpAddresses: ["10.0.0.8"] });
  await create(n, { AllocationId: a }); // it fails, and takes no place
  const second = await create(n, { ConnectivityType: "private" });
  await refused(n.ctx, () => createNatGateway({ ...good, AllocationId: c }, n.ctx), "NatGatewayLimitExceeded", "Performing this operation would exceed the limit of 2 NAT gateways");
  await deleteNatGateway({ NatGatewayId: second }, n.ctx);
  settle(n);
  await create(n, { AllocationId: c });
});

test("addresses come and go", async () => {
  const n = smallNetwork();
  const [a, b, c] = [await allocate(n), await allocate(n), await allocate(n)];
  const NatGatewayId = await create(n, { AllocationId: a });
  settle(n);
  const eni = (await show(n, NatGatewayId)).NatGatewayAddresses![0]!.NetworkInterfaceId!;
  const { NatGatewayAddresses: more } = await associateNatGatewayAddress({ NatGatewayId, AllocationIds: [b, c], PrivateIpAddresses: ["10.0.0.40", "10.0.0.41"] }, n.ctx);
  assert.deepEqual(more!.map((m) => [m.AllocationId, m.PrivateIp, m.IsPrimary, m.Status]), [[b, "10.0.0.40", false, "associating"], [c, "10.0.0.41", false, "associating"]]);
  assert.deepEqual((await show(n, NatGatewayId)).NatGatewayAddresses!.map((m) => [m.AllocationId, m.Status]), [[a, "succeeded"], [b, "succeeded"], [c, "succeeded"]]);
  assert.deepEqual((await describeNetworkInterfaces({ NetworkInterfaceIds: [eni] }, n.ctx)).NetworkInterfaces![0]!.PrivateIpAddresses!.map((p) => p.Association!.AllocationId), [a, b, c]);
  const primary = (await show(n, NatGatewayId)).NatGatewayAddresses![0]!.AssociationId!;
  const rows: [() => unknown, string, string | RegExp][] = [
    [() => associateNatGatewayAddress({ NatGatewayId, AllocationIds: [b] }, n.ctx), "Resource.AlreadyAssociated", `Elastic IP address [${b}] is already associated`],
    [() => associateNatGatewayAddress({ NatGatewayId, AllocationIds: [] }, n.ctx), "MissingParameter", /allocationIds/],
    [() => assignPrivateNatGatewayAddress({ NatGatewayId, PrivateIpAddressCount: 1 }, n.ctx), "InvalidParameter", /private NAT gateways/],
    [() => disassociateNatGatewayAddress({ NatGatewayId, AssociationIds: [primary] }, n.ctx), "InvalidParameter", /primary/],
    [() => disassociateNatGatewayAddress({ NatGatewayId, AssociationIds: ["eipassoc-00000000000000000"] }, n.ctx), "InvalidAssociationID.NotFound", "The association ID 'eipassoc-00000000000000000' does not exist"],
    [() => disassociateNatGatewayAddress({ NatGatewayId, AssociationIds: [primary], MaxDrainDurationSeconds: 5000 }, n.ctx), "InvalidParameterValue", /4000/],
    [() => associateNatGatewayAddress({ NatGatewayId: "nat-00000000000000000", AllocationIds: [b] }, n.ctx), "NatGatewayNotFound", "NatGateway nat-00000000000000000 was not found"],
    [() => associateNatGatewayAddress({ NatGatewayId: "nat-1", AllocationIds: [b] }, n.ctx), "NatGatewayMalformed", /nat-1/],
  ];
  for (const [call, code, words] of rows) await refused(n.ctx, call, code, words);
  const { NatGatewayAddresses: gone } = await disassociateNatGatewayAddress({ NatGatewayId, AssociationIds: [more![0]!.AssociationId!], MaxDrainDurationSeconds: 60 }, n.ctx);
  assert.deepEqual(gone!.map((m) => [m.AllocationId, m.Status]), [[b, "disassociating"]]);
  await releaseAddress({ AllocationId: b }, n.ctx);
  assert.deepEqual(n.ctx.snapshot().get("network-interface", eni)!.privateAddresses.map((p) => p.address).slice(1), ["10.0.0.41"]);
  await deleteNatGateway({ NatGatewayId }, n.ctx);
  await refused(n.ctx, () => associateNatGatewayAddress({ NatGatewayId, AllocationIds: [c] }, n.ctx), "IncorrectState", /deleting/);
});

test("a private NAT gateway's addresses", async () => {
  const n = smallNetwork();
  const NatGatewayId = await create(n, { ConnectivityType: "private", PrivateIpAddress: "10.0.0.50", SecondaryPrivateIpAddresses: ["10.0.0.51"] });
  const shown = await show(n, NatGatewayId);
  assert.deepEqual(shown.NatGatewayAddresses!.map((m) => [m.PrivateIp, m.PublicIp, m.AllocationId, m.IsPrimary]), [["10.0.0.50", undefined, undefined, true], ["10.0.0.51", undefined, undefined, false]]);
  const one = await assignPrivateNatGatewayAddress({ NatGatewayId, PrivateIpAddresses: ["10.0.0.60"] }, n.ctx);
  assert.deepEqual(one.NatGatewayAddresses!.map((m) => [m.PrivateIp, m.Status]), [["10.0.0.60", "assigning"]]);
  await assignPrivateNatGatewayAddress({ NatGatewayId, PrivateIpAddressCount: 2 }, n.ctx);
  assert.equal((await show(n, NatGatewayId)).NatGatewayAddresses!.length, 5);
  const rows: [() => unknown, string, string | RegExp][] = [
    [() => assignPrivateNatGatewayAddress({ NatGatewayId }, n.ctx), "MissingParameter", /PrivateIpAddressCount/],
    [() => assignPrivateNatGatewayAddress({ NatGatewayId, PrivateIpAddresses: ["10.0.0.61"], PrivateIpAddressCount: 1 }, n.ctx), "InvalidParameterCombination", /together/],
    [() => assignPrivateNatGatewayAddress({ NatGatewayId, PrivateIpAddresses: ["10.0.0.60"] }, n.ctx), "InvalidIPAddress.InUse", "The specified address is already in use."],
    [() => assignPrivateNatGatewayAddress({ NatGatewayId, PrivateIpAddressCount: 4 }, n.ctx), "PrivateIpAddressLimitExceeded", /8/],
    [() => unassignPrivateNatGatewayAddress({ NatGatewayId, PrivateIpAddresses: ["10.0.0.50"] }, n.ctx), "InvalidParameterValue", "The primary private IP address cannot be unassigned."],
    [() => unassignPrivateNatGatewayAddress({ NatGatewayId, PrivateIpAddresses: ["10.0.0.99"] }, n.ctx), "InvalidParameterValue", /10\.0\.0\.99/],
    [() => disassociateNatGatewayAddress({ NatGatewayId, AssociationIds: ["eipassoc-00000000000000000"] }, n.ctx), "InvalidParameter", /public NAT gateways/],
  ];
  for (const [call, code, words] of rows) await refused(n.ctx, call, code, words);
  const gone = await unassignPrivateNatGatewayAddress({ NatGatewayId, PrivateIpAddresses: ["10.0.0.51", "10.0.0.60"] }, n.ctx);
  assert.deepEqual(gone.NatGatewayAddresses!.map((m) => [m.PrivateIp, m.Status]), [["10.0.0.51", "unassigning"], ["10.0.0.60", "unassigning"]]);
  assert.equal((await show(n, NatGatewayId)).NatGatewayAddresses!.length, 3);
});

test("DescribeNatGateways: filters, tags, paging", async () => {
  const n = smallNetwork();
  const ids = [await create(n), await create(n, { ConnectivityType: "private" }), await create(n, { SubnetId: n.privateSubnet, ConnectivityType: "private" })];
  for (let i = 0; i < 3; i++) ids.push(await create(n, { ConnectivityType: "private" }));
  await createTags({ Resources: [ids[1]!], Tags: [{ Key: "Name", Value: "two" }] }, n.ctx);
  settle(n);
  await deleteNatGateway({ NatGatewayId: ids[0]! }, n.ctx);
  const list = async (Name: string, ...Values: string[]) => (await describeNatGateways({ Filter: [{ Name, Values }] }, n.ctx)).NatGateways!.map((g) => g.NatGatewayId);
  assert.deepEqual(await list("nat-gateway-id", ids[2]!), [ids[2]]);
  assert.deepEqual(await list("state", "deleting", "failed"), [ids[0]]);
  assert.deepEqual(await list("subnet-id", n.privateSubnet), [ids[2]]);
  assert.deepEqual(await list("vpc-id", n.vpc), ids);
  assert.deepEqual(await list("tag:Name", "t*"), [ids[1]]);
  assert.deepEqual(await list("tag-key", "Name"), [ids[1]]);
  await refused(n.ctx, () => list("nat", "x"), "InvalidParameterValue", "The filter 'nat' is invalid");
  await refused(n.ctx, () => describeNatGateways({ MaxResults: 4 }, n.ctx), "InvalidParameterValue", /greater than 5/);
  const first = await describeNatGateways({ MaxResults: 5 }, n.ctx);
  const second = await describeNatGateways({ MaxResults: 5, NextToken: first.NextToken }, n.ctx);
  assert.deepEqual([...first.NatGateways!, ...second.NatGateways!].map((g) => g.NatGatewayId), ids);
  assert.equal(second.NextToken, undefined);
});
