// Owns DeleteVpcPeeringConnection (EC2 API reference), from either region: an active connection ends, a request is withdrawn. Routes
// to it stay, as blackholes; rules about the peer's groups stay, stale.

import { deletedPeering } from "../../model/peering.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { find } from "../resource.ts";
import { checkTransition } from "./peering-checks.ts";

export const deleteVpcPeeringConnection: Ec2Operation<"DeleteVpcPeeringConnection"> = (input, ctx) => ctx.write((tx) => {
  const peering = find(tx, "vpc-peering-connection", input.VpcPeeringConnectionId, ctx.region);
  checkTransition(peering, ctx, ["active", "pending-acceptance"], "deleting");
  tx.put("vpc-peering-connection", deletedPeering(peering, ctx.accountId, ctx.now()));
  return { Return: true };
});
