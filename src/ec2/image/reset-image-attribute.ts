// Owns ResetImageAttribute (EC2 API reference): launch permissions go back to none.

import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { ownImage } from "./own-image.ts";

export const resetImageAttribute: Ec2Operation<"ResetImageAttribute"> = (input, ctx) => ctx.write((tx) => {
  const image = ownImage(tx, ctx, input.ImageId);
  if (input.Attribute !== "launchPermission") throw new Ec2Error("InvalidParameterValue", `Value (${input.Attribute}) for parameter attribute is invalid. The attribute cannot be reset.`);
  tx.put("image", { ...image, public: false, launchPermissions: [] });
  return {};
});
