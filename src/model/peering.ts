// Owns the life of a VPC peering connection, and which VPCs one joins (Amazon VPC peering guide, "VPC peering connection
// lifecycle"). Expiry follows from the clock of who reads or writes: no timer moves a record.

import type { PeeringSide, VpcPeeringConnection } from "./records.ts";
import type { Snapshot, Transaction } from "./snapshot.ts";

export const REQUEST_LIVES_MS = 7 * 24 * 60 * 60 * 1000;
const HOUR_MS = 60 * 60 * 1000;
/** How long a connection that has ended is shown; both sides are of one account. */
const shownForMs = { deleted: 2 * HOUR_MS, rejected: 2 * HOUR_MS, failed: 2 * HOUR_MS, expired: 48 * HOUR_MS } as const;

export interface PeeringStatus { readonly code: VpcPeeringConnection["status"]; readonly message: string }

/** What the connection is at that time: a request that nobody accepted for seven days has expired. */
export function peeringStatus(peering: VpcPeeringConnection, now: Date): PeeringStatus {
  const expired = peering.status === "pending-acceptance" && peering.expiresAt !== undefined && Date.parse(peering.expiresAt) <= now.getTime();
  return expired ? { code: "expired", message: "Expired" } : { code: peering.status, message: peering.statusMessage };
}

/** It counts against quotas and stands in the way of another between the same VPCs. */
export const isLivePeering = ({ code }: PeeringStatus): boolean => code === "active" || code === "pending-acceptance";

export const sidesOf = (peering: VpcPeeringConnection): readonly [PeeringSide, PeeringSide] => [peering.requester, peering.accepter];
export const joins = (peering: VpcPeeringConnection, a: string, b: string): boolean =>
  (peering.requester.vpcId === a && peering.accepter.vpcId === b) || (peering.requester.vpcId === b && peering.accepter.vpcId === a);

/** The other side, seen from a VPC; undefined when it is not one of the two. */
export function peerOf(peering: VpcPeeringConnection, vpcId: string): PeeringSide | undefined {
  if (peering.requester.vpcId === vpcId) return peering.accepter;
  return peering.accepter.vpcId === vpcId ? peering.requester : undefined;
}

/** Every connection that a VPC takes part in, in order of creation. */
export const peeringsOf = (snapshot: Snapshot, vpcId: string): readonly VpcPeeringConnection[] =>
  snapshot.list("vpc-peering-connection").filter((p) => peerOf(p, vpcId) !== undefined);

/** The active connection between two VPCs. There is one at most. */
export const activePeering = (snapshot: Snapshot, a: string, b: string): VpcPeeringConnection | undefined =>
  snapshot.list("vpc-peering-connection").find((p) => p.status === "active" && joins(p, a, b));

/** Ends the connections of a VPC that goes. */
export function endPeeringsOf(tx: Transaction, vpcId: string, now: Date): void {
  for (const peering of peeringsOf(tx, vpcId)) if (isLivePeering(peeringStatus(peering, now))) tx.put("vpc-peering-connection", deletedPeering(peering, peering.requester.ownerId, now));
}

export const deletedPeering = (peering: VpcPeeringConnection, by: string, now: Date): VpcPeeringConnection => ({
  ...peering, status: "deleted", statusMessage: `Deleted by ${by}`, expiresAt: undefined, endedAt: now.toISOString(),
});

/** Drops the records of connections that ended long enough ago. Answers how many. */
export function forgetPeerings(tx: Transaction, now: Date): number {
  const old = tx.list("vpc-peering-connection").filter((peering) => {
    const { code } = peeringStatus(peering, now);
    const since = code === "expired" ? peering.expiresAt : peering.endedAt;
    return code !== "active" && code !== "pending-acceptance" && since !== undefined && now.getTime() - Date.parse(since) >= shownForMs[code];
  });
  for (const peering of old) tx.delete("vpc-peering-connection", peering.id);
  return old.length;
}
