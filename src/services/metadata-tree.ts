// Owns what an instance's metadata says: the tree under /latest (EC2 user guide, "Instance metadata categories"), made of the
// records at the moment of the question. A directory answers the names in it, one a line, directories with a slash.

import { privateDnsName, publicDnsName } from "../lib/dns-names.ts";
import { join, type Joins } from "../model/joins.ts";
import type { Instance, NetworkInterface } from "../model/records.ts";
import { zoneIdOf } from "../model/regions.ts";
import type { Snapshot } from "../model/snapshot.ts";

/** A text, or a directory; what is undefined is not there. */
export type Tree = { readonly [name: string]: string | Tree | undefined };

/** The directory "latest" of an instance, without user data (which is bytes). */
export function metadataTree(snapshot: Snapshot, instance: Instance, accountId: string): Tree {
  const joins = join(snapshot);
  const interfaces = joins.interfacesOf(instance.id);
  const first = interfaces[0];
  const address = first?.privateAddresses[0]?.address ?? "";
  const name = privateDnsName(address, instance.region);
  const publicIp = first && publicIpsOf(joins, first)[0]?.publicIp;
  const document = {
    accountId, architecture: instance.architecture, availabilityZone: instance.availabilityZone, billingProducts: null, devpayProductCodes: null,
    marketplaceProductCodes: null, imageId: instance.imageId, instanceId: instance.id, instanceType: instance.instanceType, kernelId: null,
    pendingTime: instance.launchTime, privateIp: address, ramdiskId: null, region: instance.region, version: "2017-09-30",
  };
  return {
    "dynamic": { "instance-identity": { document: JSON.stringify(document, null, 2) } },
    "meta-data": {
      "ami-id": instance.imageId,
      "ami-launch-index": String(instance.amiLaunchIndex),
      "ami-manifest-path": "(unknown)",
      "block-device-mapping": { ami: "/dev/xvda", root: "/dev/xvda" },
      "hostname": name,
      "instance-action": "none",
      "instance-id": instance.id,
      "instance-life-cycle": "on-demand",
      "instance-type": instance.instanceType,
      "local-hostname": name,
      "local-ipv4": address,
      "mac": first?.macAddress,
      "network": { interfaces: { macs: Object.fromEntries(interfaces.map((eni) => [eni.macAddress, interfaceTree(joins, eni, accountId)])) } },
      "placement": { "availability-zone": instance.availabilityZone, "availability-zone-id": zoneIdOf(instance.region, instance.availabilityZone), "region": instance.region },
      "profile": "default-hvm",
      "public-hostname": publicIp === undefined ? undefined : publicDnsName(publicIp, instance.region),
      "public-ipv4": publicIp,
      "public-keys": instance.publicKey === undefined ? undefined : { [`0=${instance.keyName}`]: "", "0": { "openssh-key": instance.publicKey } },
      "reservation-id": instance.reservationId,
      "security-groups": (first?.groupIds ?? []).map((id) => joins.groupName(id)).join("\n"),
      "services": { domain: "amazonaws.com", partition: "aws" },
      "tags": instance.metadataOptions.instanceMetadataTags === "enabled" ? { instance: instance.tags } : undefined,
    },
  };
}

interface PublicMapping { readonly publicIp: string; readonly privateIp: string }

function publicIpsOf(joins: Joins, eni: NetworkInterface): PublicMapping[] {
  return eni.privateAddresses.flatMap(({ address, publicIp }) => {
    const shown = joins.elasticIpOf(eni.id, address)?.publicIp ?? publicIp;
    return shown === undefined ? [] : [{ publicIp: shown, privateIp: address }];
  });
}

function interfaceTree(joins: Joins, eni: NetworkInterface, accountId: string): Tree {
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
    "public-hostname": publicIps[0] && publicDnsName(publicIps[0].publicIp, eni.region),
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

/** What is at `path` ("meta-data/instance-id"); undefined: nothing. An entry "0=NAME" is listed for the directory "0" beside it. */
export function lookUp(tree: Tree, path: string): string | undefined {
  let at: string | Tree | undefined = tree;
  for (const name of path.split("/").filter((part) => part !== "")) {
    if (typeof at !== "object" || !Object.hasOwn(at, name)) return undefined;
    at = at[name];
  }
  return typeof at === "object" ? listing(at) : at;
}

function listing(directory: Tree): string {
  const labelled = new Set(Object.keys(directory).flatMap((name) => (name.includes("=") ? [name.split("=")[0]!] : [])));
  return Object.entries(directory)
    .filter(([name, value]) => value !== undefined && !labelled.has(name))
    .map(([name, value]) => (typeof value === "object" ? `${name}/` : name))
    .join("\n");
}
