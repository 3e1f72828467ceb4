// Owns DeleteNatGateway (EC2 API reference): -> deleting; the reconciler takes it out of the kernel and writes deleted, which stays
// visible for an hour. Its Elastic IPs are free then, not released. Routes to it are blackholes.

import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { find, notFound } from "../resource.ts";

export const deleteNatGateway: Ec2Operation<"DeleteNatGateway"> = (input, ctx) => ctx.write((tx) => {
  if (input.NatGatewayId === undefined || input.NatGatewayId === "") throw new Ec2Error("MissingParameter", "The request must contain the parameter natGatewayId");
  const gateway = find(tx, "natgateway", input.NatGatewayId, ctx.region);
  if (gateway.state === "deleted") throw notFound("natgateway", [gateway.id]);
  if (gateway.state === "failed") tx.put("natgateway", { ...gateway, state: "deleted" });
  else if (gateway.state !== "deleting") tx.put("natgateway", { ...gateway, state: "deleting" });
  return { NatGatewayId: gateway.id };
});
