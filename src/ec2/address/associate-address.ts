// Owns AssociateAddress (EC2 API reference): an Elastic IP takes the place of whatever public address the private one had.

import { unassociated } from "../../model/lifecycle.ts";
import type * as ec2 from "@aws-sdk/client-ec2";
import type { Address, NetworkInterface } from "../../model/records.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import { Ec2Error } from "../../wire/error.ts";
import type { Context, Ec2Operation } from "../../wire/operation.ts";
import { onlyInterface } from "../instance/modify-instance-attribute.ts";
import { refuseManaged, refuseManagedAddress } from "../network-interface/requester-managed.ts";
import { find } from "../resource.ts";
import { addressByIp } from "./address-by-ip.ts";

export const associateAddress: Ec2Operation<"AssociateAddress"> = (input, ctx) => ctx.write((tx) => {
  if (input.AllocationId !== undefined && input.PublicIp !== undefined) throw new Ec2Error("InvalidParameterCombination", "You may specify public IP or allocation id, but not both in the same call");
  if (input.AllocationId === undefined && input.PublicIp === undefined) throw new Ec2Error("MissingParameter", "Either public IP or allocation id must be specified");
  const address = input.AllocationId === undefined ? addressByIp(tx, ctx, input.PublicIp!) : find(tx, "elastic-ip", input.AllocationId, ctx.region);
  const eni = targetInterface(tx, ctx, input);
  refuseManaged(eni);
  refuseManagedAddress(tx, address);
  const privateIp = input.PrivateIpAddress ?? eni.privateAddresses[0]!.address;
  if (!eni.privateAddresses.some((p) => p.address === privateIp))
    throw new Ec2Error("InvalidParameterValue", `The private IP address ${privateIp} is not assigned to the network interface ${eni.id}`);
  if (!tx.list("internet-gateway", ctx.region).some((g) => g.vpcId === eni.vpcId))
    throw new Ec2Error("Gateway.NotAttached", `Network ${eni.vpcId} is not attached to any internet gateway`);
  if (address.networkInterfaceId === eni.id && address.privateIp === privateIp) return { AssociationId: address.associationId };
  refuseReassociation(tx, input, address, eni, privateIp);
  const before = tx.list("elastic-ip").find((a) => a.networkInterfaceId === eni.id && a.privateIp === privateIp);
  if (before) tx.put("elastic-ip", unassociated(before));
  const associationId = ctx.newId("eipassoc");
  tx.put("elastic-ip", { ...address, associationId, networkInterfaceId: eni.id, privateIp });
  tx.put("network-interface", { ...eni, privateAddresses: eni.privateAddresses.map((p) => (p.address === privateIp ? { address: p.address, primary: p.primary } : p)) });
  return { AssociationId: associationId };
});

function targetInterface(snapshot: Snapshot, ctx: Context, input: ec2.AssociateAddressRequest): NetworkInterface {
  if (input.NetworkInterfaceId !== undefined && input.InstanceId !== undefined)
    throw new Ec2Error("InvalidParameterCombination", "You may specify an instance ID or a network interface ID, but not both in the same call");
  if (input.NetworkInterfaceId !== undefined) return find(snapshot, "network-interface", input.NetworkInterfaceId, ctx.region);
  if (input.InstanceId === undefined) throw new Ec2Error("MissingParameter", "Either instance ID or network interface id must be specified");
  const instance = find(snapshot, "instance", input.InstanceId, ctx.region);
  if (instance.state === "pending") throw new Ec2Error("InvalidInstanceID", `The pending instance '${instance.id}' is not in a valid state for this operation.`);
  if (instance.state === "shutting-down" || instance.state === "terminated") throw new Ec2Error("InvalidInstanceID", `The instance '${instance.id}' is not in a valid state for this operation.`);
  return onlyInterface(snapshot, instance);
}

/** An address or a private address that is taken moves only when that is allowed; naming an Elastic IP by PublicIp never asks. */
function refuseReassociation(snapshot: Snapshot, input: ec2.AssociateAddressRequest, address: Address, eni: NetworkInterface, privateIp: string): void {
  if (input.AllowReassociation ?? true) return;
  if (address.associationId !== undefined)
    throw new Ec2Error("Resource.AlreadyAssociated", `resource ${address.id} is already associated with associate-id ${address.associationId}`);
  const other = snapshot.list("elastic-ip").find((a) => a.networkInterfaceId === eni.id && a.privateIp === privateIp);
  if (other) throw new Ec2Error("Resource.AlreadyAssociated", `resource ${eni.id} and ${privateIp} is already associated with public address ${other.publicIp}`);
}
