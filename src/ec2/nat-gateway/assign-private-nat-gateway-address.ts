// Owns AssignPrivateNatGatewayAddress (EC2 API reference): further private addresses for a private gateway.

import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { find } from "../resource.ts";
import { addAddresses, checkAddressLimits, gatewayToChange, moreAddresses } from "./gateway-addresses.ts";
import { natGatewayAddressView } from "./view.ts";

export const assignPrivateNatGatewayAddress: Ec2Operation<"AssignPrivateNatGatewayAddress"> = (input, ctx) => ctx.write((tx) => {
  const gateway = gatewayToChange(tx, ctx, input.NatGatewayId, "private");
  const named = input.PrivateIpAddresses ?? [];
  const count = input.PrivateIpAddressCount;
  if (named.length > 0 && count !== undefined) throw new Ec2Error("InvalidParameterCombination", "PrivateIpAddresses and PrivateIpAddressCount may not be specified together.");
  if (named.length === 0 && count === undefined) throw new Ec2Error("MissingParameter", "The request must contain PrivateIpAddresses or PrivateIpAddressCount.");
  if (count !== undefined && (count < 1 || count > 31)) throw new Ec2Error("InvalidParameterValue", `Value (${count}) for parameter PrivateIpAddressCount is invalid.`);
  checkAddressLimits(ctx, 0, gateway.addresses.length + (count ?? named.length));
  const privateIps = moreAddresses(tx, ctx, find(tx, "subnet", gateway.subnetId, ctx.region), named, count ?? 0);
  const changed = addAddresses(tx, ctx, gateway, privateIps, []);
  return { NatGatewayId: gateway.id, NatGatewayAddresses: changed.added.map((a) => natGatewayAddressView(changed.gateway, a, "assigning")) };
});
