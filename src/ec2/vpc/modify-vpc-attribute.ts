// Owns ModifyVpcAttribute (EC2 API reference): one attribute a call.

import type { Vpc } from "../../model/records.ts";
import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { find } from "../resource.ts";
import { refuseUnsupported } from "../unsupported.ts";

export const modifyVpcAttribute: Ec2Operation<"ModifyVpcAttribute"> = (input, ctx) => ctx.write((tx) => {
  const vpc = find(tx, "vpc", input.VpcId, ctx.region);
  refuseUnsupported(input, ["EnableNetworkAddressUsageMetrics"], { EnableNetworkAddressUsageMetrics: (v: { Value?: boolean }) => !v.Value });
  const changes: Vpc[] = [];
  if (input.EnableDnsSupport) changes.push({ ...vpc, enableDnsSupport: input.EnableDnsSupport.Value ?? false });
  if (input.EnableDnsHostnames) changes.push({ ...vpc, enableDnsHostnames: input.EnableDnsHostnames.Value ?? false });
  if (input.EnableNetworkAddressUsageMetrics) changes.push(vpc);
  if (changes.length > 1) throw new Ec2Error("InvalidParameterCombination", "Fields for multiple attribute types specified");
  if (changes.length === 0) throw new Ec2Error("InvalidParameterCombination", "No attributes specified.");
  tx.put("vpc", changes[0]!);
  return {};
});
