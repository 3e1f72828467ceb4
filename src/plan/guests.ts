// Owns the step from an instance's record to the guest that shall run for it. Pure.

import { formatIp } from "../lib/ip.ts";
import { must } from "../lib/assert.ts";
import { privateDnsName } from "../lib/dns-names.ts";
import type { GuestInterface, GuestSpec } from "../instances/guest.ts";
import { dhcpSettings } from "../model/dhcp.ts";
import type { Instance, NetworkInterface } from "../model/records.ts";
import type { Snapshot } from "../model/snapshot.ts";
import { attachedInterfaces } from "../model/lifecycle.ts";
import { instanceTypeNamed } from "../ec2/instance-type/types.ts";
import { gatewayOf, linkName, subnetOf } from "./plan.ts";

const DISK_GIB = 8; // of an instance whose volume is not its own any more

export function planGuestInterface(snapshot: Snapshot, eni: NetworkInterface): GuestInterface {
  const router = gatewayOf(subnetOf(snapshot, eni.subnetId));
  const [primary, ...others] = eni.privateAddresses;
  return {
    id: eni.id,
    link: linkName(eni),
    device: `eth${must(eni.attachment, "a planned interface is attached").deviceIndex}`,
    mac: eni.macAddress,
    address: must(primary, "an interface has a primary address").address,
    moreAddresses: others.map((p) => p.address),
    prefixLength: router.prefixLength,
    gateway: formatIp(router.address),
  };
}

export function planGuest(snapshot: Snapshot, instance: Instance): GuestSpec {
  const interfaces = attachedInterfaces(snapshot, instance.id).map((eni) => planGuestInterface(snapshot, eni));
  const vpc = must(snapshot.get("vpc", instance.vpcId), `VPC ${instance.vpcId}`);
  const type = must(instanceTypeNamed(instance.instanceType), `${instance.instanceType} is a type`);
  const dhcp = dhcpSettings(snapshot, vpc);
  return {
    instanceId: instance.id,
    index: instance.index,
    bootNumber: instance.bootNumber,
    layers: instance.layers,
    hostname: privateDnsName(must(interfaces[0], "an instance has a primary interface").address, instance.region),
    nameservers: dhcp.nameservers,
    searchDomains: dhcp.domainName?.split(" ").filter((name) => name !== "") ?? [],
    interfaces,
    publicKey: instance.publicKey,
    userData: instance.userData,
    region: instance.region,
    instanceType: instance.instanceType,
    memoryMiB: type.memoryMiB,
    vcpus: type.vcpus,
    diskGiB: snapshot.get("volume", instance.rootVolumeId)?.sizeGiB ?? DISK_GIB,
  };
}
