// Owns what becomes true of records when a guest has started, stopped or gone: pure functions on a transaction, called by the
// reconciler with what it saw (EC2 user guide, "Amazon EC2 instance state changes"). Each may be called again, and does nothing
// to a record that has moved on.

import type { Address, Instance, NatGateway, NetworkInterface } from "./records.ts";
import type { Snapshot, Transaction } from "./snapshot.ts";

const TERMINATED_FOR_MS = 60 * 60 * 1000;
const NAT_GATEWAY_GONE_FOR_MS = 60 * 60 * 1000;

/** The interfaces plugged into an instance, in order of their device index. */
export function attachedInterfaces(snapshot: Snapshot, instanceId: string): readonly NetworkInterface[] {
  return snapshot.list("network-interface")
    .filter((eni) => eni.attachment?.instanceId === instanceId)
    .sort((a, b) => a.attachment!.deviceIndex - b.attachment!.deviceIndex);
}

/** Its guest's init runs: pending -> running. */
export function instanceStarted(tx: Transaction, id: string, now: Date): void {
  const instance = tx.get("instance", id);
  if (instance?.state !== "pending") return;
  tx.put("instance", { ...instance, state: "running", stateReason: undefined, stateTransitionReason: "", startedAt: now.toISOString() });
}

/** Its guest has ended: -> stopped. The public address that it was given goes; Elastic IPs and private addresses stay. */
export function instanceStopped(tx: Transaction, id: string, _now: Date): void {
  const instance = tx.get("instance", id);
  if (!instance || instance.state === "stopped" || instance.state === "shutting-down" || instance.state === "terminated") return;
  tx.put("instance", { ...instance, state: "stopped" });
  for (const eni of attachedInterfaces(tx, id)) releaseGivenPublicIps(tx, eni);
}

/** Its guest and disk are gone: -> terminated. Interfaces and volumes that were to go with it go, the others are detached. */
export function instanceTerminated(tx: Transaction, id: string, now: Date): void {
  const instance = tx.get("instance", id);
  if (!instance || instance.state === "terminated") return;
  tx.put("instance", { ...instance, state: "terminated", terminatedAt: now.toISOString() });
  for (const eni of attachedInterfaces(tx, id)) {
    if (eni.attachment!.deleteOnTermination) removeInterface(tx, eni.id);
    else detachInterface(tx, eni);
  }
  for (const volume of tx.list("volume")) {
    if (volume.attachment?.instanceId !== id) continue;
    if (volume.attachment.deleteOnTermination) tx.delete("volume", volume.id);
    else tx.put("volume", { ...volume, attachment: undefined });
  }
}

/** Its guest could not be started. One that never ran terminates, as on AWS; one with a disk of its own stops. */
export function instanceFailed(tx: Transaction, id: string, _now: Date, reason: string): void {
  const instance = tx.get("instance", id);
  if (!instance || (instance.state !== "pending" && instance.state !== "running")) return;
  const stateReason = { code: "Server.InternalError", message: `Server.InternalError: Internal error on launch: ${reason}` };
  tx.put("instance", { ...instance, state: instance.startedAt === undefined ? "shutting-down" : "stopping", stateReason, stateTransitionReason: "Server.InternalError" });
}

/** Its guest was shut down from inside: stops or terminates as the instance says. */
export function guestExited(tx: Transaction, id: string, now: Date): void {
  const instance = tx.get("instance", id);
  if (instance?.state !== "running") return;
  const ended: Instance = {
    ...instance,
    state: instance.shutdownBehavior === "terminate" ? "shutting-down" : "stopping",
    stateReason: { code: "Client.InstanceInitiatedShutdown", message: "Client.InstanceInitiatedShutdown: Instance initiated shutdown" },
  };
  tx.put("instance", ended);
  if (ended.state === "stopping") instanceStopped(tx, id, now);
}

/** Its guest was rebooted from inside: it is to be booted again. */
export function guestReboots(tx: Transaction, id: string, _now: Date): void {
  const instance = tx.get("instance", id);
  if (instance?.state === "running") tx.put("instance", { ...instance, bootNumber: instance.bootNumber + 1 });
}

/** Its guest died: it stops, and its disk stays whatever a shutdown would have done. */
export function guestDied(tx: Transaction, id: string, now: Date): void {
  const instance = tx.get("instance", id);
  if (instance?.state !== "running") return;
  const stateReason = { code: "Server.InternalError", message: "Server.InternalError: the instance's first process died" };
  tx.put("instance", { ...instance, state: "stopping", stateReason, stateTransitionReason: "Server.InternalError" });
  instanceStopped(tx, id, now);
}

/** Drops the records of instances that were terminated an hour ago. Answers how many. */
export function forgetTerminated(tx: Transaction, now: Date): number {
  const old = tx.list("instance").filter((i) => i.state === "terminated" && i.terminatedAt !== undefined && now.getTime() - Date.parse(i.terminatedAt) >= TERMINATED_FOR_MS);
  for (const instance of old) tx.delete("instance", instance.id);
  return old.length;
}

/** Its interface is there, and it counts as one of its zone's. */
export const natGatewayIsLive = (gateway: NatGateway): boolean => gateway.state === "pending" || gateway.state === "available" || gateway.state === "deleting";

/** The kernel shall have it, or has it: one that is deleting shall go. */
export const natGatewayForwards = (gateway: NatGateway | undefined): boolean => gateway?.state === "pending" || gateway?.state === "available";

/** The kernel has it: pending -> available. */
export function natGatewayReady(tx: Transaction, id: string): void {
  const gateway = tx.get("natgateway", id);
  if (gateway?.state === "pending") tx.put("natgateway", { ...gateway, state: "available" });
}

/** The kernel has let go of it: deleting -> deleted. Its interface goes, its Elastic IPs are free. */
export function natGatewayGone(tx: Transaction, id: string, now: Date): void {
  const gateway = tx.get("natgateway", id);
  if (gateway?.state !== "deleting") return;
  removeInterface(tx, gateway.networkInterfaceId);
  tx.put("natgateway", { ...gateway, state: "deleted", deletedAt: now.toISOString() });
}

/** Drops the records of NAT gateways that were deleted, or failed, an hour ago. Answers how many. */
export function forgetNatGateways(tx: Transaction, now: Date): number {
  const old = tx.list("natgateway").filter((g) => g.deletedAt !== undefined && now.getTime() - Date.parse(g.deletedAt) >= NAT_GATEWAY_GONE_FOR_MS);
  for (const gateway of old) tx.delete("natgateway", gateway.id);
  return old.length;
}

/** An Elastic IP that leads nowhere. */
export const unassociated = (address: Address): Address => ({ ...address, associationId: undefined, networkInterfaceId: undefined, privateIp: undefined });

/** Flow logs go with what they watch. */
export function forgetFlowLogs(tx: Transaction, resourceId: string): void {
  for (const flowLog of tx.list("vpc-flow-log")) if (flowLog.resourceId === resourceId) tx.delete("vpc-flow-log", flowLog.id);
}

/** Deletes an interface; the Elastic IPs on it are free afterwards. */
export function removeInterface(tx: Transaction, id: string): void {
  for (const address of tx.list("elastic-ip"))
    if (address.networkInterfaceId === id) tx.put("elastic-ip", unassociated(address));
  forgetFlowLogs(tx, id);
  tx.delete("network-interface", id);
}

/** Unplugs an interface: what it was given for the instance's sake goes, its Elastic IPs stay with it. */
export function detachInterface(tx: Transaction, eni: NetworkInterface): void {
  tx.put("network-interface", { ...withoutGivenPublicIps(eni), attachment: undefined, assignsPublicIp: undefined });
}

function releaseGivenPublicIps(tx: Transaction, eni: NetworkInterface): void {
  if (eni.privateAddresses.some((p) => p.publicIp !== undefined)) tx.put("network-interface", withoutGivenPublicIps(eni));
}

const withoutGivenPublicIps = (eni: NetworkInterface): NetworkInterface => ({
  ...eni, privateAddresses: eni.privateAddresses.map(({ address, primary }) => ({ address, primary })),
});
