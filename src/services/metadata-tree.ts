// Owns what an instance's metadata says: the tree under /latest (EC2 user guide, "Instance metadata categories"), made of the
// records at the moment of the question. A directory answers the names in it, one a line, directories with a slash.

import { privateDnsName } from "../lib/dns-names.ts";
import { join } from "../model/joins.ts";
import type { Instance } from "../model/records.ts";
import { zoneIdOf } from "../model/regions.ts";
import type { Snapshot } from "../model/snapshot.ts";
import { interfaceTree, publicNameOf, publicIpsOf } from "./interface-tree.ts";

/** A text, or a directory; what is undefined is not there. */
export type Tree = { readonly [name: string]: string | Tree | undefined };

/** Credentials of an instance's role as the metadata shows them. */
export interface RoleCredentials { readonly roleName: string; readonly accessKeyId: string; readonly secretAccessKey: string; readonly sessionToken: string; readonly issuedAt: Date; readonly expiration: Date }
export interface InstanceRole { readonly instanceProfileArn: string; readonly instanceProfileId: string; readonly credentials: RoleCredentials | undefined }

/** The directory "latest" of an instance, without user data (which is bytes). */
export function metadataTree(snapshot: Snapshot, instance: Instance, accountId: string, role: InstanceRole | undefined): Tree {
  const joins = join(snapshot);
  const interfaces = joins.interfacesOf(instance.id);
  const first = interfaces[0];
  const address = first?.privateAddresses[0]?.address ?? "";
  const name = privateDnsName(address, instance.region);
  const publicIp = first && publicIpsOf(joins, first)[0]?.publicIp;
  const document = {
    accountId, architecture: instance.architecture, availabilityZone: instance.availabilityZone, billingProducts: null, devpayProductCodes: null,
    marketplaceProductCodes: null, imageId: instance.imageId, instanceId: instance.id, instanceType: instance.instanceType, kernelId: null,
    pendingTime: instance.launchTime.replace(/\.\d+Z$/, "Z"), privateIp: address, ramdiskId: null, region: instance.region, version: "2017-09-30",
  };
  return {
    "dynamic": { "fws": { "instance-monitoring": instance.monitoring ? "enabled" : "disabled" }, "instance-identity": { document: JSON.stringify(document, null, 2) } },
    "meta-data": {
      "ami-id": instance.imageId,
      "ami-launch-index": String(instance.amiLaunchIndex),
      "ami-manifest-path": "(unknown)",
      "block-device-mapping": { ami: "/dev/xvda", root: "/dev/xvda" },
      "events": { maintenance: { history: "[]", scheduled: "[]" } },
      "hibernation": { configured: "false" },
      "hostname": name,
      "iam": role && iamTree(role),
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
      "public-hostname": first && publicIp !== undefined ? publicNameOf(snapshot, first, publicIp) : undefined,
      "public-ipv4": publicIp,
      "public-keys": instance.publicKey === undefined ? undefined : { [`0=${instance.keyName}`]: "", "0": { "openssh-key": instance.publicKey } },
      "reservation-id": instance.reservationId,
      "security-groups": (first?.groupIds ?? []).map((id) => joins.groupName(id)).join("\n"),
      "services": { domain: "amazonaws.com", partition: "aws" },
      "tags": instance.metadataOptions.instanceMetadataTags === "enabled" ? { instance: instance.tags } : undefined,
    },
  };
}

/** "2026-11-23T10:00:00Z" */
const seconds = (date: Date): string => date.toISOString().replace(/\.\d+Z$/, "Z");

function iamTree({ instanceProfileArn, instanceProfileId, credentials }: InstanceRole): Tree {
  const now = credentials ? seconds(credentials.issuedAt) : undefined;
  return {
    info: JSON.stringify({ Code: credentials ? "Success" : "InstanceProfileNotFound", ...(now === undefined ? {} : { LastUpdated: now }), InstanceProfileArn: instanceProfileArn, InstanceProfileId: instanceProfileId }, null, 2),
    "security-credentials": credentials && {
      [credentials.roleName]: JSON.stringify({
        Code: "Success", LastUpdated: now, Type: "AWS-HMAC", AccessKeyId: credentials.accessKeyId, SecretAccessKey: credentials.secretAccessKey, Token: credentials.sessionToken, Expiration: seconds(credentials.expiration),
      }, null, 2),
    },
  };
}

/** What is at `path` ("meta-data/instance-id"); undefined: nothing. An entry "0=NAME" is listed for the directory "0" beside it. */
export function lookUp(tree: Tree, path: string): string | undefined {
  const names = path.split("/").filter((part) => part !== "");
  let at: string | Tree | undefined = tree;
  for (const name of names) {
    if (typeof at !== "object" || !Object.hasOwn(at, name)) return undefined;
    at = at[name];
  }
  return typeof at === "object" ? listing(at, names.length > 0) : at;
}

/** The topmost directory names its own without slashes. */
function listing(directory: Tree, slashes: boolean): string {
  const labelled = new Set(Object.keys(directory).flatMap((name) => (/^\d+=/.test(name) ? [name.split("=")[0]!] : [])));
  return Object.entries(directory)
    .filter(([name, value]) => value !== undefined && !labelled.has(name))
    .map(([name, value]) => (typeof value === "object" && slashes ? `${name}/` : name))
    .join("\n");
}
