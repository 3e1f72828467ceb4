// Owns that no order of calls parts a NAT gateway from its interface and its Elastic IPs: random calls on a small network, and
// after each of them what must always hold.

import { test } from "node:test";
import assert from "node:assert/strict";
import { smallNetwork, type SmallNetwork } from "../../../test/support/memory-context.ts";
import { natGatewayIsLive } from "../../model/lifecycle.ts";
import { settleNatGateways } from "../../reconcile/nat-gateway-steps.ts";
import type { Address } from "../../model/records.ts";
import { Ec2Error } from "../../wire/error.ts";
import { allocateAddress } from "../address/allocate-address.ts";
import { associateAddress } from "../address/associate-address.ts";
import { disassociateAddress } from "../address/disassociate-address.ts";
import { releaseAddress } from "../address/release-address.ts";
import { detachInternetGateway } from "../internet-gateway/detach-internet-gateway.ts";
import { attachInternetGateway } from "../internet-gateway/attach-internet-gateway.ts";
import { assignPrivateIpAddresses } from "../network-interface/assign-private-ip-addresses.ts";
import { createNetworkInterface } from "../network-interface/create-network-interface.ts";
import { deleteNetworkInterface } from "../network-interface/delete-network-interface.ts";
import { deleteSubnet } from "../subnet/delete-subnet.ts";
import { assignPrivateNatGatewayAddress } from "./assign-private-nat-gateway-address.ts";
import { associateNatGatewayAddress } from "./associate-nat-gateway-address.ts";
import { createNatGateway } from "./create-nat-gateway.ts";
import { deleteNatGateway } from "./delete-nat-gateway.ts";
import { disassociateNatGatewayAddress } from "./disassociate-nat-gateway-address.ts";
import { unassignPrivateNatGatewayAddress } from "./unassign-private-nat-gateway-address.ts";

/** What holds between records, whatever was called. */
function assertWhole(n: SmallNetwork, after: string): void {
  const s = n.ctx.snapshot();
  const elastic = s.list("elastic-ip");
  const owned = new Set<string>();
  for (const gateway of s.list("natgateway")) {
    if (!natGatewayIsLive(gateway)) {
      assert.equal(s.get("network-interface", gateway.networkInterfaceId), undefined, `${after}: ${gateway.state} gateway has no interface`);
      continue;
    }
    const eni = s.get("network-interface", gateway.networkInterfaceId);
    assert.ok(eni?.requesterManaged && !eni.sourceDestCheck && eni.groupIds.length === 0 && eni.subnetId === gateway.subnetId, `${after}: its interface`);
    owned.add(eni.id);
    assert.deepEqual(gateway.addresses.map((a) => a.privateIp), eni.privateAddresses.map((p) => p.address), `${after}: private addresses`);
    assert.deepEqual(gateway.addresses.map((a) => a.primary), gateway.addresses.map((_, i) => i === 0), `${after}: the first one is primary`);
    for (const a of gateway.addresses) {
      const holder: Address | undefined = elastic.find((e) => e.networkInterfaceId === eni.id && e.privateIp === a.privateIp);
      assert.deepEqual([holder?.id, holder?.publicIp, holder?.associationId], [a.allocationId, a.publicIp, a.associationId], `${after}: Elastic IP of ${a.privateIp}`);
    }
  }
  for (const eni of s.list("network-interface")) {
    assert.equal(eni.requesterManaged ?? false, owned.has(eni.id), `${after}: no interface without its gateway`);
    assert.ok(s.get("subnet", eni.subnetId), `${after}: its subnet`);
  }
  for (const e of elastic) {
    assert.equal(e.associationId === undefined, e.networkInterfaceId === undefined, after);
    if (e.networkInterfaceId !== undefined) assert.ok(s.get("network-interface", e.networkInterfaceId)?.privateAddresses.some((p) => p.address === e.privateIp), `${after}: ${e.id} leads to an address`);
  }
  const addresses = s.list("network-interface").flatMap((eni) => eni.privateAddresses.map((p) => `${eni.subnetId} ${p.address}`));
  assert.equal(new Set(addresses).size, addresses.length, `${after}: nobody's address is another's`);
}

for (const start of [1, 2, 3]) test(`random calls, ${start}`, async () => {
  const n = smallNetwork({ quotas: { "nat-gateways-per-zone": 4, "elastic-ips-per-nat-gateway": 3, "elastic-ips-per-region": 6 } });
  let seed = start;
  const below = (limit: number): number => ((seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) >>> 8) % limit;
  const one = (ids: readonly (string | undefined)[]): string => ids[below(ids.length || 1)] ?? "none-00000000000000000";
  const s = () => n.ctx.snapshot();
  const nat = (): string => one(s().list("natgateway").filter((g) => below(8) === 0 || natGatewayIsLive(g)).map((g) => g.id));
  const eip = (): string => one(s().list("elastic-ip").filter((e) => below(3) === 0 || e.associationId === undefined).map((e) => e.id));
  const eni = (): string => one(s().list("network-interface").map((e) => e.id));
  const association = (): string => one(s().list("elastic-ip").map((e) => e.associationId));
  const subnet = (): string => (below(2) ? n.publicSubnet : n.privateSubnet);
  const calls: Readonly<Record<string, () => unknown>> = {
    allocate: () => allocateAddress({}, n.ctx),
    create: () => createNatGateway({ SubnetId: subnet(), AllocationId: eip(), SecondaryAllocationIds: below(3) ? [] : [eip()] }, n.ctx),
    createPrivate: () => createNatGateway({ SubnetId: subnet(), ConnectivityType: "private", SecondaryPrivateIpAddressCount: 1 + below(4) }, n.ctx),
    delete: () => deleteNatGateway({ NatGatewayId: nat() }, n.ctx),
    settle: () => settleNatGateways(s(), { write: (fn) => { n.ctx.write(fn); }, now: () => n.ctx.now() }),
    associateMore: () => associateNatGatewayAddress({ NatGatewayId: nat(), AllocationIds: [eip()] }, n.ctx),
    disassociateSome: () => disassociateNatGatewayAddress({ NatGatewayId: nat(), AssociationIds: [association()] }, n.ctx),
    assignMore: () => assignPrivateNatGatewayAddress({ NatGatewayId: nat(), PrivateIpAddressCount: 1 + below(2) }, n.ctx),
    unassignSome: () => unassignPrivateNatGatewayAddress({ NatGatewayId: nat(), PrivateIpAddresses: [one(s().list("natgateway").flatMap((g) => g.addresses.map((a) => a.privateIp)))] }, n.ctx),
    interface: () => createNetworkInterface({ SubnetId: subnet() }, n.ctx),
    deleteInterface: () => deleteNetworkInterface({ NetworkInterfaceId: eni() }, n.ctx),
    takeOver: () => assignPrivateIpAddresses({ NetworkInterfaceId: eni(), AllowReassignment: true, PrivateIpAddresses: [one(s().list("network-interface").flatMap((e) => e.privateAddresses.map((p) => p.address)))] }, n.ctx),
    associate: () => associateAddress({ AllocationId: eip(), NetworkInterfaceId: eni() }, n.ctx),
    disassociate: () => disassociateAddress({ AssociationId: association() }, n.ctx),
    release: () => releaseAddress({ AllocationId: eip() }, n.ctx),
    detach: () => detachInternetGateway({ InternetGatewayId: n.gateway, VpcId: n.vpc }, n.ctx),
    attach: () => attachInternetGateway({ InternetGatewayId: n.gateway, VpcId: n.vpc }, n.ctx),
    deleteSubnet: () => deleteSubnet({ SubnetId: subnet() }, n.ctx),
  };
  const names = Object.keys(calls);
  const done = new Map<string, number>();
  for (let i = 0; i < 2000; i++) {
    const name = names[below(names.length)]!;
    if ((name === "deleteSubnet" || name === "detach") && i < 1950) continue; // they would end the game early
    try {
      await calls[name]!();
      done.set(name, (done.get(name) ?? 0) + 1);
    } catch (error) {
      assert.ok(error instanceof Ec2Error, `${name}: ${String((error as Error).stack)}`);
    }
    assertWhole(n, `${start}/${i} ${name}`);
  }
  for (const name of ["create", "createPrivate", "delete", "settle", "associateMore", "assignMore", "release"]) assert.ok((done.get(name) ?? 0) > 0, `${name} never went through`);
});
