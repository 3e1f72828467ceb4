// Owns what a call may not do to an interface that another resource made for itself, a NAT gateway's, or to the Elastic IPs on it
// (EC2 user guide, "Requester-managed network interfaces").

import type { Address, NetworkInterface } from "../../model/records.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import { Ec2Error } from "../../wire/error.ts";

const noPermission = (): Ec2Error => new Ec2Error("AuthFailure", "You do not have permission to access the specified resource.");

export function refuseManaged(eni: NetworkInterface): void {
  if (eni.requesterManaged) throw noPermission();
}

/** An Elastic IP that is on such an interface is changed by its owner's calls only. */
export function refuseManagedAddress(snapshot: Snapshot, address: Address): void {
  if (address.networkInterfaceId !== undefined && snapshot.get("network-interface", address.networkInterfaceId)?.requesterManaged) throw noPermission();
}
