// Owns how a subnet looks to clients (EC2 API reference, Subnet) and its filters.

import type * as ec2 from "@aws-sdk/client-ec2";
import { availableAddressCount } from "../../model/private-addresses.ts";
import type { Subnet } from "../../model/records.ts";
import { zoneIdOf } from "../../model/regions.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import type { Context } from "../../wire/operation.ts";
import { tagList, type FilterTable } from "../describe.ts";

const arnOf = (ctx: Context, subnet: Subnet): string => `arn:aws:ec2:${subnet.region}:${ctx.accountId}:subnet/${subnet.id}`;

export function subnetView(snapshot: Snapshot, ctx: Context, subnet: Subnet): ec2.Subnet {
  return {
    SubnetId: subnet.id,
    SubnetArn: arnOf(ctx, subnet),
    VpcId: subnet.vpcId,
    OwnerId: ctx.accountId,
    State: "available",
    CidrBlock: subnet.cidrBlock,
    AvailableIpAddressCount: availableAddressCount(snapshot, subnet),
    AvailabilityZone: subnet.availabilityZone,
    AvailabilityZoneId: zoneIdOf(subnet.region, subnet.availabilityZone),
    DefaultForAz: subnet.defaultForAz,
    MapPublicIpOnLaunch: subnet.mapPublicIpOnLaunch,
    MapCustomerOwnedIpOnLaunch: false,
    AssignIpv6AddressOnCreation: false,
    Ipv6CidrBlockAssociationSet: [],
    Ipv6Native: false,
    EnableDns64: false,
    PrivateDnsNameOptionsOnLaunch: { HostnameType: "ip-name", EnableResourceNameDnsARecord: false, EnableResourceNameDnsAAAARecord: false },
    BlockPublicAccessStates: { InternetGatewayBlockMode: "off" },
    Tags: tagList(subnet.tags),
  };
}

export function subnetFilters(snapshot: Snapshot, ctx: Context): FilterTable<Subnet> {
  const zone = (s: Subnet): string => s.availabilityZone;
  const zoneId = (s: Subnet): string | undefined => zoneIdOf(s.region, s.availabilityZone);
  const cidr = (s: Subnet): string => s.cidrBlock;
  const defaultForAz = (s: Subnet): string => String(s.defaultForAz);
  const never = (): undefined => undefined;
  return {
    "availability-zone": zone,
    "availabilityZone": zone,
    "availability-zone-id": zoneId,
    "availabilityZoneId": zoneId,
    "available-ip-address-count": (s) => String(availableAddressCount(snapshot, s)),
    "cidr": cidr,
    "cidr-block": cidr,
    "cidrBlock": cidr,
    "customer-owned-ipv4-pool": never,
    "default-for-az": defaultForAz,
    "defaultForAz": defaultForAz,
    "enable-dns64": () => "false",
    "enable-lni-at-device-index": never,
    "ipv6-cidr-block-association.association-id": never,
    "ipv6-cidr-block-association.ipv6-cidr-block": never,
    "ipv6-cidr-block-association.state": never,
    "ipv6-native": () => "false",
    "map-customer-owned-ip-on-launch": () => "false",
    "map-public-ip-on-launch": (s) => String(s.mapPublicIpOnLaunch),
    "outpost-arn": never,
    "owner-id": () => ctx.accountId,
    "private-dns-name-options-on-launch.hostname-type": () => "ip-name",
    "private-dns-name-options-on-launch.enable-resource-name-dns-a-record": () => "false",
    "private-dns-name-options-on-launch.enable-resource-name-dns-aaaa-record": () => "false",
    "state": () => "available",
    "subnet-arn": (s) => arnOf(ctx, s),
    "subnet-id": (s) => s.id,
    "vpc-id": (s) => s.vpcId,
  };
}
