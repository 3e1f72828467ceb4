// Owns which addresses a NAT gateway has (Amazon VPC user guide, "NAT gateways"): its interface's private ones, and for a public
// gateway an Elastic IP on each. The record of the gateway, its interface and the Elastic IPs change together.

import { isId } from "../../lib/ids.ts";
import { natGatewayIsLive } from "../../model/lifecycle.ts";
import type { Address, NatGateway, NatGatewayAddress, NetworkInterface, Subnet } from "../../model/records.ts";
import type { Snapshot, Transaction } from "../../model/snapshot.ts";
import { must } from "../../lib/assert.ts";
import { Ec2Error } from "../../wire/error.ts";
import type { Context } from "../../wire/operation.ts";
import { checkAddress, freeAddresses } from "../network-interface/create-interface.ts";
import { find } from "../resource.ts";

/** AWS's limit, whatever the quotas. */
const MAX_ADDRESSES = 8;

/** The Elastic IP that an allocation id names, in CreateNatGateway's and AssociateNatGatewayAddress's own codes. */
export function elasticIpNamed(snapshot: Snapshot, ctx: Context, allocationId: string): Address {
  if (!isId("eipalloc", allocationId)) throw new Ec2Error("InvalidElasticIpID.Malformed", `Invalid id: "${allocationId}" (expecting "eipalloc-...")`);
  const address = snapshot.get("elastic-ip", allocationId);
  if (address?.region !== ctx.region) throw new Ec2Error("InvalidElasticIpID.NotFound", `The elastic IP ID '${allocationId}' does not exist`);
  return address;
}

/** Puts Elastic IPs on private addresses of the gateway's interface, one each. */
export function associateElasticIps(tx: Transaction, ctx: Context, eni: NetworkInterface, privateIps: readonly string[], elastic: readonly Address[]): readonly NatGatewayAddress[] {
  return privateIps.map((privateIp, i) => {
    const primary = privateIp === eni.privateAddresses[0]!.address;
    const address = elastic[i];
    if (!address) return { privateIp, primary };
    const associationId = ctx.newId("eipassoc");
    tx.put("elastic-ip", { ...address, associationId, networkInterfaceId: eni.id, privateIp });
    return { privateIp, primary, allocationId: address.id, publicIp: address.publicIp, associationId };
  });
}

/** Too many for one gateway. */
export function checkAddressLimits(ctx: Context, publicCount: number, privateCount: number): void {
  const limit = Math.min(MAX_ADDRESSES, ctx.quota("elastic-ips-per-nat-gateway"));
  if (publicCount > limit) throw new Ec2Error("AddressLimitExceeded", `The maximum number of Elastic IP addresses for a NAT gateway, ${limit}, has been reached.`);
  const privateLimit = Math.min(MAX_ADDRESSES, ctx.quota("private-ips-per-nat-gateway"));
  if (privateCount > privateLimit) throw new Ec2Error("PrivateIpAddressLimitExceeded", `The maximum number of private IP addresses for a NAT gateway, ${privateLimit}, has been reached.`);
}

/** A gateway whose addresses may be changed now. */
export function gatewayToChange(snapshot: Snapshot, ctx: Context, id: string | undefined, type: NatGateway["connectivityType"]): NatGateway {
  const gateway = find(snapshot, "natgateway", id, ctx.region);
  if (!natGatewayIsLive(gateway) || gateway.state === "deleting") throw new Ec2Error("IncorrectState", `The NAT gateway ${gateway.id} is in the ${gateway.state} state. It must be in the available state.`);
  if (gateway.connectivityType !== type) throw new Ec2Error("InvalidParameter", `The NAT gateway ${gateway.id} is ${gateway.connectivityType}. This operation is for ${type} NAT gateways.`);
  return gateway;
}

/** Named private addresses that are free in the gateway's subnet, or so many of them. */
export function moreAddresses(tx: Transaction, ctx: Context, subnet: Subnet, named: readonly string[], count: number): readonly string[] {
  if (named.length === 0) return freeAddresses(tx, ctx, subnet, count, []);
  const repeated = named.find((a, i) => named.indexOf(a) !== i);
  if (repeated !== undefined) throw new Ec2Error("InvalidParameterValue", `Duplicate private IP address ${repeated} specified.`);
  return named.map((a) => checkAddress(tx, subnet, a));
}

/** Gives the gateway's interface further private addresses, and Elastic IPs on them; answers what was added. */
export function addAddresses(tx: Transaction, ctx: Context, gateway: NatGateway, privateIps: readonly string[], elastic: readonly Address[]): { readonly gateway: NatGateway; readonly added: readonly NatGatewayAddress[] } {
  const eni = interfaceOf(tx, gateway);
  const wider: NetworkInterface = { ...eni, privateAddresses: [...eni.privateAddresses, ...privateIps.map((address) => ({ address, primary: false }))] };
  tx.put("network-interface", wider);
  const added = associateElasticIps(tx, ctx, wider, privateIps, elastic);
  const changed: NatGateway = { ...gateway, addresses: [...gateway.addresses, ...added] };
  tx.put("natgateway", changed);
  return { gateway: changed, added };
}

export const interfaceOf = (snapshot: Snapshot, gateway: NatGateway): NetworkInterface => must(snapshot.get("network-interface", gateway.networkInterfaceId), `NAT gateway ${gateway.id} has an interface`);
