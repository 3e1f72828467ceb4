// Owns UnassignPrivateNatGatewayAddress (EC2 API reference): secondary addresses of a private gateway.

import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { gatewayToChange } from "./gateway-addresses.ts";
import { checkDrain, removeAddresses } from "./remove-addresses.ts";
import { natGatewayAddressView } from "./view.ts";

export const unassignPrivateNatGatewayAddress: Ec2Operation<"UnassignPrivateNatGatewayAddress"> = (input, ctx) => ctx.write((tx) => {
  const gateway = gatewayToChange(tx, ctx, input.NatGatewayId, "private");
  checkDrain(input.MaxDrainDurationSeconds);
  const addresses = [...new Set(input.PrivateIpAddresses ?? [])];
  if (addresses.length === 0) throw new Ec2Error("MissingParameter", "The request must contain the parameter privateIpAddresses");
  const gone = addresses.map((privateIp) => {
    const address = gateway.addresses.find((a) => a.privateIp === privateIp);
    if (!address) throw new Ec2Error("InvalidParameterValue", `The private IP address ${privateIp} is not assigned to NAT gateway ${gateway.id}`);
    if (address.primary) throw new Ec2Error("InvalidParameterValue", "The primary private IP address cannot be unassigned.");
    return address;
  });
  removeAddresses(tx, gateway, gone);
  return { NatGatewayId: gateway.id, NatGatewayAddresses: gone.map((a) => natGatewayAddressView(gateway, a, "unassigning")) };
});
