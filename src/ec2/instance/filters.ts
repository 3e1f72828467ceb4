// Owns DescribeInstances's filters, as data (EC2 API reference, DescribeInstances). A name that EC2 documents and nothing here
// can have is in `absent`: it matches no instance.

import { privateDnsName } from "../../lib/dns-names.ts";
import { zoneIdOf } from "../../model/regions.ts";
import type { Joins } from "../../model/joins.ts";
import type { Instance, NetworkInterface, PrivateAddress } from "../../model/records.ts";
import type { Context } from "../../wire/operation.ts";
import type { FilterTable } from "../describe.ts";
import { attachmentStatus, interfaceStatus, privateNameOf, publicAssociation, type PublicAssociation } from "../network-interface/view.ts";
import { rootDevice } from "../volume/block-devices.ts";
import { bootMode, stateReasonView, stateView } from "./view.ts";

const absent = [
  "affinity", "capacity-reservation-id", "capacity-reservation-specification.capacity-reservation-target.capacity-reservation-id",
  "capacity-reservation-specification.capacity-reservation-target.capacity-reservation-resource-group-arn", "host-id", "instance-lifecycle", "ipv6-address", "kernel-id", "network-interface.addresses.association.carrier-ip",
  "network-interface.addresses.association.customer-owned-ip", "network-interface.association.carrier-ip", "network-interface.association.customer-owned-ip",
  "network-interface.ipv4-prefixes.ipv4-prefix", "network-interface.ipv6-address", "network-interface.ipv6-addresses.ipv6-address",
  "network-interface.ipv6-addresses.is-primary-ipv6", "network-interface.ipv6-prefixes.ipv6-prefix", "network-interface.operator.principal", "network-interface.outpost-arn",
  "network-interface.requester-id", "operator.principal", "outpost-arn", "placement-group-name", "placement-partition-number", "platform", "product-code", "product-code.type",
  "ramdisk-id", "requester-id", "spot-instance-request-id", "tpm-support",
] as const;

const text = (value: unknown): string => String(value);
const time = (iso: string): string => new Date(iso).toISOString();

export function instanceFilters(joins: Joins, ctx: Context): FilterTable<Instance> {
  const interfaces = (i: Instance): readonly NetworkInterface[] => (i.state === "terminated" ? [] : joins.interfacesOf(i.id));
  const primary = (i: Instance): NetworkInterface | undefined => interfaces(i)[0];
  const publicOf = (i: Instance): PublicAssociation | undefined => {
    const eni = primary(i);
    return eni && publicAssociation(joins, ctx, eni, eni.privateAddresses[0]!);
  };
  const each = (read: (eni: NetworkInterface) => string | readonly string[] | undefined) => (i: Instance): string[] => interfaces(i).flatMap((eni) => read(eni) ?? []);
  const eachAddress = (read: (address: PrivateAddress, eni: NetworkInterface) => string | undefined) => each((eni) => eni.privateAddresses.flatMap((a) => read(a, eni) ?? []));
  const association = (read: (a: PublicAssociation) => string | undefined) => eachAddress((a, eni) => {
    const found = publicAssociation(joins, ctx, eni, a);
    return found && read(found);
  });
  const volumes = (read: (v: ReturnType<Joins["volumesOf"]>[number]) => string) => (i: Instance): string[] => joins.volumesOf(i.id).map(read);
  const associations = {
    "allocation-id": association((a) => a.allocationId),
    "association-id": association((a) => a.associationId),
    "ip-owner-id": association((a) => a.ownerId),
    "public-dns-name": association((a) => a.publicDnsName),
    "public-ip": association((a) => a.publicIp),
  };
  const table: Record<string, (i: Instance) => string | readonly string[] | undefined> = {
    "architecture": (i) => i.architecture,
    "availability-zone": (i) => i.availabilityZone,
    "availability-zone-id": (i) => zoneIdOf(i.region, i.availabilityZone),
    "block-device-mapping.attach-time": volumes((v) => time(v.attachment!.attachedAt)),
    "block-device-mapping.delete-on-termination": volumes((v) => text(v.attachment!.deleteOnTermination)),
    "block-device-mapping.device-name": volumes((v) => v.attachment!.device),
    "block-device-mapping.status": volumes(() => "attached"),
    "block-device-mapping.volume-id": volumes((v) => v.id),
    "boot-mode": bootMode,
    "capacity-reservation-specification.capacity-reservation-preference": () => "open",
    "client-token": (i) => i.clientToken,
    "current-instance-boot-mode": bootMode,
    "dns-name": (i) => publicOf(i)?.publicDnsName,
    "ebs-optimized": (i) => text(i.ebsOptimized),
    "ena-support": () => "true",
    "enclave-options.enabled": () => "false",
    "hibernation-options.configured": () => "false",
    "hypervisor": () => "xen",
    "iam-instance-profile.arn": (i) => i.iamInstanceProfileArn,
    "iam-instance-profile.id": (i) => i.iamInstanceProfileId,
    "iam-instance-profile.name": (i) => i.iamInstanceProfileArn?.split("/").at(-1),
    "image-id": (i) => i.imageId,
    "instance-id": (i) => i.id,
    "instance-state-code": (i) => text(stateView(i.state).Code),
    "instance-state-name": (i) => i.state,
    "instance-type": (i) => i.instanceType,
    "instance.group-id": each((eni) => eni.groupIds),
    "instance.group-name": each((eni) => eni.groupIds.map(joins.groupName)),
    "group-id": each((eni) => eni.groupIds),
    "group-name": each((eni) => eni.groupIds.map(joins.groupName)),
    "ip-address": (i) => publicOf(i)?.publicIp,
    "key-name": (i) => i.keyName,
    "launch-index": (i) => text(i.amiLaunchIndex),
    "launch-time": (i) => time(i.launchTime),
    "maintenance-options.auto-recovery": () => "default",
    "metadata-options.http-endpoint": (i) => i.metadataOptions.httpEndpoint,
    "metadata-options.http-protocol-ipv4": () => "enabled",
    "metadata-options.http-protocol-ipv6": () => "disabled",
    "metadata-options.http-put-response-hop-limit": (i) => text(i.metadataOptions.httpPutResponseHopLimit),
    "metadata-options.http-tokens": (i) => i.metadataOptions.httpTokens,
    "metadata-options.instance-metadata-tags": (i) => i.metadataOptions.instanceMetadataTags,
    "metadata-options.state": () => "applied",
    "monitoring-state": (i) => (i.monitoring ? "enabled" : "disabled"),
    "network-interface.addresses.primary": eachAddress((a) => text(a.primary)),
    "network-interface.addresses.private-dns-name": eachAddress((a, eni) => privateNameOf(joins, eni, a.address)),
    "network-interface.addresses.private-ip-address": eachAddress((a) => a.address),
    "network-interface.attachment.attach-time": each((eni) => time(eni.attachment!.attachedAt)),
    "network-interface.attachment.attachment-id": each((eni) => eni.attachment!.id),
    "network-interface.attachment.delete-on-termination": each((eni) => text(eni.attachment!.deleteOnTermination)),
    "network-interface.attachment.device-index": each((eni) => text(eni.attachment!.deviceIndex)),
    "network-interface.attachment.instance-id": each((eni) => eni.attachment!.instanceId),
    "network-interface.attachment.instance-owner-id": each(() => ctx.accountId),
    "network-interface.attachment.network-card-index": each(() => "0"),
    "network-interface.attachment.status": each((eni) => attachmentStatus(joins, eni)),
    "network-interface.availability-zone": each((eni) => eni.availabilityZone),
    "network-interface.deny-all-igw-traffic": each(() => "false"),
    "network-interface.description": each((eni) => eni.description),
    "network-interface.group-id": each((eni) => eni.groupIds),
    "network-interface.group-name": each((eni) => eni.groupIds.map(joins.groupName)),
    "network-interface.ipv6-native": each(() => "false"),
    "network-interface.mac-address": each((eni) => eni.macAddress),
    "network-interface.network-interface-id": each((eni) => eni.id),
    "network-interface.operator.managed": each(() => "false"),
    "network-interface.owner-id": each(() => ctx.accountId),
    "network-interface.private-dns-name": each((eni) => privateNameOf(joins, eni, eni.privateAddresses[0]!.address)),
    "network-interface.private-ip-address": each((eni) => eni.privateAddresses[0]!.address),
    "network-interface.public-dns-name": each((eni) => publicAssociation(joins, ctx, eni, eni.privateAddresses[0]!)?.publicDnsName),
    "network-interface.requester-managed": each(() => "false"),
    "network-interface.status": each(interfaceStatus),
    "network-interface.source-dest-check": each((eni) => text(eni.sourceDestCheck)),
    "network-interface.subnet-id": each((eni) => eni.subnetId),
    "network-interface.tag-key": each((eni) => Object.keys(eni.tags)),
    "network-interface.tag-value": each((eni) => Object.values(eni.tags)),
    "network-interface.vpc-id": each((eni) => eni.vpcId),
    "network-performance-options.bandwidth-weighting": () => "default",
    "operator.managed": () => "false",
    "owner-id": () => ctx.accountId,
    "platform-details": () => "Linux/UNIX",
    "private-dns-name": (i) => { const eni = primary(i); return eni && privateDnsName(eni.privateAddresses[0]!.address, i.region); },
    "private-dns-name-options.enable-resource-name-dns-a-record": () => "false",
    "private-dns-name-options.enable-resource-name-dns-aaaa-record": () => "false",
    "private-dns-name-options.hostname-type": () => "ip-name",
    "private-ip-address": (i) => primary(i)?.privateAddresses[0]!.address,
    "reason": (i) => i.stateTransitionReason,
    "reservation-id": (i) => i.reservationId,
    "root-device-name": () => rootDevice,
    "root-device-type": () => "ebs",
    "source-dest-check": (i) => { const eni = primary(i); return eni && text(eni.sourceDestCheck); },
    "state-reason-code": (i) => stateReasonView(i)?.Code,
    "state-reason-message": (i) => stateReasonView(i)?.Message,
    "subnet-id": (i) => (i.state === "terminated" ? undefined : i.subnetId),
    "tenancy": () => "default",
    "usage-operation": () => "RunInstances",
    "usage-operation-update-time": (i) => time(i.createdAt),
    "virtualization-type": () => "hvm",
    "vpc-id": (i) => (i.state === "terminated" ? undefined : i.vpcId),
  };
  for (const [name, read] of Object.entries(associations)) {
    table[`network-interface.addresses.association.${name}`] = read;
    table[`network-interface.association.${name}`] = read;
  }
  for (const name of absent) table[name] = () => undefined;
  return table;
}
