// Owns making an interface's record, for CreateNetworkInterface and for RunInstances (EC2 API reference, CreateNetworkInterface):
// groups of its VPC, addresses of its subnet, a MAC address that the box has not yet.

import { formatIp, parseIp } from "../../lib/ip.ts";
import { randomBelow } from "../../lib/random.ts";
import { pickPrivateAddresses, placeOf, privateAddressesInUse } from "../../model/private-addresses.ts";
import { allocatePublicIp } from "../../model/public-addresses.ts";
import type { NetworkInterface, PrivateAddress, Subnet, Tags } from "../../model/records.ts";
import type { Snapshot, Transaction } from "../../model/snapshot.ts";
import { Ec2Error } from "../../wire/error.ts";
import type { Context } from "../../wire/operation.ts";
import { find } from "../resource.ts";

export interface InterfaceSpec {
  readonly subnet: Subnet;
  readonly description: string;
  readonly groupIds: readonly string[]; // none: the VPC's default group
  readonly primaryAddress?: string | undefined;
  readonly secondaryAddresses: readonly string[];
  readonly secondaryCount: number; // more, chosen here
  readonly assignsPublicIp: boolean;
  readonly tags: Tags;
  readonly attachment?: NetworkInterface["attachment"];
  readonly connectionTracking?: NetworkInterface["connectionTracking"];
  readonly requesterManaged?: boolean; // a NAT gateway's: no groups, no source/destination check
}

/** Puts a new interface. Refusals are AWS's for CreateNetworkInterface. */
export function createInterface(tx: Transaction, ctx: Context, spec: InterfaceSpec): NetworkInterface {
  if (tx.list("network-interface", ctx.region).length >= ctx.quota("network-interfaces-per-region"))
    throw new Ec2Error("NetworkInterfaceLimitExceeded", "The maximum number of network interfaces has been reached.");
  const groupIds = spec.requesterManaged ? [] : checkGroups(tx, ctx, spec.subnet.vpcId, spec.subnet.id, spec.groupIds);
  const addresses = chooseAddresses(tx, ctx, spec);
  const record: NetworkInterface = {
    id: ctx.newId("eni"),
    region: ctx.region,
    index: tx.nextIndex(),
    tags: spec.tags,
    createdAt: ctx.now().toISOString(),
    vpcId: spec.subnet.vpcId,
    subnetId: spec.subnet.id,
    availabilityZone: spec.subnet.availabilityZone,
    macAddress: freshMac(tx, ctx),
    description: spec.description,
    privateAddresses: spec.assignsPublicIp ? withPublicIp(tx, ctx, addresses) : addresses,
    groupIds,
    sourceDestCheck: !spec.requesterManaged,
    ...(spec.requesterManaged ? { requesterManaged: true } : {}),
    ...(spec.assignsPublicIp ? { assignsPublicIp: true } : {}),
    ...(spec.connectionTracking ? { connectionTracking: spec.connectionTracking } : {}),
    ...(spec.attachment ? { attachment: spec.attachment } : {}),
  };
  tx.put("network-interface", record);
  return record;
}

/** The groups of an interface: they exist in its VPC, at most as many as the quota; the VPC's default group when none is named. */
export function checkGroups(snapshot: Snapshot, ctx: Context, vpcId: string, subnetId: string, ids: readonly string[]): readonly string[] {
  if (ids.length === 0) {
    const group = snapshot.list("security-group", ctx.region).find((g) => g.vpcId === vpcId && g.name === "default");
    return group ? [group.id] : [];
  }
  const unique = [...new Set(ids)];
  for (const id of unique)
    if (find(snapshot, "security-group", id, ctx.region).vpcId !== vpcId)
      throw new Ec2Error("InvalidParameter", `Security group ${id} and subnet ${subnetId} belong to different networks.`);
  if (unique.length > ctx.quota("security-groups-per-interface"))
    throw new Ec2Error("SecurityGroupsPerInterfaceLimitExceeded", "The maximum number of security groups per interface has been reached.");
  return unique;
}

/** An address that the caller named: it lies in the subnet, is not AWS's own, and nobody has it. */
export function checkAddress(snapshot: Snapshot, subnet: Subnet, text: string, inUse = "The specified address is already in use."): string {
  const address = parseIp(text);
  if (address === undefined) throw new Ec2Error("InvalidParameterValue", `invalid value for parameter address: ${text}`);
  const place = placeOf(subnet, address);
  if (place === "outside") throw new Ec2Error("InvalidParameterValue", `Address ${text} does not fall within the subnet's address range`);
  if (place === "reserved") throw new Ec2Error("InvalidParameterValue", `Address ${text} is in subnet's reserved address range`);
  if (privateAddressesInUse(snapshot, subnet.id).has(formatIp(address))) throw new Ec2Error("InvalidIPAddress.InUse", inUse);
  return formatIp(address);
}

export const freeAddresses = (snapshot: Snapshot, ctx: Context, subnet: Subnet, count: number, taken: readonly string[]): readonly string[] => {
  const picked = pickPrivateAddresses(snapshot, subnet, count, new Set(taken), randomBelow(ctx.randomHex));
  if (picked.length < count) throw new Ec2Error("InsufficientFreeAddressesInSubnet", "The specified subnet does not have enough free addresses to satisfy the request.");
  return picked;
};

function chooseAddresses(tx: Transaction, ctx: Context, spec: InterfaceSpec): readonly PrivateAddress[] {
  const inUse = (a: string): string => (spec.attachment ? `Address ${a} is in use.` : "The specified address is already in use."); // RunInstances words it so
  const named = [...(spec.primaryAddress === undefined ? [] : [spec.primaryAddress]), ...spec.secondaryAddresses];
  const checked = named.map((a) => checkAddress(tx, spec.subnet, a, inUse(a)));
  const repeated = checked.find((a, i) => checked.indexOf(a) !== i);
  if (repeated !== undefined) throw new Ec2Error("InvalidParameterValue", `Duplicate private IP address ${repeated} specified.`);
  const more = freeAddresses(tx, ctx, spec.subnet, spec.secondaryCount + (spec.primaryAddress === undefined ? 1 : 0), checked);
  const [primary, ...others] = spec.primaryAddress === undefined ? [more[0]!, ...checked, ...more.slice(1)] : [...checked, ...more];
  return [{ address: primary!, primary: true }, ...others.map((address) => ({ address, primary: false }))];
}

/** The primary address gets a public one of the box. */
export function withPublicIp(snapshot: Snapshot, ctx: Context, addresses: readonly PrivateAddress[]): readonly PrivateAddress[] {
  const publicIp = takePublicIp(snapshot, ctx);
  return addresses.map((a) => (a.primary ? { ...a, publicIp } : a));
}

/** A free public address of the box, or AWS's refusal when there is none. */
export function takePublicIp(snapshot: Snapshot, ctx: Context): string {
  const publicIp = allocatePublicIp(snapshot, randomBelow(ctx.randomHex));
  if (publicIp === undefined) throw new Ec2Error("InsufficientAddressCapacity", "Not enough available addresses to satisfy your minimum request.", 503);
  return publicIp;
}

function freshMac(snapshot: Snapshot, ctx: Context): string {
  const used = new Set(snapshot.list("network-interface").map((eni) => eni.macAddress));
  for (;;) {
    const mac = `02:${ctx.randomHex(10).match(/../g)!.join(":")}`;
    if (!used.has(mac)) return mac;
  }
}
