// Owns how far a snapshot is: that of an image which is still being captured is pending (EC2 API reference, Snapshot).

import type { VolumeSnapshot } from "../../model/records.ts";
import type { Snapshot } from "../../model/snapshot.ts";

export function snapshotState(snapshot: Snapshot, record: VolumeSnapshot): "pending" | "completed" | "error" {
  const image = snapshot.list("image", record.region).find((i) => i.snapshotId === record.id);
  return image?.state === "pending" ? "pending" : image?.state === "failed" ? "error" : "completed";
}
