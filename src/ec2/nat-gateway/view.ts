// Owns how a NAT gateway looks to clients (EC2 API reference, NatGateway, NatGatewayAddress) and its filters.

import type * as ec2 from "@aws-sdk/client-ec2";
import type { NatGateway, NatGatewayAddress } from "../../model/records.ts";
import { tagList, type FilterTable } from "../describe.ts";

export function natGatewayView(gateway: NatGateway): ec2.NatGateway {
  return {
    NatGatewayId: gateway.id,
    VpcId: gateway.vpcId,
    SubnetId: gateway.subnetId,
    State: gateway.state,
    ConnectivityType: gateway.connectivityType,
    AvailabilityMode: "zonal",
    CreateTime: new Date(gateway.createdAt),
    DeleteTime: gateway.deletedAt === undefined ? undefined : new Date(gateway.deletedAt),
    FailureCode: gateway.failure?.code,
    FailureMessage: gateway.failure?.message,
    NatGatewayAddresses: gateway.addresses.map((a) => natGatewayAddressView(gateway, a, gateway.state === "failed" ? undefined : "succeeded")),
    Tags: tagList(gateway.tags),
  };
}

/** @param status of the address; a gateway that failed never had one */
export const natGatewayAddressView = (gateway: NatGateway, a: NatGatewayAddress, status: ec2.NatGatewayAddressStatus | undefined): ec2.NatGatewayAddress => ({
  AllocationId: a.allocationId,
  NetworkInterfaceId: gateway.networkInterfaceId === "" ? undefined : gateway.networkInterfaceId,
  PrivateIp: a.privateIp === "" ? undefined : a.privateIp,
  PublicIp: a.publicIp,
  AssociationId: a.associationId,
  IsPrimary: a.primary,
  Status: status,
});

export const natGatewayFilters: FilterTable<NatGateway> = {
  "nat-gateway-id": (g) => g.id,
  "state": (g) => g.state,
  "subnet-id": (g) => g.subnetId,
  "vpc-id": (g) => g.vpcId,
};
