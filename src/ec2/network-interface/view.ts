// Owns how an interface looks to clients (EC2 API reference, NetworkInterface), by itself and as a part of its instance
// (InstanceNetworkInterface), and the one place that knows which public address a private address has.

import type * as ec2 from "@aws-sdk/client-ec2";
import { privateDnsName, publicDnsName } from "../../lib/dns-names.ts";
import type { Joins } from "../../model/joins.ts";
import type { NetworkInterface, PrivateAddress } from "../../model/records.ts";
import type { Context } from "../../wire/operation.ts";
import { tagList } from "../describe.ts";
import { connectionTrackingView } from "./connection-tracking.ts";

export interface PublicAssociation {
  readonly publicIp: string;
  readonly publicDnsName: string; // "" when the VPC gives no names
  readonly ownerId: string; // "amazon" or the account
  readonly allocationId?: string | undefined;
  readonly associationId?: string | undefined;
}

/** The public address of an interface's private address: its Elastic IP, else the one it was given. */
export function publicAssociation(joins: Joins, ctx: Context, eni: NetworkInterface, address: PrivateAddress): PublicAssociation | undefined {
  const elastic = joins.elasticIpOf(eni.id, address.address);
  const publicIp = elastic?.publicIp ?? address.publicIp;
  if (publicIp === undefined) return undefined;
  const names = joins.snapshot.get("vpc", eni.vpcId)?.enableDnsHostnames ?? false;
  return {
    publicIp,
    publicDnsName: names ? publicDnsName(publicIp, eni.region) : "",
    ownerId: elastic ? ctx.accountId : "amazon",
    allocationId: elastic?.id,
    associationId: elastic?.associationId,
  };
}

export const groupViews = (joins: Joins, ids: readonly string[]): ec2.GroupIdentifier[] => ids.map((id) => ({ GroupId: id, GroupName: joins.groupName(id) }));
export const privateNameOf = (joins: Joins, eni: NetworkInterface, address: string): string | undefined =>
  joins.snapshot.get("vpc", eni.vpcId)?.enableDnsHostnames ? privateDnsName(address, eni.region) : undefined;
export const interfaceStatus = (eni: NetworkInterface): "in-use" | "available" => (eni.attachment || eni.requesterManaged ? "in-use" : "available");
export const interfaceType = (eni: NetworkInterface): "interface" | "nat_gateway" => (eni.requesterManaged ? "nat_gateway" : "interface");
/** An attachment is under way while its instance starts. */
export function attachmentStatus(joins: Joins, eni: NetworkInterface): "attaching" | "attached" {
  const instance = eni.attachment && joins.snapshot.get("instance", eni.attachment.instanceId);
  return instance?.state === "pending" && instance.startedAt === undefined ? "attaching" : "attached";
}

export function networkInterfaceView(joins: Joins, ctx: Context, eni: NetworkInterface): ec2.NetworkInterface {
  const primary = eni.privateAddresses[0]!;
  const associations = eni.privateAddresses.map((address) => ({ address, association: associationView(publicAssociation(joins, ctx, eni, address)) }));
  const publicName = associations[0]!.association?.PublicDnsName;
  return {
    NetworkInterfaceId: eni.id,
    SubnetId: eni.subnetId,
    VpcId: eni.vpcId,
    AvailabilityZone: eni.availabilityZone,
    Description: eni.description,
    OwnerId: ctx.accountId,
    RequesterId: eni.requesterManaged ? ctx.accountId : undefined,
    RequesterManaged: eni.requesterManaged ?? false,
    Status: interfaceStatus(eni),
    MacAddress: eni.macAddress,
    PrivateIpAddress: primary.address,
    PrivateDnsName: privateNameOf(joins, eni, primary.address),
    PublicDnsName: publicName === "" ? undefined : publicName,
    SourceDestCheck: eni.sourceDestCheck,
    Groups: groupViews(joins, eni.groupIds),
    Attachment: attachmentView(joins, ctx, eni),
    Association: associations[0]!.association,
    TagSet: tagList(eni.tags),
    PrivateIpAddresses: associations.map(({ address, association }) => ({
      PrivateIpAddress: address.address, PrivateDnsName: privateNameOf(joins, eni, address.address), Primary: address.primary, Association: association,
    })),
    Ipv6Addresses: [],
    ConnectionTrackingConfiguration: connectionTrackingView(eni),
    InterfaceType: interfaceType(eni) as ec2.NetworkInterfaceType, // EC2 says nat_gateway, its own model natGateway
    DenyAllIgwTraffic: false,
    Operator: { Managed: false },
  };
}

function associationView(a: PublicAssociation | undefined): ec2.NetworkInterfaceAssociation | undefined {
  return a && { PublicIp: a.publicIp, PublicDnsName: a.publicDnsName, IpOwnerId: a.ownerId, AllocationId: a.allocationId, AssociationId: a.associationId };
}

/** Of a NAT gateway's interface: it shows the machine of AWS's that it is plugged into by no more than this. */
export const managedAttachmentId = (eni: NetworkInterface): string => eni.id.replace(/^eni-/, "ela-attach-");

export function attachmentView(joins: Joins, ctx: Context, eni: NetworkInterface): ec2.NetworkInterfaceAttachment | undefined {
  if (eni.requesterManaged) return { AttachmentId: managedAttachmentId(eni), InstanceOwnerId: "amazon-aws", DeviceIndex: 1, Status: "attached", DeleteOnTermination: false };
  return eni.attachment && {
    AttachmentId: eni.attachment.id,
    InstanceId: eni.attachment.instanceId,
    InstanceOwnerId: ctx.accountId,
    DeviceIndex: eni.attachment.deviceIndex,
    NetworkCardIndex: 0,
    Status: attachmentStatus(joins, eni),
    AttachTime: new Date(eni.attachment.attachedAt),
    DeleteOnTermination: eni.attachment.deleteOnTermination,
  };
}

/** The interface as DescribeInstances shows it. */
export function instanceInterfaceView(joins: Joins, ctx: Context, eni: NetworkInterface): ec2.InstanceNetworkInterface {
  const primary = eni.privateAddresses[0]!;
  const shown = (address: PrivateAddress): ec2.InstanceNetworkInterfaceAssociation | undefined => {
    const a = publicAssociation(joins, ctx, eni, address);
    return a && { PublicIp: a.publicIp, PublicDnsName: a.publicDnsName, IpOwnerId: a.ownerId };
  };
  return {
    NetworkInterfaceId: eni.id,
    SubnetId: eni.subnetId,
    VpcId: eni.vpcId,
    Description: eni.description,
    OwnerId: ctx.accountId,
    Status: interfaceStatus(eni),
    MacAddress: eni.macAddress,
    PrivateIpAddress: primary.address,
    PrivateDnsName: privateNameOf(joins, eni, primary.address),
    SourceDestCheck: eni.sourceDestCheck,
    Groups: groupViews(joins, eni.groupIds),
    Association: shown(primary),
    Attachment: {
      AttachmentId: eni.attachment!.id,
      DeviceIndex: eni.attachment!.deviceIndex,
      NetworkCardIndex: 0,
      Status: attachmentStatus(joins, eni),
      AttachTime: new Date(eni.attachment!.attachedAt),
      DeleteOnTermination: eni.attachment!.deleteOnTermination,
    },
    PrivateIpAddresses: eni.privateAddresses.map((a) => ({
      PrivateIpAddress: a.address, PrivateDnsName: privateNameOf(joins, eni, a.address), Primary: a.primary, Association: shown(a),
    })),
    Ipv6Addresses: [],
    ConnectionTrackingConfiguration: connectionTrackingView(eni),
    InterfaceType: "interface",
    Operator: { Managed: false },
  };
}
