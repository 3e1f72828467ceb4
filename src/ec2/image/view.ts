// Owns how an image looks to clients (EC2 API reference, Image) and its filters.

import type * as ec2 from "@aws-sdk/client-ec2";
import type { Image } from "../../model/records.ts";
import type { Context } from "../../wire/operation.ts";
import { tagList, type FilterTable } from "../describe.ts";
import { rootDevice, rootVolumeType } from "../volume/block-devices.ts";

/** Amazon Linux 2023 launches with version 2 of the metadata service only. */
export const imdsSupport = (image: Image): "v2.0" | undefined => (image.name.startsWith("al2023-") && image.ownerAlias === "amazon" ? "v2.0" : undefined);
const bootMode = (image: Image): "uefi" | "uefi-preferred" | undefined => (image.architecture === "arm64" ? "uefi" : imdsSupport(image) ? "uefi-preferred" : undefined);
const locationOf = (image: Image): string => `${image.ownerAlias ?? image.ownerId}/${image.name}`;
/** "2026-11-23T10:00:00.000Z" */
const creationDate = (image: Image): string => new Date(image.createdAt).toISOString();

export const rootMapping = (image: Image): ec2.BlockDeviceMapping => ({
  DeviceName: rootDevice,
  Ebs: {
    DeleteOnTermination: true, SnapshotId: image.snapshotId, VolumeSize: image.rootVolumeSizeGiB, VolumeType: rootVolumeType(image), Encrypted: false,
    ...(rootVolumeType(image) === "gp3" ? { Iops: 3000, Throughput: 125 } : {}),
  },
});

export function imageView(image: Image): ec2.Image {
  return {
    ImageId: image.id,
    ImageLocation: locationOf(image),
    ImageType: "machine",
    Public: image.public,
    OwnerId: image.ownerId,
    ImageOwnerAlias: image.ownerAlias,
    CreationDate: creationDate(image),
    State: image.state,
    StateReason: image.stateReason === undefined ? undefined : { Code: "Server.InternalError", Message: image.stateReason },
    Name: image.name,
    Description: image.description === "" ? undefined : image.description,
    Architecture: image.architecture,
    PlatformDetails: "Linux/UNIX",
    UsageOperation: "RunInstances",
    BlockDeviceMappings: [rootMapping(image)],
    EnaSupport: true,
    Hypervisor: "xen",
    RootDeviceName: rootDevice,
    RootDeviceType: "ebs",
    SriovNetSupport: "simple",
    VirtualizationType: "hvm",
    BootMode: bootMode(image),
    ImdsSupport: imdsSupport(image),
    SourceInstanceId: image.sourceInstanceId,
    DeregistrationProtection: image.deregistrationProtection ? "enabled-without-cooldown" : "disabled",
    FreeTierEligible: image.ownerAlias === "amazon" ? true : undefined,
    Tags: tagList(image.tags),
  };
}

export const imageFilters = (_ctx: Context): FilterTable<Image> => ({
  "architecture": (i) => i.architecture,
  "block-device-mapping.delete-on-termination": () => "true",
  "block-device-mapping.device-name": () => rootDevice,
  "block-device-mapping.encrypted": () => "false",
  "block-device-mapping.snapshot-id": (i) => i.snapshotId,
  "block-device-mapping.volume-size": (i) => String(i.rootVolumeSizeGiB),
  "block-device-mapping.volume-type": rootVolumeType,
  "creation-date": creationDate,
  "description": (i) => i.description,
  "ena-support": () => "true",
  "free-tier-eligible": (i) => String(i.ownerAlias === "amazon"),
  "hypervisor": () => "xen",
  "image-allowed": () => undefined,
  "image-id": (i) => i.id,
  "image-type": () => "machine",
  "is-public": (i) => String(i.public),
  "kernel-id": () => undefined,
  "manifest-location": locationOf,
  "name": (i) => i.name,
  "owner-alias": (i) => i.ownerAlias,
  "owner-id": (i) => i.ownerId,
  "platform": () => undefined,
  "product-code": () => undefined,
  "product-code.type": () => undefined,
  "ramdisk-id": () => undefined,
  "root-device-name": () => rootDevice,
  "root-device-type": () => "ebs",
  "source-image-id": () => undefined,
  "source-image-region": () => undefined,
  "source-instance-id": (i) => i.sourceInstanceId,
  "state": (i) => i.state,
  "state-reason-code": (i) => (i.stateReason === undefined ? undefined : "Server.InternalError"),
  "state-reason-message": (i) => i.stateReason,
  "sriov-net-support": () => "simple",
  "virtualization-type": () => "hvm",
  "boot-mode": () => undefined,
  "image-watermark.source-image-creation-time": () => undefined,
  "image-watermark.source-image-id": () => undefined,
  "image-watermark.source-image-region": () => undefined,
  "image-watermark.watermark-creation-time": () => undefined,
  "image-watermark.watermark-key": () => undefined,
  "instance-type-specification.supported-instance-type": () => undefined,
  "instance-type-specification.unsupported-instance-type": () => undefined,
  "scan-result.critical-fix-available-since": () => undefined,
  "scan-result.finding-scan-date": () => undefined,
  "scan-result.high-fix-available-since": () => undefined,
  "scan-result.highest-finding-severity-label": () => undefined,
  "scan-result.informational-fix-available-since": () => undefined,
  "scan-result.low-fix-available-since": () => undefined,
  "scan-result.medium-fix-available-since": () => undefined,
  "public-ssm-parameter-name": () => undefined,
});
