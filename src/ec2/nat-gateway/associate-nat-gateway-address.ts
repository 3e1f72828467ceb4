// Owns AssociateNatGatewayAddress (EC2 API reference): further Elastic IPs for a public gateway, each on a private address of its own.

import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { find } from "../resource.ts";
import { refuseUnsupported } from "../unsupported.ts";
import { addAddresses, checkAddressLimits, elasticIpNamed, gatewayToChange, moreAddresses } from "./gateway-addresses.ts";
import { natGatewayAddressView } from "./view.ts";

export const associateNatGatewayAddress: Ec2Operation<"AssociateNatGatewayAddress"> = (input, ctx) => ctx.write((tx) => {
  refuseUnsupported(input, ["AvailabilityZone", "AvailabilityZoneId"]); // of regional gateways
  const gateway = gatewayToChange(tx, ctx, input.NatGatewayId, "public");
  const ids = [...new Set(input.AllocationIds ?? [])];
  if (ids.length === 0) throw new Ec2Error("MissingParameter", "The request must contain the parameter allocationIds");
  const elastic = ids.map((id) => elasticIpNamed(tx, ctx, id));
  const taken = elastic.find((a) => a.associationId !== undefined);
  if (taken) throw new Ec2Error("Resource.AlreadyAssociated", `Elastic IP address [${taken.id}] is already associated`);
  const named = input.PrivateIpAddresses ?? [];
  if (named.length > 0 && named.length !== ids.length) throw new Ec2Error("InvalidParameterCombination", "The number of PrivateIpAddresses must be that of the AllocationIds.");
  checkAddressLimits(ctx, gateway.addresses.length + ids.length, gateway.addresses.length + ids.length);
  const privateIps = moreAddresses(tx, ctx, find(tx, "subnet", gateway.subnetId, ctx.region), named, ids.length);
  const changed = addAddresses(tx, ctx, gateway, privateIps, elastic);
  return { NatGatewayId: gateway.id, NatGatewayAddresses: changed.added.map((a) => natGatewayAddressView(changed.gateway, a, "associating")) };
});
