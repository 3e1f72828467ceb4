// Owns DescribeNetworkInterfaces's filters, as data (EC2 API reference).

import type * as ec2 from "@aws-sdk/client-ec2";
import type { Joins } from "../../model/joins.ts";
import type { NetworkInterface, PrivateAddress } from "../../model/records.ts";
import type { Context } from "../../wire/operation.ts";
import type { FilterTable } from "../describe.ts";
import { attachmentView, interfaceStatus, interfaceType, privateNameOf, publicAssociation, type PublicAssociation } from "./view.ts";

const absent = ["association.carrier-ip", "association.customer-owned-ip", "availability-zone-id", "ipv6-addresses.ipv6-address", "operator.principal"] as const;

export function networkInterfaceFilters(joins: Joins, ctx: Context): FilterTable<NetworkInterface> {
  const addresses = (read: (a: PrivateAddress, eni: NetworkInterface) => string | undefined) => (eni: NetworkInterface): string[] => eni.privateAddresses.flatMap((a) => read(a, eni) ?? []);
  const association = (read: (a: PublicAssociation) => string | undefined) => addresses((a, eni) => {
    const found = publicAssociation(joins, ctx, eni, a);
    return found && read(found);
  });
  const attachment = (read: (a: ec2.NetworkInterfaceAttachment) => string | undefined) => (eni: NetworkInterface): string | undefined => {
    const shown = attachmentView(joins, ctx, eni);
    return shown && read(shown);
  };
  const table: Record<string, (eni: NetworkInterface) => string | readonly string[] | undefined> = {
    "addresses.association.owner-id": association((a) => a.ownerId),
    "addresses.association.public-ip": association((a) => a.publicIp),
    "addresses.primary": addresses((a) => String(a.primary)),
    "addresses.private-ip-address": addresses((a) => a.address),
    "association.allocation-id": association((a) => a.allocationId),
    "association.association-id": association((a) => a.associationId),
    "association.ip-owner-id": association((a) => a.ownerId),
    "association.public-dns-name": association((a) => a.publicDnsName),
    "association.public-ip": association((a) => a.publicIp),
    "attachment.attach-time": attachment((a) => a.AttachTime?.toISOString()),
    "attachment.attachment-id": attachment((a) => a.AttachmentId),
    "attachment.delete-on-termination": attachment((a) => String(a.DeleteOnTermination)),
    "attachment.device-index": attachment((a) => String(a.DeviceIndex)),
    "attachment.instance-id": attachment((a) => a.InstanceId),
    "attachment.instance-owner-id": attachment((a) => a.InstanceOwnerId),
    "attachment.nat-gateway-id": (eni) => joins.natGatewayOf(eni.id)?.id,
    "attachment.network-card-index": (eni) => eni.attachment && "0",
    "attachment.status": (eni) => attachmentView(joins, ctx, eni)?.Status ?? "detached",
    "availability-zone": (eni) => eni.availabilityZone,
    "description": (eni) => eni.description,
    "group-id": (eni) => eni.groupIds,
    "group-name": (eni) => eni.groupIds.map(joins.groupName),
    "interface-type": interfaceType,
    "mac-address": (eni) => eni.macAddress,
    "network-interface-id": (eni) => eni.id,
    "operator.managed": () => "false",
    "owner-id": () => ctx.accountId,
    "private-dns-name": (eni) => privateNameOf(joins, eni, eni.privateAddresses[0]!.address),
    "private-ip-address": (eni) => eni.privateAddresses.map((a) => a.address),
    "requester-id": (eni) => (eni.requesterManaged ? ctx.accountId : undefined),
    "requester-managed": (eni) => String(eni.requesterManaged ?? false),
    "source-dest-check": (eni) => String(eni.sourceDestCheck),
    "status": interfaceStatus,
    "subnet-id": (eni) => eni.subnetId,
    "vpc-id": (eni) => eni.vpcId,
  };
  for (const name of absent) table[name] = () => undefined;
  return table;
}
