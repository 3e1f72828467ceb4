// Owns DescribeAccountAttributes (EC2 API reference). Limits are the box's quotas.

import type { Context, Ec2Operation } from "../../wire/operation.ts";
import { Ec2Error } from "../../wire/error.ts";

const UNLIMITED = 2147483647; // clients read a number
const quota = (ctx: Context, name: string): string => String(Math.min(ctx.quota(name), UNLIMITED));

const attributes: Readonly<Record<string, (ctx: Context) => string>> = {
  "supported-platforms": () => "VPC",
  "vpc-max-security-groups-per-interface": (ctx) => quota(ctx, "security-groups-per-interface"),
  "max-elastic-ips": (ctx) => quota(ctx, "elastic-ips-per-region"),
  "max-instances": (ctx) => quota(ctx, "vcpus-per-region"),
  "vpc-max-elastic-ips": (ctx) => quota(ctx, "elastic-ips-per-region"),
  "default-vpc": (ctx) => ctx.snapshot().list("vpc", ctx.region).find((vpc) => vpc.isDefault)?.id ?? "none",
};

export const describeAccountAttributes: Ec2Operation<"DescribeAccountAttributes"> = (input, ctx) => {
  const names: readonly string[] = input.AttributeNames ?? [];
  const unknown = names.find((name) => !Object.hasOwn(attributes, name));
  if (unknown !== undefined) throw new Ec2Error("InvalidParameterValue", `Value (${unknown}) for parameter attributeName is invalid. Unknown attribute.`);
  return {
    AccountAttributes: Object.keys(attributes).filter((name) => names.length === 0 || names.includes(name))
      .map((name) => ({ AttributeName: name, AttributeValues: [{ AttributeValue: attributes[name]!(ctx) }] })),
  };
};
