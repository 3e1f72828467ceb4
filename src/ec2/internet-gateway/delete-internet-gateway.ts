// Owns DeleteInternetGateway (EC2 API reference). Routes to it stay, as blackholes.

import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { find } from "../resource.ts";

export const deleteInternetGateway: Ec2Operation<"DeleteInternetGateway"> = (input, ctx) => ctx.write((tx) => {
  const gateway = find(tx, "internet-gateway", input.InternetGatewayId, ctx.region);
  if (gateway.vpcId !== undefined) throw new Ec2Error("DependencyViolation", `The internetGateway '${gateway.id}' has dependencies and cannot be deleted.`);
  tx.delete("internet-gateway", gateway.id);
  return {};
});
