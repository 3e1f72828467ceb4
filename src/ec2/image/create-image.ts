// Owns CreateImage (EC2 API reference): the image is `pending` until the reconciler has captured the instance's disk; unless
// NoReboot, the instance boots again after that.

import type { Image, VolumeSnapshot } from "../../model/records.ts";
import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { tagsFor } from "../describe.ts";
import { find } from "../resource.ts";
import { refuseUnsupported } from "../unsupported.ts";
import { rootDevice } from "../volume/block-devices.ts";

export const createImage: Ec2Operation<"CreateImage"> = (input, ctx) => ctx.write((tx) => {
  const name = checkImageName(input.Name);
  refuseUnsupported(input, ["SnapshotLocation", "BootModeOverride"]);
  const instance = find(tx, "instance", input.InstanceId, ctx.region);
  if (instance.state !== "running" && instance.state !== "stopped")
    throw new Ec2Error("IncorrectState", `Instance '${instance.id}' is not in a state from which an image can be created: it is '${instance.state}'.`);
  const same = tx.list("image", ctx.region).find((i) => i.ownerId === ctx.accountId && i.name === name && i.state !== "failed");
  if (same) throw new Ec2Error("InvalidAMIName.Duplicate", `AMI name ${name} is already in use by AMI ${same.id}`);
  const tags = tagsFor("image", input.TagSpecifications, ["snapshot"]);
  const snapshotTags = tagsFor("snapshot", input.TagSpecifications, ["image"]);
  const sizeGiB = (input.BlockDeviceMappings ?? []).find((m) => m.DeviceName === rootDevice)?.Ebs?.VolumeSize ?? tx.get("volume", instance.rootVolumeId)?.sizeGiB ?? 8;
  const base = { region: ctx.region, createdAt: ctx.now().toISOString() };
  const id = ctx.newId("ami");
  const snapshot: VolumeSnapshot = {
    ...base, id: ctx.newId("snap"), index: tx.nextIndex(), tags: snapshotTags, volumeId: instance.rootVolumeId, sizeGiB, ownerId: ctx.accountId, encrypted: false,
    description: `Created by CreateImage(${instance.id}) for ${id}`,
  };
  const image: Image = {
    ...base, id, index: tx.nextIndex(), tags, name, description: input.Description ?? "", ownerId: ctx.accountId, public: false, architecture: instance.architecture, state: "pending",
    snapshotId: snapshot.id, layers: [], sourceInstanceId: instance.id, captureNoReboot: input.NoReboot ?? false, rootVolumeSizeGiB: sizeGiB,
  };
  tx.put("snapshot", snapshot);
  tx.put("image", image);
  return { ImageId: image.id };
});

/** 3 to 128 of: letters, digits, ()[] space . / - ' @ _ */
export function checkImageName(name: string | undefined): string {
  if (name === undefined || name === "") throw new Ec2Error("MissingParameter", "The request must contain the parameter Name");
  if (name.length < 3 || name.length > 128 || !/^[A-Za-z0-9()[\] ./\-'@_]+$/.test(name))
    throw new Ec2Error("InvalidAMIName.Malformed", "AMI names must be between 3 and 128 characters long, and may contain letters, numbers, '(', ')', '.', '-', '/' and '_'");
  return name;
}
