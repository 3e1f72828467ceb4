// Owns DeregisterImage (EC2 API reference): instances launched from it go on; its snapshot stays unless DeleteAssociatedSnapshots.

import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { ownImage } from "./own-image.ts";

export const deregisterImage: Ec2Operation<"DeregisterImage"> = (input, ctx) => ctx.write((tx) => {
  const image = ownImage(tx, ctx, input.ImageId);
  if (image.deregistrationProtection) throw new Ec2Error("OperationNotPermitted", `The image '${image.id}' has deregistration protection enabled. Disable it and try again.`);
  tx.delete("image", image.id);
  const snapshot = tx.get("snapshot", image.snapshotId);
  const inUse = tx.list("image", ctx.region).some((i) => i.snapshotId === image.snapshotId);
  if (snapshot && image.layers.length > 0) tx.put("snapshot", { ...snapshot, layers: image.layers }); // RegisterImage makes an image of it again
  if (!input.DeleteAssociatedSnapshots) return { Return: true };
  if (!inUse) tx.delete("snapshot", image.snapshotId);
  return { Return: true, DeleteSnapshotResults: [{ SnapshotId: image.snapshotId, ReturnCode: inUse ? "skipped" as const : "success" as const }] };
});
