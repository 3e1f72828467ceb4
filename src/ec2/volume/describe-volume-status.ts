// Owns DescribeVolumeStatus (EC2 API reference): a volume here is a record of a disk that works or is not there.

import type { Volume } from "../../model/records.ts";
import { zoneIdOf } from "../../model/regions.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { describe, type FilterTable } from "../describe.ts";

const details = [{ Name: "io-enabled", Status: "passed" }, { Name: "io-performance", Status: "not-applicable" }] as const;
const filters: FilterTable<Volume> = {
  "availability-zone": (v) => v.availabilityZone,
  "attachment-status.instance-id": (v) => v.attachment?.instanceId,
  "volume-status.details-name": () => details.map((d) => d.Name),
  "volume-status.details-status": () => details.map((d) => d.Status),
  "volume-status.status": () => "ok",
  ...Object.fromEntries(["action.code", "action.description", "action.event-id", "attachment-status.io-performance", "event.description", "event.event-id", "event.event-type", "event.not-after", "event.not-before"].map((name) => [name, () => undefined])),
};

export const describeVolumeStatus: Ec2Operation<"DescribeVolumeStatus"> = (input, ctx) => {
  const page = describe(ctx, { kind: "volume", ids: input.VolumeIds, filters: input.Filters, maxResults: input.MaxResults, nextToken: input.NextToken, dryRun: input.DryRun, table: filters });
  return {
    VolumeStatuses: page.items.map((v) => ({
      VolumeId: v.id, AvailabilityZone: v.availabilityZone, AvailabilityZoneId: zoneIdOf(v.region, v.availabilityZone), VolumeStatus: { Status: "ok", Details: [...details] }, Actions: [], Events: [],
      AttachmentStatuses: v.attachment ? [{ InstanceId: v.attachment.instanceId }] : [],
    })),
    NextToken: page.nextToken,
  };
};
