// Owns the conversations of subnet CIDR reservations, and that nothing is given out of them by itself.

import { test } from "node:test";
import assert from "node:assert/strict";
import { refused, smallNetwork } from "../../../test/support/memory-context.ts";
import { contains, parseCidr, parseIp } from "../../lib/ip.ts";
import { unreservedAddressCount } from "../../model/private-addresses.ts";
import { runInstances } from "../instance/run-instances.ts";
import { createNatGateway } from "../nat-gateway/create-nat-gateway.ts";
import { describeNatGateways } from "../nat-gateway/describe-nat-gateways.ts";
import { assignPrivateIpAddresses } from "../network-interface/assign-private-ip-addresses.ts";
import { createNetworkInterface } from "../network-interface/create-network-interface.ts";
import { deleteSubnet } from "../subnet/delete-subnet.ts";
import { describeTags } from "../tag/describe-tags.ts";
import { createSubnetCidrReservation } from "./create-subnet-cidr-reservation.ts";
import { deleteSubnetCidrReservation } from "./delete-subnet-cidr-reservation.ts";
import { getSubnetCidrReservations } from "./get-subnet-cidr-reservations.ts";

test("automatic addresses stay out of reservations, named ones do not", async () => {
  const n = smallNetwork();
  const SubnetId = n.privateSubnet; // 10.0.1.0/28: .4 to .14 can be had
  await createSubnetCidrReservation({ SubnetId, Cidr: "10.0.1.8/30", ReservationType: "explicit" }, n.ctx);
  await createSubnetCidrReservation({ SubnetId, Cidr: "10.0.1.12/30", ReservationType: "prefix" }, n.ctx);
  const subnet = n.ctx.snapshot().get("subnet", SubnetId)!;
  assert.equal(unreservedAddressCount(n.ctx.snapshot(), subnet), 4);
  const { NetworkInterface: eni } = await createNetworkInterface({ SubnetId, PrivateIpAddress: "10.0.1.9" }, n.ctx);
  assert.equal(unreservedAddressCount(n.ctx.snapshot(), subnet), 4);
  await assignPrivateIpAddresses({ NetworkInterfaceId: eni!.NetworkInterfaceId, SecondaryPrivateIpAddressCount: 2 }, n.ctx);
  const run = (count: number) => runInstances({ MinCount: count, MaxCount: count, InstanceType: "t3.micro", ImageId: n.image, SubnetId }, n.ctx);
  await refused(n.ctx, () => run(3), "InsufficientFreeAddressesInSubnet");
  const { Instances } = await run(2);
  const given = [...n.ctx.snapshot().get("network-interface", eni!.NetworkInterfaceId!)!.privateAddresses.map((p) => p.address).slice(1), ...Instances!.map((i) => i.PrivateIpAddress!)];
  assert.deepEqual(given.sort(), ["10.0.1.4", "10.0.1.5", "10.0.1.6", "10.0.1.7"]);
  assert.ok(given.every((a) => !contains(parseCidr("10.0.1.8/29")!, parseIp(a)!)));
  await refused(n.ctx, () => createNetworkInterface({ SubnetId }, n.ctx), "InsufficientFreeAddressesInSubnet");
  const { NatGateway } = await createNatGateway({ SubnetId, ConnectivityType: "private" }, n.ctx);
  assert.equal((await describeNatGateways({ NatGatewayIds: [NatGateway!.NatGatewayId!] }, n.ctx)).NatGateways![0]!.FailureCode, "InsufficientFreeAddressesInSubnet");
  await createNatGateway({ SubnetId, ConnectivityType: "private", PrivateIpAddress: "10.0.1.13" }, n.ctx);
});

test("create, get, delete", async () => {
  const n = smallNetwork();
  const SubnetId = n.publicSubnet;
  const { SubnetCidrReservation: made } = await createSubnetCidrReservation({
    SubnetId, Cidr: "10.0.0.17/28", ReservationType: "prefix", Description: "d", TagSpecifications: [{ ResourceType: "subnet-cidr-reservation", Tags: [{ Key: "a", Value: "b" }] }],
  }, n.ctx);
  const id = made!.SubnetCidrReservationId!;
  assert.match(id, /^scr-0[0-9a-f]{16}$/);
  assert.deepEqual(made, { SubnetCidrReservationId: id, SubnetId, Cidr: "10.0.0.16/28", ReservationType: "prefix", OwnerId: "000000000000", Description: "d", Tags: [{ Key: "a", Value: "b" }] });
  await createSubnetCidrReservation({ SubnetId, Cidr: "10.0.0.32/28", ReservationType: "explicit" }, n.ctx);
  await createSubnetCidrReservation({ SubnetId: n.privateSubnet, Cidr: "10.0.1.8/29", ReservationType: "explicit" }, n.ctx);
  const list = async (...Filters: { Name: string; Values: string[] }[]) => (await getSubnetCidrReservations({ SubnetId, Filters }, n.ctx)).SubnetIpv4CidrReservations!.map((r) => r.Cidr);
  assert.deepEqual([await list(), await list({ Name: "reservationType", Values: ["explicit"] }), await list({ Name: "tag:a", Values: ["b"] }), await list({ Name: "subnet-id", Values: [n.privateSubnet] })],
    [["10.0.0.16/28", "10.0.0.32/28"], ["10.0.0.32/28"], ["10.0.0.16/28"], []]);
  assert.deepEqual((await describeTags({ Filters: [{ Name: "resource-type", Values: ["subnet-cidr-reservation"] }] }, n.ctx)).Tags!.map((t) => t.ResourceId), [id]);
  const rows: [() => unknown, string, string | RegExp][] = [
    [() => createSubnetCidrReservation({ SubnetId, Cidr: "10.0.0.0/27", ReservationType: "prefix" }, n.ctx), "InvalidParameterValue", "Reservation CIDR 10.0.0.0/27 has overlap with existing reserved CIDR block"],
    [() => createSubnetCidrReservation({ SubnetId, Cidr: "10.0.1.0/28", ReservationType: "prefix" }, n.ctx), "InvalidParameterValue", /not within/],
    [() => createSubnetCidrReservation({ SubnetId, Cidr: "ten", ReservationType: "prefix" }, n.ctx), "InvalidParameterValue", /ten/],
    [() => createSubnetCidrReservation({ SubnetId, Cidr: "fd00::/80", ReservationType: "prefix" }, n.ctx), "UnsupportedOperation", /IPv6/],
    [() => createSubnetCidrReservation({ SubnetId: "subnet-00000000000000000", Cidr: "10.0.0.0/28", ReservationType: "prefix" }, n.ctx), "InvalidSubnetID.NotFound", /does not exist/],
    [() => getSubnetCidrReservations({ SubnetId: "subnet-00000000000000000" }, n.ctx), "InvalidSubnetID.NotFound", /does not exist/],
    [() => deleteSubnetCidrReservation({ SubnetCidrReservationId: "scr-00000000000000000" }, n.ctx), "InvalidSubnetCidrReservationID.NotFound", /scr-0/],
  ];
  for (const [call, code, words] of rows) await refused(n.ctx, call, code, words);
  assert.equal((await deleteSubnetCidrReservation({ SubnetCidrReservationId: id }, n.ctx)).DeletedSubnetCidrReservation!.Cidr, "10.0.0.16/28");
  assert.deepEqual(await list(), ["10.0.0.32/28"]);
  await deleteSubnet({ SubnetId }, n.ctx);
  assert.deepEqual(n.ctx.snapshot().list("subnet-cidr-reservation").map((r) => r.subnetId), [n.privateSubnet]);
});

test("an instance may be launched at a reserved address of a subnet that has no other", async () => {
  const n = smallNetwork();
  await createSubnetCidrReservation({ SubnetId: n.privateSubnet, Cidr: "10.0.1.0/28", ReservationType: "explicit" }, n.ctx);
  const launch = (extra: object) => runInstances({ MinCount: 1, MaxCount: 1, InstanceType: "t3.micro", ImageId: n.image, SubnetId: n.privateSubnet, ...extra }, n.ctx);
  await refused(n.ctx, () => launch({}), "InsufficientFreeAddressesInSubnet");
  assert.equal((await launch({ PrivateIpAddress: "10.0.1.9" })).Instances![0]!.PrivateIpAddress, "10.0.1.9");
});
