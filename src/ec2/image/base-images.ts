// Owns the images that every region has, owned by amazon: their records. What is in them is built by instances/.

import type { Image, VolumeSnapshot } from "../../model/records.ts";
import type { Transaction } from "../../model/snapshot.ts";

/** AWS's account of Amazon Linux images. */
export const amazonOwnerId = "137112412989";
const released = "2026-11-01T00:00:00.000Z";

interface BaseImageRecord { readonly name: (architecture: string) => string; readonly description: (architecture: string) => string; readonly layer: string; readonly sizeGiB: number }
const images: readonly BaseImageRecord[] = [
  { name: (a) => `al2023-ami-2023.9.20261101.0-kernel-6.1-${a}`, description: (a) => `Amazon Linux 2023 AMI 2023.9.20261101.0 ${a} HVM kernel-6.1`, layer: "al2023", sizeGiB: 8 },
  { name: (a) => `amzn2-ami-hvm-2.0.20261101.0-${a}-gp2`, description: (a) => `Amazon Linux 2 AMI 2.0.20261101.0 ${a} HVM gp2`, layer: "al2", sizeGiB: 8 },
  { name: (a) => `amzn-ami-vpc-nat-2018.03.0.20261101.0-${a}-ebs`, description: (a) => `Amazon Linux AMI 2018.03.0.20261101.0 ${a} VPC HVM ebs`, layer: "nat", sizeGiB: 8 },
];

/** Puts the region's amazon-owned images, unless it has them. */
export function ensureImages(tx: Transaction, region: string, deps: { readonly now: Date; newId(prefix: string): string; readonly architecture: "x86_64" | "arm64" }): void {
  const have = new Set(tx.list("image", region).filter((i) => i.ownerId === amazonOwnerId).map((i) => i.name));
  for (const image of images) {
    const name = image.name(deps.architecture);
    if (have.has(name)) continue;
    const snapshotId = deps.newId("snap");
    const base = { region, tags: {}, createdAt: released };
    const snapshot: VolumeSnapshot = {
      ...base, id: snapshotId, index: tx.nextIndex(), volumeId: "vol-ffffffff", sizeGiB: image.sizeGiB, description: "", ownerId: amazonOwnerId, ownerAlias: "amazon", encrypted: false,
    };
    const record: Image = {
      ...base, id: deps.newId("ami"), index: tx.nextIndex(), name, description: image.description(deps.architecture), ownerId: amazonOwnerId, ownerAlias: "amazon", public: true,
      architecture: deps.architecture, state: "available", snapshotId, layers: [image.layer], rootVolumeSizeGiB: image.sizeGiB,
    };
    tx.put("snapshot", snapshot);
    tx.put("image", record);
  }
}
