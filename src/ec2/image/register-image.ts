// Owns RegisterImage (EC2 API reference): an image of what an earlier image's snapshot holds, which stays when that image is
// deregistered. There are no other snapshots: EBS attaches nothing here.

import type * as ec2 from "@aws-sdk/client-ec2";
import type { Image, VolumeSnapshot } from "../../model/records.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import { Ec2Error } from "../../wire/error.ts";
import type { Context, Ec2Operation } from "../../wire/operation.ts";
import { tagsFor } from "../describe.ts";
import { makerOf, newRecord } from "../new-record.ts";
import { find } from "../resource.ts";
import { snapshotState } from "../snapshot/snapshot-state.ts";
import { refuseUnsupported } from "../unsupported.ts";
import { rootDevice } from "../volume/block-devices.ts";
import { checkImageName } from "./create-image.ts";

type Input = ec2.RegisterImageRequest;

export const registerImage: Ec2Operation<"RegisterImage"> = (input, ctx) => ctx.write((tx) => {
  refuseUnsupported(input, ["ImageLocation", "BillingProducts", "TpmSupport", "UefiData", "ImdsSupport", "KernelId", "RamdiskId", "BootMode", "SriovNetSupport", "EnaSupport"], {
    SriovNetSupport: (v: string) => v === "simple", EnaSupport: (v: boolean) => v,
  });
  const name = checkImageName(input.Name);
  if ((input.VirtualizationType ?? "hvm") !== "hvm") throw new Ec2Error("UnsupportedOperation", `The parameter VirtualizationType with value ${input.VirtualizationType} is not supported.`);
  const root = rootOf(tx, ctx, input);
  const architecture = input.Architecture ?? ctx.architecture;
  if (architecture !== ctx.architecture) throw new Ec2Error("InvalidParameterValue", `The architecture '${architecture}' is not that of the snapshot ${root.snapshot.id}, '${ctx.architecture}'.`);
  const same = tx.list("image", ctx.region).find((i) => i.ownerId === ctx.accountId && i.name === name && i.state !== "failed");
  if (same) throw new Ec2Error("InvalidAMIName.Duplicate", `AMI name ${name} is already in use by AMI ${same.id}`);
  const image: Image = {
    ...newRecord(tx, makerOf(ctx), "ami", tagsFor("image", input.TagSpecifications)), name, description: input.Description ?? "", ownerId: ctx.accountId, public: false, architecture: ctx.architecture,
    state: "available", snapshotId: root.snapshot.id, layers: root.layers, rootVolumeSizeGiB: root.sizeGiB,
  };
  tx.put("image", image);
  return { ImageId: image.id };
});

/** The snapshot of the root device, the layers in it, and the size that volumes made of it have. */
function rootOf(snapshot: Snapshot, ctx: Context, input: Input): { readonly snapshot: VolumeSnapshot; readonly layers: readonly string[]; readonly sizeGiB: number } {
  const device = input.RootDeviceName ?? rootDevice;
  if (device !== rootDevice) throw new Ec2Error("UnsupportedOperation", `The parameter RootDeviceName with value ${device} is not supported. Use ${rootDevice}.`);
  const mappings = (input.BlockDeviceMappings ?? []).filter((m) => m.NoDevice === undefined && m.VirtualName === undefined);
  const other = mappings.find((m) => m.DeviceName !== device);
  if (other) throw new Ec2Error("UnsupportedOperation", `The parameter BlockDeviceMapping with device ${other.DeviceName} is not supported. An image here has its root device alone.`);
  const ebs = mappings[0]?.Ebs;
  if (ebs?.SnapshotId === undefined) throw new Ec2Error("InvalidBlockDeviceMapping", "No root snapshot specified in device mapping");
  const record = find(snapshot, "snapshot", ebs.SnapshotId, ctx.region);
  const layers = layersOf(snapshot, record);
  if (!layers) throw new Ec2Error("IncorrectState", `Snapshot ${record.id} is not in the completed state.`);
  const sizeGiB = ebs.VolumeSize ?? record.sizeGiB;
  if (sizeGiB < record.sizeGiB) throw new Ec2Error("InvalidBlockDeviceMapping", `Volume of size ${sizeGiB}GB is smaller than snapshot '${record.id}', expect size >= ${record.sizeGiB}GB`);
  return { snapshot: record, layers, sizeGiB };
}

/** What a snapshot holds: the layers of its image, or those it kept when that was deregistered; undefined while it is being captured. */
function layersOf(snapshot: Snapshot, record: VolumeSnapshot): readonly string[] | undefined {
  if (snapshotState(snapshot, record) !== "completed") return undefined;
  return record.layers ?? snapshot.list("image", record.region).find((i) => i.snapshotId === record.id && i.layers.length > 0)?.layers;
}
