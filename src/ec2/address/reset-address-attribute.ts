// Owns ResetAddressAttribute (EC2 API reference): the reverse DNS name of an Elastic IP goes.

import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { find } from "../resource.ts";
import { addressAttributeView } from "./view.ts";

export const resetAddressAttribute: Ec2Operation<"ResetAddressAttribute"> = (input, ctx) => ctx.write((tx) => {
  const address = find(tx, "elastic-ip", input.AllocationId, ctx.region);
  if (input.Attribute !== "domain-name") throw new Ec2Error("MissingParameter", "The request must contain the parameter Attribute");
  const { ptrRecord: _, ...without } = address;
  tx.put("elastic-ip", without);
  return { Address: { ...addressAttributeView(address), ...(address.ptrRecord === undefined ? {} : { PtrRecordUpdate: { Value: "", Status: "PENDING" } }) } };
});
