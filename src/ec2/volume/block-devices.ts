// Owns how BlockDeviceMappings become volumes at launch (EC2 API reference, EbsBlockDevice): the image's root, and further ones.
// Volumes are records: what a guest writes is in its own layer, whatever their size.

import type * as ec2 from "@aws-sdk/client-ec2";
import type { Image, Tags, Volume } from "../../model/records.ts";
import type { Transaction } from "../../model/snapshot.ts";
import { Ec2Error } from "../../wire/error.ts";
import type { Context } from "../../wire/operation.ts";
import { find } from "../resource.ts";

export const rootDevice = "/dev/xvda";
interface PlannedVolume {
  readonly device: string;
  readonly sizeGiB: number;
  readonly volumeType: string;
  readonly iops: number | undefined;
  readonly throughputMiBps: number | undefined;
  readonly encrypted: boolean;
  readonly snapshotId: string;
  readonly deleteOnTermination: boolean;
}

const volumeTypes: Readonly<Record<string, { readonly max: number; readonly min: number }>> = {
  gp2: { min: 1, max: 16384 }, gp3: { min: 1, max: 16384 }, io1: { min: 4, max: 16384 }, io2: { min: 4, max: 65536 }, st1: { min: 125, max: 16384 }, sc1: { min: 125, max: 16384 }, standard: { min: 1, max: 1024 },
};

/** The volumes of an instance, root first. */
export function planVolumes(tx: Transaction, ctx: Context, image: Image, mappings: readonly ec2.BlockDeviceMapping[] | undefined): readonly PlannedVolume[] {
  const byDevice = new Map<string, ec2.BlockDeviceMapping>();
  for (const mapping of mappings ?? []) {
    const device = mapping.DeviceName;
    if (device === undefined || device === "") throw new Ec2Error("MissingParameter", "The request must contain the parameter BlockDeviceMapping.DeviceName");
    if (byDevice.has(device)) throw new Ec2Error("InvalidBlockDeviceMapping", `The device '${device}' is used in more than one block-device mapping`);
    if (device === rootDevice && mapping.NoDevice !== undefined) throw new Ec2Error("InvalidBlockDeviceMapping", `The root device '${device}' may not be suppressed`);
    byDevice.set(device, mapping);
  }
  const root = planVolume(tx, ctx, rootDevice, { ...byDevice.get(rootDevice)?.Ebs, SnapshotId: image.snapshotId }, image.rootVolumeSizeGiB, rootVolumeType(image));
  const others = [...byDevice].filter(([device, m]) => device !== rootDevice && m.NoDevice === undefined && m.VirtualName === undefined);
  return [root, ...others.map(([device, m]) => planVolume(tx, ctx, device, m.Ebs ?? {}, undefined, "gp2"))];
}

export const rootVolumeType = (image: Image): "gp2" | "gp3" => (image.name.startsWith("al2023-") ? "gp3" : "gp2");

function planVolume(tx: Transaction, ctx: Context, device: string, ebs: ec2.EbsBlockDevice, imageSize: number | undefined, defaultType: string): PlannedVolume {
  const volumeType = ebs.VolumeType ?? defaultType;
  checkType(volumeType);
  const snapshotId = ebs.SnapshotId ?? "";
  const least = imageSize ?? (snapshotId === "" ? undefined : find(tx, "snapshot", snapshotId, ctx.region).sizeGiB);
  const sizeGiB = ebs.VolumeSize ?? least;
  if (sizeGiB === undefined) throw new Ec2Error("MissingParameter", "The request must contain the parameter size or snapshotId");
  if (least !== undefined && sizeGiB < least)
    throw new Ec2Error("InvalidBlockDeviceMapping", `Volume of size ${sizeGiB}GB is smaller than snapshot '${snapshotId}', expect size >= ${least}GB`);
  checkSize(volumeType, sizeGiB);
  if (ebs.KmsKeyId !== undefined) throw new Ec2Error("UnsupportedOperation", "The parameter KmsKeyId is not supported.");
  return { device, sizeGiB, volumeType, iops: iopsOf(volumeType, sizeGiB, ebs.Iops), throughputMiBps: throughputOf(volumeType, ebs.Throughput), encrypted: ebs.Encrypted ?? false, snapshotId, deleteOnTermination: ebs.DeleteOnTermination ?? true };
}

export function checkType(volumeType: string): void {
  if (!Object.hasOwn(volumeTypes, volumeType)) throw new Ec2Error("InvalidParameterValue", `Invalid value '${volumeType}' for EBS volume type`);
}

export function checkSize(volumeType: string, sizeGiB: number): void {
  const { min, max } = volumeTypes[volumeType]!;
  if (sizeGiB < min || sizeGiB > max)
    throw new Ec2Error("InvalidParameterValue", `Volume of ${sizeGiB}GiB is ${sizeGiB < min ? "too small" : "too large"} for volume type ${volumeType}; ${sizeGiB < min ? `minimum is ${min}` : `maximum is ${max}`}GiB.`);
}

export function iopsOf(volumeType: string, sizeGiB: number, asked: number | undefined): number | undefined {
  if (volumeType === "io1" || volumeType === "io2") {
    if (asked === undefined) throw new Ec2Error("MissingParameter", "The request must contain the parameter iops");
    return asked;
  }
  if (volumeType === "gp3") return asked ?? 3000;
  if (asked !== undefined) throw new Ec2Error("InvalidParameterCombination", `The parameter iops is not supported for ${volumeType} volumes.`);
  return volumeType === "gp2" ? Math.min(16000, Math.max(100, sizeGiB * 3)) : undefined;
}

export const throughputOf = (volumeType: string, asked: number | undefined): number | undefined => (volumeType === "gp3" ? asked ?? 125 : undefined);

/** Puts the volumes of one instance; answers the root's id. */
export function putVolumes(tx: Transaction, ctx: Context, planned: readonly PlannedVolume[], instanceId: string, availabilityZone: string, tags: Tags): string {
  const now = ctx.now().toISOString();
  const volumes = planned.map(({ device, deleteOnTermination, ...volume }): Volume => ({
    id: ctx.newId("vol"), region: ctx.region, index: tx.nextIndex(), tags, createdAt: now, availabilityZone, ...volume,
    attachment: { instanceId, device, deleteOnTermination, attachedAt: now },
  }));
  for (const volume of volumes) tx.put("volume", volume);
  return volumes[0]!.id;
}
