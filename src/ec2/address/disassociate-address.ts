// Owns DisassociateAddress (EC2 API reference). An instance that was launched with a public address gets another one (EC2 user
// guide, "Public IPv4 addresses").

import { unassociated } from "../../model/lifecycle.ts";
import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { regainPublicIp } from "../instance/launch-interfaces.ts";
import { refuseManagedAddress } from "../network-interface/requester-managed.ts";
import { addressByIp } from "./address-by-ip.ts";

export const disassociateAddress: Ec2Operation<"DisassociateAddress"> = (input, ctx) => ctx.write((tx) => {
  if (input.AssociationId !== undefined && input.PublicIp !== undefined) throw new Ec2Error("InvalidParameterCombination", "You may specify public IP or association id, but not both in the same call");
  if (input.AssociationId === undefined && input.PublicIp === undefined) throw new Ec2Error("MissingParameter", "Either public IP or association id must be specified");
  const address = input.AssociationId === undefined ? addressByIp(tx, ctx, input.PublicIp!) : tx.list("elastic-ip", ctx.region).find((a) => a.associationId === input.AssociationId);
  if (!address) throw new Ec2Error("InvalidAssociationID.NotFound", `The association ID '${input.AssociationId}' does not exist`);
  if (address.associationId === undefined) throw new Ec2Error("InvalidAssociationID.NotFound", `The association ID '' does not exist`);
  refuseManagedAddress(tx, address);
  const eni = tx.get("network-interface", address.networkInterfaceId!);
  tx.put("elastic-ip", unassociated(address));
  const instance = eni?.attachment && tx.get("instance", eni.attachment.instanceId);
  if (instance && (instance.state === "running" || instance.state === "pending")) regainPublicIp(tx, ctx, instance.id);
  return {};
});
