// Owns AcceptVpcPeeringConnection (EC2 API reference), from the accepter's region. What would overlap by now fails.

import { activePeering } from "../../model/peering.ts";
import type { VpcPeeringConnection } from "../../model/records.ts";
import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { find } from "../resource.ts";
import { checkAnswerRegion, checkPeeringQuota, checkTransition, failure, overlap } from "./peering-checks.ts";
import { peeringView } from "./view.ts";

export const acceptVpcPeeringConnection: Ec2Operation<"AcceptVpcPeeringConnection"> = (input, ctx) => ctx.write((tx) => {
  const peering = find(tx, "vpc-peering-connection", input.VpcPeeringConnectionId, ctx.region);
  checkAnswerRegion(peering, ctx, "accepted");
  checkTransition(peering, ctx, ["pending-acceptance"], "provisioning");
  const { requester, accepter } = peering;
  const other = activePeering(tx, requester.vpcId, accepter.vpcId);
  if (other) throw new Ec2Error("VpcPeeringConnectionAlreadyExists", `A VPC peering connection between ${requester.vpcId} and ${accepter.vpcId} already exists: ${other.id}`);
  for (const side of [requester, accepter]) checkPeeringQuota(tx, ctx, side.vpcId);
  const [one, two] = [tx.get("vpc", requester.vpcId), tx.get("vpc", accepter.vpcId)];
  const answered: VpcPeeringConnection = one && two && !overlap(one, two)
    ? { ...peering, status: "active", statusMessage: "Active", expiresAt: undefined }
    : { ...peering, ...failure(ctx.now()) };
  tx.put("vpc-peering-connection", answered);
  return { VpcPeeringConnection: { ...peeringView(tx, ctx, answered), Status: { Code: "provisioning", Message: "Provisioning" } } };
});
