// Owns RejectVpcPeeringConnection (EC2 API reference), from the accepter's region.

import type { Ec2Operation } from "../../wire/operation.ts";
import { find } from "../resource.ts";
import { checkAnswerRegion, checkTransition } from "./peering-checks.ts";

export const rejectVpcPeeringConnection: Ec2Operation<"RejectVpcPeeringConnection"> = (input, ctx) => ctx.write((tx) => {
  const peering = find(tx, "vpc-peering-connection", input.VpcPeeringConnectionId, ctx.region);
  checkAnswerRegion(peering, ctx, "rejected");
  checkTransition(peering, ctx, ["pending-acceptance"], "rejected");
  tx.put("vpc-peering-connection", { ...peering, status: "rejected", statusMessage: `Rejected by ${ctx.accountId}`, expiresAt: undefined, endedAt: ctx.now().toISOString() });
  return { Return: true };
});
