// Owns DeleteVolume (EC2 API reference): of volumes that outlived their instance.

import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { find } from "../resource.ts";

export const deleteVolume: Ec2Operation<"DeleteVolume"> = (input, ctx) => ctx.write((tx) => {
  const volume = find(tx, "volume", input.VolumeId, ctx.region);
  if (volume.attachment) throw new Ec2Error("VolumeInUse", `Volume ${volume.id} is currently attached to ${volume.attachment.instanceId}`);
  tx.delete("volume", volume.id);
  return {};
});
