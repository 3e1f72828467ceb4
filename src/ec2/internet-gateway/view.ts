// Owns how an internet gateway looks to clients (EC2 API reference, InternetGateway) and its filters.

import type * as ec2 from "@aws-sdk/client-ec2";
import type { InternetGateway } from "../../model/records.ts";
import type { Context } from "../../wire/operation.ts";
import { tagList, type FilterTable } from "../describe.ts";

export function internetGatewayView(ctx: Context, gateway: InternetGateway): ec2.InternetGateway {
  return {
    InternetGatewayId: gateway.id,
    OwnerId: ctx.accountId,
    Attachments: gateway.vpcId === undefined ? [] : [{ VpcId: gateway.vpcId, State: "available" as ec2.AttachmentStatus }], // EC2 says what its own model does not list
    Tags: tagList(gateway.tags),
  };
}

export const internetGatewayFilters = (ctx: Context): FilterTable<InternetGateway> => ({
  "attachment.state": (g) => g.vpcId && "available",
  "attachment.vpc-id": (g) => g.vpcId,
  "internet-gateway-id": (g) => g.id,
  "owner-id": () => ctx.accountId,
});
