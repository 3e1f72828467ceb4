// Owns DescribeSnapshots (EC2 API reference): those behind images.

import type * as ec2 from "@aws-sdk/client-ec2";
import type { VolumeSnapshot } from "../../model/records.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import type { Context, Ec2Operation } from "../../wire/operation.ts";
import { describe, tagList, type FilterTable } from "../describe.ts";
import { snapshotState } from "./snapshot-state.ts";

const filters = (snapshot: Snapshot): FilterTable<VolumeSnapshot> => ({
  "description": (s) => s.description,
  "encrypted": (s) => String(s.encrypted),
  "owner-alias": (s) => s.ownerAlias,
  "owner-id": (s) => s.ownerId,
  "progress": (s) => (snapshotState(snapshot, s) === "completed" ? "100%" : "0%"),
  "snapshot-id": (s) => s.id,
  "start-time": (s) => new Date(s.createdAt).toISOString(),
  "status": (s) => snapshotState(snapshot, s),
  "storage-tier": () => "standard",
  "transfer-type": () => undefined,
  "volume-id": (s) => s.volumeId,
  "volume-size": (s) => String(s.sizeGiB),
});

export const describeSnapshots: Ec2Operation<"DescribeSnapshots"> = (input, ctx) => {
  const snapshot = ctx.snapshot();
  const owners = input.OwnerIds ?? [];
  const page = describe(ctx, {
    kind: "snapshot", ids: input.SnapshotIds, filters: input.Filters, maxResults: input.MaxResults, nextToken: input.NextToken, dryRun: input.DryRun, table: filters(snapshot),
    visible: (s) => (owners.length === 0 || owners.some((o) => (o === "self" ? s.ownerId === ctx.accountId : o === s.ownerId || o === s.ownerAlias))) && restorable(ctx, s, input.RestorableByUserIds ?? []),
  });
  return { Snapshots: page.items.map((s) => snapshotView(snapshot, s)), NextToken: page.nextToken };
};

const restorable = (ctx: Context, s: VolumeSnapshot, users: readonly string[]): boolean =>
  users.length === 0 || users.some((u) => (u === "all" ? s.ownerAlias !== undefined : s.ownerId === (u === "self" ? ctx.accountId : u)));

function snapshotView(snapshot: Snapshot, s: VolumeSnapshot): ec2.Snapshot {
  const state = snapshotState(snapshot, s);
  return {
    SnapshotId: s.id, VolumeId: s.volumeId, State: state, StartTime: new Date(s.createdAt), Progress: state === "completed" ? "100%" : "0%", OwnerId: s.ownerId, OwnerAlias: s.ownerAlias,
    Description: s.description, VolumeSize: s.sizeGiB, Encrypted: s.encrypted, StorageTier: "standard", Tags: tagList(s.tags),
  };
}
