// Owns the conversations of Elastic IPs.

import { test } from "node:test";
import assert from "node:assert/strict";
import { boot, refused, smallNetwork, type SmallNetwork } from "../../../test/support/memory-context.ts";
import { publicPools } from "../../internet/addresses.ts";
import { allocatePublicIp } from "../../model/public-addresses.ts";
import { describeInstances } from "../instance/describe-instances.ts";
import { runInstances } from "../instance/run-instances.ts";
import { assignPrivateIpAddresses } from "../network-interface/assign-private-ip-addresses.ts";
import { createNetworkInterface } from "../network-interface/create-network-interface.ts";
import { allocateAddress } from "./allocate-address.ts";
import { associateAddress } from "./associate-address.ts";
import { describeAddresses } from "./describe-addresses.ts";
import { describeAddressesAttribute } from "./describe-addresses-attribute.ts";
import { disassociateAddress } from "./disassociate-address.ts";
import { modifyAddressAttribute } from "./modify-address-attribute.ts";
import { releaseAddress } from "./release-address.ts";
import { resetAddressAttribute } from "./reset-address-attribute.ts";

async function launch(n: SmallNetwork, extra: object = {}): Promise<{ id: string; eni: string; privateIp: string }> {
  const { Instances } = await runInstances({ MinCount: 1, MaxCount: 1, InstanceType: "t3.micro", ImageId: n.image, ...extra }, n.ctx);
  const i = Instances![0]!;
  return { id: i.InstanceId!, eni: i.NetworkInterfaces![0]!.NetworkInterfaceId!, privateIp: i.PrivateIpAddress! };
}
const publicOf = async (n: SmallNetwork, id: string): Promise<string | undefined> => (await describeInstances({ InstanceIds: [id] }, n.ctx)).Reservations![0]!.Instances![0]!.PublicIpAddress;

test("allocate, associate with an instance, describe, disassociate, release", async () => {
  const n = smallNetwork();
  const i = await launch(n, { SubnetId: n.publicSubnet });
  const a = await allocateAddress({ Domain: "vpc", TagSpecifications: [{ ResourceType: "elastic-ip", Tags: [{ Key: "Name", Value: "nat" }] }] }, n.ctx);
  assert.match(a.AllocationId!, /^eipalloc-0[0-9a-f]{16}$/);
  assert.deepEqual([a.Domain, a.PublicIpv4Pool, a.NetworkBorderGroup], ["vpc", "amazon", "us-east-1"]);
  await refused(n.ctx, () => associateAddress({ AllocationId: a.AllocationId, InstanceId: i.id }, n.ctx), "InvalidInstanceID", `The pending instance '${i.id}' is not in a valid state for this operation.`);
  boot(n.ctx, i.id);
  const { AssociationId } = await associateAddress({ AllocationId: a.AllocationId, InstanceId: i.id }, n.ctx);
  assert.match(AssociationId!, /^eipassoc-0[0-9a-f]{16}$/);
  assert.equal((await associateAddress({ AllocationId: a.AllocationId, InstanceId: i.id }, n.ctx)).AssociationId, AssociationId, "a repeat changes nothing");
  const shown = (await describeAddresses({ Filters: [{ Name: "instance-id", Values: [i.id] }] }, n.ctx)).Addresses!;
  assert.deepEqual(shown.map((s) => [s.PublicIp, s.AllocationId, s.AssociationId, s.NetworkInterfaceId, s.PrivateIpAddress, s.InstanceId, s.Tags]),
    [[a.PublicIp, a.AllocationId, AssociationId, i.eni, i.privateIp, i.id, [{ Key: "Name", Value: "nat" }]]]);
  assert.equal(await publicOf(n, i.id), a.PublicIp);
  await refused(n.ctx, () => releaseAddress({ AllocationId: a.AllocationId }, n.ctx), "InvalidIPAddress.InUse", `Address ${a.PublicIp} is in use.`);
  await disassociateAddress({ AssociationId }, n.ctx);
  assert.equal(await publicOf(n, i.id), undefined);
  await refused(n.ctx, () => disassociateAddress({ AssociationId }, n.ctx), "InvalidAssociationID.NotFound", `The association ID '${AssociationId}' does not exist`);
  await releaseAddress({ AllocationId: a.AllocationId }, n.ctx);
  await refused(n.ctx, () => releaseAddress({ AllocationId: a.AllocationId }, n.ctx), "InvalidAllocationID.NotFound", `The allocation ID '${a.AllocationId}' does not exist`);
  await refused(n.ctx, () => describeAddresses({ PublicIps: [a.PublicIp!] }, n.ctx), "InvalidAddress.NotFound", `Address '${a.PublicIp}' not found.`);
});

test("an Elastic IP takes the given address's place; without it the instance gets another", async () => {
  const n = smallNetwork();
  const i = await launch(n);
  boot(n.ctx, i.id);
  const given = await publicOf(n, i.id);
  const a = await allocateAddress({}, n.ctx);
  const b = await allocateAddress({}, n.ctx);
  await associateAddress({ AllocationId: a.AllocationId, InstanceId: i.id }, n.ctx);
  assert.equal(await publicOf(n, i.id), a.PublicIp);
  assert.equal(n.ctx.snapshot().get("network-interface", i.eni)!.privateAddresses[0]!.publicIp, undefined, `${given} is free`);
  await refused(n.ctx, () => associateAddress({ AllocationId: b.AllocationId, InstanceId: i.id, AllowReassociation: false }, n.ctx), "Resource.AlreadyAssociated",
    `resource ${i.eni} and ${i.privateIp} is already associated with public address ${a.PublicIp}`);
  const second = (await associateAddress({ AllocationId: b.AllocationId, InstanceId: i.id }, n.ctx)).AssociationId;
  assert.deepEqual((await describeAddresses({}, n.ctx)).Addresses!.map((x) => x.AssociationId), [undefined, second]);
  await disassociateAddress({ PublicIp: b.PublicIp }, n.ctx);
  assert.match((await publicOf(n, i.id))!, /^(203|198)\./);
});

test("interfaces and private addresses; moving; AllowReassociation=false", async () => {
  const n = smallNetwork();
  const { NetworkInterface: one } = await createNetworkInterface({ SubnetId: n.publicSubnet }, n.ctx);
  const { NetworkInterface: two } = await createNetworkInterface({ SubnetId: n.publicSubnet }, n.ctx);
  const { AssignedPrivateIpAddresses } = await assignPrivateIpAddresses({ NetworkInterfaceId: one!.NetworkInterfaceId, SecondaryPrivateIpAddressCount: 1 }, n.ctx);
  const secondary = AssignedPrivateIpAddresses![0]!.PrivateIpAddress!;
  const a = await allocateAddress({}, n.ctx);
  const associate = (extra: object) => associateAddress({ AllocationId: a.AllocationId, ...extra }, n.ctx);
  const { AssociationId } = await associate({ NetworkInterfaceId: one!.NetworkInterfaceId, PrivateIpAddress: secondary });
  await refused(n.ctx, () => associate({ NetworkInterfaceId: two!.NetworkInterfaceId, AllowReassociation: false }), "Resource.AlreadyAssociated", `resource ${a.AllocationId} is already associated with associate-id ${AssociationId}`);
  await associate({ NetworkInterfaceId: two!.NetworkInterfaceId });
  const [shown] = (await describeAddresses({ AllocationIds: [a.AllocationId!] }, n.ctx)).Addresses!;
  assert.deepEqual([shown!.NetworkInterfaceId, shown!.PrivateIpAddress, shown!.InstanceId], [two!.NetworkInterfaceId, two!.PrivateIpAddress, ""]);
});

test("refusals of AssociateAddress, and the quota", async () => {
  const n = smallNetwork({ quotas: { "elastic-ips-per-region": 1 } });
  const { NetworkInterface: eni } = await createNetworkInterface({ SubnetId: n.publicSubnet }, n.ctx);
  const a = await allocateAddress({}, n.ctx);
  await refused(n.ctx, () => allocateAddress({}, n.ctx), "AddressLimitExceeded", "The maximum number of addresses has been reached.");
  const rows: [object, string, RegExp | string][] = [
    [{ AllocationId: undefined }, "MissingParameter", /allocation id/],
    [{ PublicIp: a.PublicIp }, "InvalidParameterCombination", /not both/],
    [{ AllocationId: "eipalloc-00000000000000000" }, "InvalidAllocationID.NotFound", "The allocation ID 'eipalloc-00000000000000000' does not exist"],
    [{ NetworkInterfaceId: undefined }, "MissingParameter", /instance ID or network interface/],
    [{ NetworkInterfaceId: undefined, InstanceId: "i-00000000000000000" }, "InvalidInstanceID.NotFound", /i-0/],
    [{ NetworkInterfaceId: "eni-00000000000000000" }, "InvalidNetworkInterfaceID.NotFound", "The networkInterface ID 'eni-00000000000000000' does not exist"],
    [{ PrivateIpAddress: "10.0.0.99" }, "InvalidParameterValue", /10\.0\.0\.99/],
  ];
  const good = { AllocationId: a.AllocationId, NetworkInterfaceId: eni!.NetworkInterfaceId };
  for (const [change, code, words] of rows) await refused(n.ctx, () => associateAddress({ ...good, ...change }, n.ctx), code, words);
  n.ctx.write((tx) => tx.put("internet-gateway", { ...tx.get("internet-gateway", n.gateway)!, vpcId: undefined }));
  await refused(n.ctx, () => associateAddress(good, n.ctx), "Gateway.NotAttached", `Network ${n.vpc} is not attached to any internet gateway`);
});

test("the pool: .0 and .255 are never given, no address twice, and an end", () => {
  const n = smallNetwork();
  const given = new Set<string>();
  for (let i = 0; i < publicPools.length * 254; i++) {
    const ip = n.ctx.write((tx) => {
      const publicIp = allocatePublicIp(tx, (below) => below - 1)!;
      tx.put("elastic-ip", { id: n.ctx.newId("eipalloc"), region: "us-east-1", index: tx.nextIndex(), tags: {}, createdAt: "", publicIp });
      return publicIp;
    });
    assert.doesNotMatch(ip, /\.(0|255)$/);
    given.add(ip);
  }
  assert.equal(given.size, publicPools.length * 254);
  assert.equal(allocatePublicIp(n.ctx.snapshot(), () => 0), undefined);
  assert.throws(() => allocateAddress({}, n.ctx), { code: "InsufficientAddressCapacity" });
});

test("the reverse DNS name of an address", async () => {
  const n = smallNetwork();
  const { AllocationId, PublicIp } = await allocateAddress({}, n.ctx);
  const other = (await allocateAddress({}, n.ctx)).AllocationId!;
  const { Address } = await modifyAddressAttribute({ AllocationId, DomainName: "Nat.example.com" }, n.ctx);
  assert.deepEqual(Address, { PublicIp, AllocationId, PtrRecord: undefined, PtrRecordUpdate: { Value: "nat.example.com.", Status: "PENDING" } });
  assert.deepEqual((await describeAddressesAttribute({ AllocationIds: [AllocationId!], Attribute: "domain-name" }, n.ctx)).Addresses, [{ PublicIp, AllocationId, PtrRecord: "nat.example.com." }]);
  assert.deepEqual((await describeAddressesAttribute({ AllocationIds: [other] }, n.ctx)).Addresses, [], "an address without a name is left out");
  await modifyAddressAttribute({ AllocationId: other, DomainName: "other.example.com." }, n.ctx);
  const first = await describeAddressesAttribute({ MaxResults: 1 }, n.ctx);
  assert.deepEqual((await describeAddressesAttribute({ MaxResults: 1, NextToken: first.NextToken }, n.ctx)).Addresses!.map((a) => a.AllocationId), [other]);
  const rows: [() => unknown, string, RegExp | string][] = [
    [() => modifyAddressAttribute({ AllocationId }, n.ctx), "MissingParameter", /DomainName/],
    [() => modifyAddressAttribute({ AllocationId, DomainName: "a b.com" }, n.ctx), "InvalidParameterValue", /a b\.com/],
    [() => modifyAddressAttribute({ AllocationId: "eipalloc-00000000000000000", DomainName: "a.com" }, n.ctx), "InvalidAllocationID.NotFound", "The allocation ID 'eipalloc-00000000000000000' does not exist"],
    [() => resetAddressAttribute({ AllocationId, Attribute: undefined }, n.ctx), "MissingParameter", /Attribute/],
    [() => describeAddressesAttribute({ AllocationIds: ["eipalloc-00000000000000000"] }, n.ctx), "InvalidAllocationID.NotFound", /does not exist/],
  ];
  for (const [call, code, words] of rows) await refused(n.ctx, call, code, words);
  await resetAddressAttribute({ AllocationId, Attribute: "domain-name" }, n.ctx);
  assert.deepEqual((await describeAddressesAttribute({ AllocationIds: [AllocationId!] }, n.ctx)).Addresses, []);
});
