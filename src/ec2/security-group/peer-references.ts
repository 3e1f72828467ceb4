// Owns what rules say about groups of peer VPCs, and which of them are stale: the group is gone, or no active peering leads to it
// (Amazon VPC peering guide, "Reference peer security groups", "Work with stale security group rules").

import type { SecurityGroup, SecurityGroupRule } from "../../model/records.ts";
import type { Snapshot } from "../../model/snapshot.ts";

export function isStale(snapshot: Snapshot, { referencedGroupId, peer }: SecurityGroupRule): boolean {
  if (referencedGroupId === undefined || !peer) return false;
  return snapshot.get("security-group", referencedGroupId) === undefined || snapshot.get("vpc-peering-connection", peer.vpcPeeringConnectionId)?.status !== "active";
}

export interface Reference { readonly groupId: string; readonly referencingVpcId: string; readonly vpcPeeringConnectionId: string }

/** Who refers to the group over an active peering: each VPC once. */
export function referencesTo(snapshot: Snapshot, group: SecurityGroup): readonly Reference[] {
  const found = new Map<string, Reference>();
  for (const other of snapshot.list("security-group", group.region))
    for (const rule of other.rules)
      if (rule.referencedGroupId === group.id && rule.peer && !isStale(snapshot, rule))
        found.set(other.vpcId, { groupId: group.id, referencingVpcId: other.vpcId, vpcPeeringConnectionId: rule.peer.vpcPeeringConnectionId });
  return [...found.values()];
}
