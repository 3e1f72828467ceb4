// Owns which layers of disks are in use: by an image, by a snapshot that can become one again, by an instance that has a disk. Pure.

import type { Snapshot } from "../model/snapshot.ts";

export function usedLayers(snapshot: Snapshot): ReadonlySet<string> {
  return new Set([
    ...snapshot.list("image").flatMap((image) => [image.id, ...image.layers]), // its own while it is being captured
    ...snapshot.list("snapshot").flatMap((s) => s.layers ?? []),
    ...snapshot.list("instance").filter((i) => i.state !== "terminated").flatMap((i) => i.layers),
  ]);
}
