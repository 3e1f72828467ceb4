// Owns ReleaseAddress (EC2 API reference).

import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { refuseManagedAddress } from "../network-interface/requester-managed.ts";
import { find } from "../resource.ts";
import { addressByIp } from "./address-by-ip.ts";

export const releaseAddress: Ec2Operation<"ReleaseAddress"> = (input, ctx) => ctx.write((tx) => {
  if (input.AllocationId !== undefined && input.PublicIp !== undefined) throw new Ec2Error("InvalidParameterCombination", "You may specify public IP or allocation id, but not both in the same call");
  if (input.AllocationId === undefined && input.PublicIp === undefined) throw new Ec2Error("MissingParameter", "Either public IP or allocation id must be specified");
  if (input.NetworkBorderGroup !== undefined && input.NetworkBorderGroup !== ctx.region)
    throw new Ec2Error("InvalidParameterValue", `Value (${input.NetworkBorderGroup}) for parameter networkBorderGroup is invalid.`);
  const address = input.AllocationId === undefined ? addressByIp(tx, ctx, input.PublicIp!) : find(tx, "elastic-ip", input.AllocationId, ctx.region);
  refuseManagedAddress(tx, address);
  if (address.associationId !== undefined) throw new Ec2Error("InvalidIPAddress.InUse", `Address ${address.publicIp} is in use.`);
  tx.delete("elastic-ip", address.id);
  return {};
});
