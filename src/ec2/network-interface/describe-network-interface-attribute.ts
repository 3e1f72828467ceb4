// Owns DescribeNetworkInterfaceAttribute (EC2 API reference): one attribute a call.

import type * as ec2 from "@aws-sdk/client-ec2";
import { join, type Joins } from "../../model/joins.ts";
import type { NetworkInterface } from "../../model/records.ts";
import { Ec2Error } from "../../wire/error.ts";
import type { Context, Ec2Operation } from "../../wire/operation.ts";
import { find } from "../resource.ts";
import { attachmentView, groupViews } from "./view.ts";

const attributes: Readonly<Record<string, (eni: NetworkInterface, joins: Joins, ctx: Context) => ec2.DescribeNetworkInterfaceAttributeResult>> = {
  description: (eni) => ({ Description: { Value: eni.description } }),
  groupSet: (eni, joins) => ({ Groups: groupViews(joins, eni.groupIds) }),
  sourceDestCheck: (eni) => ({ SourceDestCheck: { Value: eni.sourceDestCheck } }),
  attachment: (eni, joins, ctx) => ({ Attachment: attachmentView(joins, ctx, eni) }),
  associatePublicIpAddress: (eni) => ({ AssociatePublicIpAddress: eni.assignsPublicIp ?? false }),
};

export const describeNetworkInterfaceAttribute: Ec2Operation<"DescribeNetworkInterfaceAttribute"> = (input, ctx) => {
  const joins = join(ctx.snapshot());
  const eni = find(joins.snapshot, "network-interface", input.NetworkInterfaceId, ctx.region);
  const name = input.Attribute ?? "";
  if (!Object.hasOwn(attributes, name)) throw new Ec2Error("InvalidParameterValue", `Value (${name}) for parameter attribute is invalid. Unknown attribute.`);
  return { NetworkInterfaceId: eni.id, ...attributes[name]!(eni, joins, ctx) };
};
