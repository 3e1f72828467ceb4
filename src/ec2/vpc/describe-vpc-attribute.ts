// Owns DescribeVpcAttribute (EC2 API reference): one attribute a call.

import type * as ec2 from "@aws-sdk/client-ec2";
import type { Vpc } from "../../model/records.ts";
import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { required } from "../missing.ts";
import { find } from "../resource.ts";

const attributes: Readonly<Record<string, (vpc: Vpc) => ec2.DescribeVpcAttributeResult>> = {
  enableDnsSupport: (vpc) => ({ EnableDnsSupport: { Value: vpc.enableDnsSupport } }),
  enableDnsHostnames: (vpc) => ({ EnableDnsHostnames: { Value: vpc.enableDnsHostnames } }),
  enableNetworkAddressUsageMetrics: () => ({ EnableNetworkAddressUsageMetrics: { Value: false } }),
};

export const describeVpcAttribute: Ec2Operation<"DescribeVpcAttribute"> = (input, ctx) => {
  const vpc = find(ctx.snapshot(), "vpc", input.VpcId, ctx.region);
  const name = required<string>(input.Attribute, "attribute");
  if (!Object.hasOwn(attributes, name)) throw new Ec2Error("InvalidParameterValue", `Value (${name}) for parameter attribute is invalid. Unknown attribute.`);
  return { VpcId: vpc.id, ...attributes[name]!(vpc) };
};
