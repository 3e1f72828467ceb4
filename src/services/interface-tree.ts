// Owns what an instance's metadata says of its network interfaces (EC2 user guide, "Instance metadata categories",
// network/interfaces/macs/MAC), and which public addresses and names an interface has.

import { privateDnsName, publicDnsName } from "../lib/dns-names.ts";
import type { Joins } from "../model/joins.ts";
import type { NetworkInterface } from "../model/records.ts";
import type { Snapshot } from "../model/snapshot.ts";
import type { Tree } from "./metadata-tree.ts";

interface PublicMapping { readonly publicIp: string; readonly privateIp: string }

export function publicIpsOf(joins: Joins, eni: NetworkInterface): PublicMapping[] {
  return eni.privateAddresses.flatMap(({ address, publicIp }) => {
    const shown = joins.elasticIpOf(eni.id, address)?.publicIp ?? publicIp;
    return shown === undefined ? [] : [{ publicIp: shown, privateIp: address }];
  });
}

/** Where the VPC gives public names out. */
export const publicNameOf = (snapshot: Snapshot, eni: NetworkInterface, publicIp: string): string | undefined =>
  (snapshot.get("vpc", eni.vpcId)?.enableDnsHostnames ? publicDnsName(publicIp, eni.region) : undefined);

export function interfaceTree(joins: Joins, eni: NetworkInterface, accountId: string): Tree {
  const { snapshot } = joins;
  const name = privateDnsName(eni.privateAddresses[0]!.address, eni.region);
  const publicIps = publicIpsOf(joins, eni);
  const vpc = snapshot.get("vpc", eni.vpcId);
  return {
    "device-number": String(eni.attachment?.deviceIndex ?? 0),
    "interface-id": eni.id,
    "ipv4-associations": publicIps.length === 0 ? undefined : Object.fromEntries(publicIps.map(({ publicIp, privateIp }) => [publicIp, privateIp])),
    "local-hostname": name,
    "local-ipv4s": eni.privateAddresses.map((p) => p.address).join("\n"),
    "mac": eni.macAddress,
    "network-card": "0",
    "owner-id": accountId,
    "public-hostname": publicIps[0] && publicNameOf(snapshot, eni, publicIps[0].publicIp),
    "public-ipv4s": publicIps.length === 0 ? undefined : publicIps.map((p) => p.publicIp).join("\n"),
    "security-group-ids": eni.groupIds.join("\n"),
    "security-groups": eni.groupIds.map((id) => joins.groupName(id)).join("\n"),
    "subnet-id": eni.subnetId,
    "subnet-ipv4-cidr-block": snapshot.get("subnet", eni.subnetId)?.cidrBlock,
    "vpc-id": eni.vpcId,
    "vpc-ipv4-cidr-block": vpc?.cidrAssociations[0]?.cidrBlock,
    "vpc-ipv4-cidr-blocks": vpc?.cidrAssociations.map((c) => c.cidrBlock).join("\n"),
  };
}
