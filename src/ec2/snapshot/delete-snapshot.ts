// Owns DeleteSnapshot (EC2 API reference): not while an image uses it.

import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { find } from "../resource.ts";

export const deleteSnapshot: Ec2Operation<"DeleteSnapshot"> = (input, ctx) => ctx.write((tx) => {
  const snapshot = find(tx, "snapshot", input.SnapshotId, ctx.region);
  if (snapshot.ownerId !== ctx.accountId) throw new Ec2Error("AuthFailure", `Not authorized for snapshot: ${snapshot.id}`, 403);
  const image = tx.list("image", ctx.region).find((i) => i.snapshotId === snapshot.id);
  if (image) throw new Ec2Error("InvalidSnapshot.InUse", `The snapshot ${snapshot.id} is currently in use by ${image.id}`);
  tx.delete("snapshot", snapshot.id);
  return {};
});
