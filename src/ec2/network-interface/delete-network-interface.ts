// Owns DeleteNetworkInterface (EC2 API reference): only one that is not attached; its Elastic IPs are free afterwards.

import { removeInterface } from "../../model/lifecycle.ts";
import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { find } from "../resource.ts";

export const deleteNetworkInterface: Ec2Operation<"DeleteNetworkInterface"> = (input, ctx) => ctx.write((tx) => {
  const eni = find(tx, "network-interface", input.NetworkInterfaceId, ctx.region);
  if (eni.attachment || eni.requesterManaged) throw new Ec2Error("InvalidParameterValue", `Network interface '${eni.id}' is currently in use.`);
  removeInterface(tx, eni.id);
  return {};
});
