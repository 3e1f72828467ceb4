// Owns DisableImageDeregistrationProtection (EC2 API reference).

import type { Ec2Operation } from "../../wire/operation.ts";
import { ownImage } from "./own-image.ts";

export const disableImageDeregistrationProtection: Ec2Operation<"DisableImageDeregistrationProtection"> = (input, ctx) => ctx.write((tx) => {
  tx.put("image", { ...ownImage(tx, ctx, input.ImageId), deregistrationProtection: undefined });
  return { Return: "disabled" };
});
