// Owns which place a port number is, and which ports a name given on the command line means: instances by id or Name tag, network
// interfaces and NAT gateways by id, the box's own two links by their words.

import { INTERNET_PORT, SERVICES_PORT } from "../datapath/tables.ts";
import type { Instance, NetworkInterface } from "../model/records.ts";
import type { Snapshot } from "../model/snapshot.ts";

/** A name that means nothing, or too much. */
export class UnknownPlace extends Error {}

/** `name`: the instance's Name tag, "" when it has none; of a NAT gateway's interface the gateway's id. */
export interface Place { readonly interface: string; readonly instance: string; readonly name: string; readonly eni?: NetworkInterface | undefined }

/** undefined: the interface is gone. */
export function placeOf(snapshot: Snapshot, interfaces: ReadonlyMap<number, NetworkInterface>, port: number): Place | undefined {
  if (port === INTERNET_PORT || port === SERVICES_PORT) return { interface: port === INTERNET_PORT ? "internet" : "services", instance: "", name: "" };
  const eni = interfaces.get(port);
  if (!eni) return undefined;
  const instance = eni.attachment && snapshot.get("instance", eni.attachment.instanceId);
  const gateway = instance ? undefined : snapshot.list("natgateway").find((nat) => nat.networkInterfaceId === eni.id);
  return { interface: eni.id, instance: instance?.id ?? gateway?.id ?? "", name: instance?.tags.Name ?? gateway?.tags.Name ?? "", eni };
}

/** The instance of that id, or the one live instance whose Name tag it is. */
export function findInstance(snapshot: Snapshot, name: string): Instance {
  const byId = snapshot.get("instance", name);
  if (byId) return byId;
  const named = snapshot.list("instance").filter((i) => i.tags.Name === name && i.state !== "terminated" && i.state !== "shutting-down");
  if (named.length === 0) throw new UnknownPlace(`there is no instance ${name === "" ? "without a name" : `"${name}"`}; list them with: aws ec2 describe-instances`);
  if (named.length > 1) throw new UnknownPlace(`${named.length} instances are named "${name}" (${named.map((i) => i.id).join(", ")}): use the id`);
  return named[0]!;
}

/** The ports that a name means, an instance's primary interface first. */
export function portsOf(snapshot: Snapshot, name: string): readonly number[] {
  if (name === "internet") return [INTERNET_PORT];
  if (name === "services") return [SERVICES_PORT];
  const eni = snapshot.get("network-interface", snapshot.get("natgateway", name)?.networkInterfaceId ?? name);
  if (eni) return [eni.index];
  if (/^(eni|nat)-/.test(name)) throw new UnknownPlace(`there is no network interface ${name}; list them with: aws ec2 describe-network-interfaces`);
  const instance = findInstance(snapshot, name);
  const own = snapshot.list("network-interface").filter((one) => one.attachment?.instanceId === instance.id);
  return own.sort((a, b) => a.attachment!.deviceIndex - b.attachment!.deviceIndex).map((one) => one.index);
}
