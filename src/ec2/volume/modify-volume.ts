// Owns ModifyVolume (EC2 API reference; EBS user guide, "Modify an EBS volume"): a larger size, another type. A root disk grows when its
// instance next boots, which is when Amazon Linux makes its file system larger, too; the rest is shown.

import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { find } from "../resource.ts";
import { refuseUnsupported } from "../unsupported.ts";
import { checkSize, checkType, iopsOf, throughputOf } from "./block-devices.ts";
import { modificationView } from "./describe-volumes-modifications.ts";

export const modifyVolume: Ec2Operation<"ModifyVolume"> = (input, ctx) => ctx.write((tx) => {
  const volume = find(tx, "volume", input.VolumeId, ctx.region);
  refuseUnsupported(input, ["MultiAttachEnabled"]);
  const { VolumeType: volumeType = volume.volumeType, Size: sizeGiB = volume.sizeGiB } = input, same = volumeType === volume.volumeType;
  checkType(volumeType);
  if (sizeGiB < volume.sizeGiB) throw new Ec2Error("InvalidParameterValue", "New size cannot be smaller than existing size");
  checkSize(volumeType, sizeGiB);
  const { sizeGiB: before, volumeType: typeBefore, iops, throughputMiBps } = volume;
  const kept = volumeType === "gp2" ? undefined : iops; // gp2's follow from its size
  const modified = {
    ...volume, sizeGiB, volumeType,
    iops: iopsOf(volumeType, sizeGiB, input.Iops ?? (same ? kept : undefined)),
    throughputMiBps: throughputOf(volumeType, input.Throughput ?? (same ? throughputMiBps : undefined)),
    modification: { sizeGiB: before, volumeType: typeBefore, iops, throughputMiBps, at: ctx.now().toISOString() },
  };
  tx.put("volume", modified);
  return { VolumeModification: modificationView(modified) };
});
