// Owns DisassociateNatGatewayAddress (EC2 API reference): secondary Elastic IPs, and the private addresses under them.

import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { gatewayToChange } from "./gateway-addresses.ts";
import { checkDrain, removeAddresses } from "./remove-addresses.ts";
import { natGatewayAddressView } from "./view.ts";

export const disassociateNatGatewayAddress: Ec2Operation<"DisassociateNatGatewayAddress"> = (input, ctx) => ctx.write((tx) => {
  const gateway = gatewayToChange(tx, ctx, input.NatGatewayId, "public");
  checkDrain(input.MaxDrainDurationSeconds);
  const ids = [...new Set(input.AssociationIds ?? [])];
  if (ids.length === 0) throw new Ec2Error("MissingParameter", "The request must contain the parameter associationIds");
  const gone = ids.map((id) => {
    const address = gateway.addresses.find((a) => a.associationId === id);
    if (!address) throw new Ec2Error("InvalidAssociationID.NotFound", `The association ID '${id}' does not exist`);
    if (address.primary) throw new Ec2Error("InvalidParameter", `The association ID '${id}' is that of the primary address of NAT gateway ${gateway.id}, which cannot be disassociated.`);
    return address;
  });
  removeAddresses(tx, gateway, gone);
  return { NatGatewayId: gateway.id, NatGatewayAddresses: gone.map((a) => natGatewayAddressView(gateway, a, "disassociating")) };
});
