// Owns ModifyAddressAttribute (EC2 API reference): the reverse DNS name of an Elastic IP. AWS asks for a name that leads to the address;
// the box keeps what it is told.

import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { find } from "../resource.ts";
import { addressAttributeView } from "./view.ts";

const LABEL = /^(?!-)[A-Za-z0-9_-]{1,63}(?<!-)$/;

export const modifyAddressAttribute: Ec2Operation<"ModifyAddressAttribute"> = (input, ctx) => ctx.write((tx) => {
  const address = find(tx, "elastic-ip", input.AllocationId, ctx.region);
  const name = (input.DomainName ?? "").replace(/\.$/, "");
  if (name === "") throw new Ec2Error("MissingParameter", "The request must contain the parameter DomainName");
  const labels = name.split(".");
  if (name.length > 253 || labels.length < 2 || !labels.every((label) => LABEL.test(label))) throw new Ec2Error("InvalidParameterValue", `Value (${input.DomainName}) for parameter domainName is invalid.`);
  const changed = { ...address, ptrRecord: `${name.toLowerCase()}.` };
  tx.put("elastic-ip", changed);
  return { Address: { ...addressAttributeView(address), PtrRecordUpdate: { Value: changed.ptrRecord, Status: "PENDING" } } };
});
