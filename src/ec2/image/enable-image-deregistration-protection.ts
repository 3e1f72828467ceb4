// Owns EnableImageDeregistrationProtection (EC2 API reference), without cooldown.

import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { ownImage } from "./own-image.ts";

export const enableImageDeregistrationProtection: Ec2Operation<"EnableImageDeregistrationProtection"> = (input, ctx) => ctx.write((tx) => {
  if (input.WithCooldown) throw new Ec2Error("UnsupportedOperation", "The parameter WithCooldown is not supported.");
  tx.put("image", { ...ownImage(tx, ctx, input.ImageId), deregistrationProtection: true });
  return { Return: "enabled-without-cooldown" };
});
