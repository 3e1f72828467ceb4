// Owns how an Elastic IP looks to clients (EC2 API reference, Address) and its filters.

import type * as ec2 from "@aws-sdk/client-ec2";
import type { Address } from "../../model/records.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import type { Context } from "../../wire/operation.ts";
import { tagList, type FilterTable } from "../describe.ts";

const instanceOf = (snapshot: Snapshot, a: Address): string | undefined =>
  a.networkInterfaceId === undefined ? undefined : snapshot.get("network-interface", a.networkInterfaceId)?.attachment?.instanceId;

export function addressView(snapshot: Snapshot, ctx: Context, a: Address): ec2.Address {
  return {
    InstanceId: a.associationId === undefined ? undefined : instanceOf(snapshot, a) ?? "",
    PublicIp: a.publicIp,
    AllocationId: a.id,
    AssociationId: a.associationId,
    Domain: "vpc",
    NetworkInterfaceId: a.networkInterfaceId,
    NetworkInterfaceOwnerId: a.networkInterfaceId === undefined ? undefined : ctx.accountId,
    PrivateIpAddress: a.privateIp,
    PublicIpv4Pool: "amazon",
    NetworkBorderGroup: a.region,
    SubnetId: a.networkInterfaceId === undefined ? undefined : snapshot.get("network-interface", a.networkInterfaceId)?.subnetId,
    Tags: tagList(a.tags),
  };
}

export const addressFilters = (snapshot: Snapshot, ctx: Context): FilterTable<Address> => ({
  "allocation-id": (a) => a.id,
  "association-id": (a) => a.associationId,
  "domain": () => "vpc",
  "instance-id": (a) => instanceOf(snapshot, a),
  "network-border-group": (a) => a.region,
  "network-interface-id": (a) => a.networkInterfaceId,
  "network-interface-owner-id": (a) => (a.networkInterfaceId === undefined ? undefined : ctx.accountId),
  "private-ip-address": (a) => a.privateIp,
  "public-ip": (a) => a.publicIp,
});

/** An address with its reverse DNS name (EC2 API reference, AddressAttribute). */
export const addressAttributeView = (a: Address): ec2.AddressAttribute => ({ PublicIp: a.publicIp, AllocationId: a.id, PtrRecord: a.ptrRecord });
