// Owns DescribeVolumeAttribute (EC2 API reference): one attribute a call, as every volume here has it.

import type * as ec2 from "@aws-sdk/client-ec2";
import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { find } from "../resource.ts";

const attributes: Readonly<Record<string, ec2.DescribeVolumeAttributeResult>> = { autoEnableIO: { AutoEnableIO: { Value: false } }, productCodes: { ProductCodes: [] } };

export const describeVolumeAttribute: Ec2Operation<"DescribeVolumeAttribute"> = (input, ctx) => {
  const volume = find(ctx.snapshot(), "volume", input.VolumeId, ctx.region);
  const name = input.Attribute ?? "";
  if (!Object.hasOwn(attributes, name)) throw new Ec2Error("InvalidParameterValue", `Value (${name}) for parameter attribute is invalid. Unknown attribute.`);
  return { VolumeId: volume.id, ...attributes[name] };
};
