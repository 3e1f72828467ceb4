// Owns AttachInternetGateway (EC2 API reference): one gateway a VPC, one VPC a gateway.

import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { find } from "../resource.ts";

export const attachInternetGateway: Ec2Operation<"AttachInternetGateway"> = (input, ctx) => ctx.write((tx) => {
  const gateway = find(tx, "internet-gateway", input.InternetGatewayId, ctx.region);
  const vpc = find(tx, "vpc", input.VpcId, ctx.region);
  if (gateway.vpcId !== undefined) throw new Ec2Error("Resource.AlreadyAssociated", `resource ${gateway.id} is already attached to network ${gateway.vpcId}`);
  if (tx.list("internet-gateway", ctx.region).some((g) => g.vpcId === vpc.id))
    throw new Ec2Error("InvalidParameterValue", `Network ${vpc.id} already has an internet gateway attached`);
  tx.put("internet-gateway", { ...gateway, vpcId: vpc.id });
  return {};
});
