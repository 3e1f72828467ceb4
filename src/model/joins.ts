// Owns look-ups across tables that answering about many records needs: made once for a snapshot, each in one pass over its table.

import type { Address, NatGateway, NetworkInterface, Volume } from "./records.ts";
import type { Snapshot, Transaction } from "./snapshot.ts";

export interface Joins {
  readonly snapshot: Snapshot;
  /** Attached to the instance, in order of their device index. */
  interfacesOf(instanceId: string): readonly NetworkInterface[];
  volumesOf(instanceId: string): readonly Volume[];
  elasticIpOf(networkInterfaceId: string, privateIp: string): Address | undefined;
  groupName(id: string): string;
  /** Whose interface it is. */
  natGatewayOf(networkInterfaceId: string): NatGateway | undefined;
}

const known = new WeakMap<Snapshot, Joins>();

/** Made once for a snapshot, which never changes; a transaction does, and nothing may be put into one while its joins are in use. */
export function join(snapshot: Snapshot | Transaction): Joins {
  if ("put" in snapshot) return joinAnew(snapshot);
  let joins = known.get(snapshot);
  if (!joins) known.set(snapshot, (joins = joinAnew(snapshot)));
  return joins;
}

function joinAnew(snapshot: Snapshot): Joins {
  const interfaces = lazily(() => {
    const byInstance = groupBy(snapshot.list("network-interface"), (eni) => eni.attachment?.instanceId);
    for (const list of byInstance.values()) list.sort((a, b) => a.attachment!.deviceIndex - b.attachment!.deviceIndex);
    return byInstance;
  });
  const volumes = lazily(() => groupBy(snapshot.list("volume"), (v) => v.attachment?.instanceId));
  const addresses = lazily(() => groupBy(snapshot.list("elastic-ip"), (a) => a.networkInterfaceId));
  const natGateways = lazily(() => new Map(snapshot.list("natgateway").map((gateway) => [gateway.networkInterfaceId, gateway])));
  return {
    snapshot,
    interfacesOf: (id) => interfaces().get(id) ?? [],
    volumesOf: (id) => volumes().get(id) ?? [],
    elasticIpOf: (eni, privateIp) => addresses().get(eni)?.find((a) => a.privateIp === privateIp),
    groupName: (id) => snapshot.get("security-group", id)?.name ?? "",
    natGatewayOf: (eni) => natGateways().get(eni),
  };
}

function lazily<T>(make: () => T): () => T {
  let value: T | undefined;
  return () => (value ??= make());
}

function groupBy<R>(records: readonly R[], keyOf: (record: R) => string | undefined): Map<string, R[]> {
  const groups = new Map<string, R[]>();
  for (const record of records) {
    const key = keyOf(record);
    if (key === undefined) continue;
    const group = groups.get(key);
    if (group) group.push(record);
    else groups.set(key, [record]);
  }
  return groups;
}
