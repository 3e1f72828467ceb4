// Owns the records of an image that was made from an archive (`vpcbox image import`): the image and its snapshot, as CreateImage has them.

import type { Image, VolumeSnapshot } from "../../model/records.ts";
import type { Transaction } from "../../model/snapshot.ts";
import { Ec2Error } from "../../wire/error.ts";
import { checkImageName } from "./create-image.ts";

export interface ImportedImage { readonly id: string; readonly name: string; readonly region: string; readonly accountId: string; readonly architecture: "x86_64" | "arm64" }

/** @throws when the name is not one, or is taken */
export function checkImport(tx: Pick<Transaction, "list">, { name, region, accountId }: Omit<ImportedImage, "id">): void {
  checkImageName(name);
  const same = tx.list("image", region).find((i) => i.ownerId === accountId && i.name === name && i.state !== "failed");
  if (same) throw new Ec2Error("InvalidAMIName.Duplicate", `AMI name ${name} is already in use by AMI ${same.id}`);
}

export function putImportedImage(tx: Transaction, image: ImportedImage, layers: readonly string[], deps: { readonly now: Date; newId(prefix: string): string }): void {
  checkImport(tx, image);
  const base = { region: image.region, createdAt: deps.now.toISOString(), tags: {} };
  const snapshot: VolumeSnapshot = {
    ...base, id: deps.newId("snap"), index: tx.nextIndex(), volumeId: "vol-ffffffff", sizeGiB: 8, description: `Imported for ${image.id}`, ownerId: image.accountId, encrypted: false,
  };
  const record: Image = {
    ...base, id: image.id, index: tx.nextIndex(), name: image.name, description: "", ownerId: image.accountId, public: false, architecture: image.architecture, state: "available",
    snapshotId: snapshot.id, layers, rootVolumeSizeGiB: 8,
  };
  tx.put("snapshot", snapshot);
  tx.put("image", record);
}
