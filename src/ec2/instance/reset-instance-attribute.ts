// Owns ResetInstanceAttribute (EC2 API reference): the source/destination check goes on again; kernel and RAM disk have nothing
// to go back to here.

import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { find } from "../resource.ts";
import { onlyInterface } from "./modify-instance-attribute.ts";

export const resetInstanceAttribute: Ec2Operation<"ResetInstanceAttribute"> = (input, ctx) => ctx.write((tx) => {
  const instance = find(tx, "instance", input.InstanceId, ctx.region);
  if (input.Attribute === "kernel" || input.Attribute === "ramdisk") throw new Ec2Error("UnsupportedOperation", `The parameter Attribute with value ${input.Attribute} is not supported.`);
  if (input.Attribute !== "sourceDestCheck") throw new Ec2Error("InvalidParameterValue", `Value (${input.Attribute}) for parameter attribute is invalid. The attribute cannot be reset.`);
  tx.put("network-interface", { ...onlyInterface(tx, instance), sourceDestCheck: true });
  return {};
});
