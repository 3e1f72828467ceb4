// Owns the check that an image is the account's own, which every change of it needs.

import type { Image } from "../../model/records.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import { Ec2Error } from "../../wire/error.ts";
import type { Context } from "../../wire/operation.ts";
import { find } from "../resource.ts";

export function ownImage(snapshot: Snapshot, ctx: Context, id: string | undefined): Image {
  const image = find(snapshot, "image", id, ctx.region);
  if (image.ownerId !== ctx.accountId) throw new Ec2Error("AuthFailure", `Not authorized for image:${image.id}`, 403);
  return image;
}
