// Owns CopyImage (EC2 API reference): within a region or from another. The copy shares the source's layers, so it is available
// at once.

import type { Image, VolumeSnapshot } from "../../model/records.ts";
import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { tagsFor } from "../describe.ts";
import { find } from "../resource.ts";
import { refuseUnsupported } from "../unsupported.ts";
import { checkImageName } from "./create-image.ts";

export const copyImage: Ec2Operation<"CopyImage"> = (input, ctx) => ctx.write((tx) => {
  refuseUnsupported(input, ["Encrypted", "KmsKeyId", "DestinationOutpostArn", "DestinationAvailabilityZone", "DestinationAvailabilityZoneId"], { Encrypted: (v: boolean) => !v });
  const name = checkImageName(input.Name);
  const source = find(tx, "image", input.SourceImageId, input.SourceRegion ?? ctx.region);
  if (source.state !== "available") throw new Ec2Error("InvalidAMIID.Unavailable", `The image ID '${source.id}' is not available`);
  const tags = { ...(input.CopyImageTags ? source.tags : {}), ...tagsFor("image", input.TagSpecifications, ["snapshot"]) };
  const base = { region: ctx.region, createdAt: ctx.now().toISOString() };
  const id = ctx.newId("ami");
  const snapshot: VolumeSnapshot = {
    ...base, id: ctx.newId("snap"), index: tx.nextIndex(), tags: tagsFor("snapshot", input.TagSpecifications, ["image"]), volumeId: "vol-ffffffff", sizeGiB: source.rootVolumeSizeGiB,
    ownerId: ctx.accountId, encrypted: false, description: `Copied for DestinationAmi ${id} from SourceAmi ${source.id} for SourceSnapshot ${source.snapshotId}.`,
  };
  const copy: Image = {
    ...base, id, index: tx.nextIndex(), tags, name, description: input.Description ?? source.description, ownerId: ctx.accountId, public: false, architecture: source.architecture, state: "available",
    snapshotId: snapshot.id, layers: source.layers, rootVolumeSizeGiB: source.rootVolumeSizeGiB,
  };
  tx.put("snapshot", snapshot);
  tx.put("image", copy);
  return { ImageId: copy.id };
});
