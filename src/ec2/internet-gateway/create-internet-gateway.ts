// Owns CreateInternetGateway (EC2 API reference).

import type { InternetGateway } from "../../model/records.ts";
import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { tagsFor } from "../describe.ts";
import { makerOf, newRecord } from "../new-record.ts";
import { internetGatewayView } from "./view.ts";

export const createInternetGateway: Ec2Operation<"CreateInternetGateway"> = (input, ctx) => ctx.write((tx) => {
  const tags = tagsFor("internet-gateway", input.TagSpecifications);
  if (tx.list("internet-gateway", ctx.region).length >= ctx.quota("internet-gateways-per-region"))
    throw new Ec2Error("InternetGatewayLimitExceeded", "The maximum number of internet gateways has been reached.");
  const gateway: InternetGateway = newRecord(tx, makerOf(ctx), "igw", tags);
  tx.put("internet-gateway", gateway);
  return { InternetGateway: internetGatewayView(ctx, gateway) };
});
