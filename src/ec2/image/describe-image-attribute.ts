// Owns DescribeImageAttribute (EC2 API reference): one attribute a call.

import type * as ec2 from "@aws-sdk/client-ec2";
import type { Image } from "../../model/records.ts";
import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { find } from "../resource.ts";
import { ownImage } from "./own-image.ts";
import { imdsSupport, rootMapping } from "./view.ts";

const attributes: Readonly<Record<string, (image: Image) => ec2.ImageAttribute>> = {
  description: (i) => ({ Description: { Value: i.description } }),
  kernel: () => ({ KernelId: {} }),
  ramdisk: () => ({ RamdiskId: {} }),
  launchPermission: (i) => ({ LaunchPermissions: [...(i.public ? [{ Group: "all" as const }] : []), ...(i.launchPermissions ?? []).map((UserId) => ({ UserId }))] }),
  productCodes: () => ({ ProductCodes: [] }),
  blockDeviceMapping: (i) => ({ BlockDeviceMappings: [rootMapping(i)] }),
  sriovNetSupport: () => ({ SriovNetSupport: { Value: "simple" } }),
  bootMode: () => ({ BootMode: {} }),
  imdsSupport: (i) => ({ ImdsSupport: { Value: imdsSupport(i) } }),
  deregistrationProtection: (i) => ({ DeregistrationProtection: { Value: i.deregistrationProtection ? "enabled-without-cooldown" : "disabled" } }),
};

export const describeImageAttribute: Ec2Operation<"DescribeImageAttribute"> = (input, ctx) => {
  const name = input.Attribute ?? "";
  if (!Object.hasOwn(attributes, name)) throw new Ec2Error("InvalidParameterValue", `Value (${name}) for parameter attribute is invalid. Unknown attribute.`);
  const snapshot = ctx.snapshot();
  const image = name === "launchPermission" ? ownImage(snapshot, ctx, input.ImageId) : find(snapshot, "image", input.ImageId, ctx.region);
  return { ImageId: image.id, ...attributes[name]!(image) };
};
