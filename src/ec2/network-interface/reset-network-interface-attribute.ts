// Owns ResetNetworkInterfaceAttribute (EC2 API reference): the source/destination check goes on again.

import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { find } from "../resource.ts";
import { refuseManaged } from "./requester-managed.ts";

export const resetNetworkInterfaceAttribute: Ec2Operation<"ResetNetworkInterfaceAttribute"> = (input, ctx) => ctx.write((tx) => {
  const eni = find(tx, "network-interface", input.NetworkInterfaceId, ctx.region);
  refuseManaged(eni);
  if (input.SourceDestCheck === undefined) throw new Ec2Error("MissingParameter", "The request must contain the parameter sourceDestCheck");
  tx.put("network-interface", { ...eni, sourceDestCheck: true });
  return {};
});
