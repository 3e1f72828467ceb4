// Owns DescribeVolumesModifications (EC2 API reference): each volume's last one, which was completed at once.

import type * as ec2 from "@aws-sdk/client-ec2";
import type { Volume } from "../../model/records.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { describe, type FilterTable } from "../describe.ts";

const STATE = "completed";
const shown = (value: number | undefined): string | undefined => (value === undefined ? undefined : String(value));

const filters: FilterTable<Volume> = {
  "modification-state": (v) => v.modification && STATE,
  "original-iops": (v) => shown(v.modification?.iops),
  "original-size": (v) => shown(v.modification?.sizeGiB),
  "original-volume-type": (v) => v.modification?.volumeType,
  "originalMultiAttachEnabled": () => "false",
  "start-time": (v) => v.modification?.at,
  "target-iops": (v) => shown(v.iops),
  "target-size": (v) => shown(v.sizeGiB),
  "target-volume-type": (v) => v.volumeType,
  "targetMultiAttachEnabled": () => "false",
  "volume-id": (v) => v.id,
};

export const describeVolumesModifications: Ec2Operation<"DescribeVolumesModifications"> = (input, ctx) => {
  const page = describe(ctx, { kind: "volume", ids: input.VolumeIds, filters: input.Filters, maxResults: input.MaxResults, nextToken: input.NextToken, dryRun: input.DryRun, table: filters, visible: (v) => v.modification !== undefined });
  return { VolumesModifications: page.items.map(modificationView), NextToken: page.nextToken };
};

export function modificationView(v: Volume): ec2.VolumeModification {
  const before = v.modification!, at = new Date(before.at);
  return {
    VolumeId: v.id, ModificationState: STATE, Progress: 100, StartTime: at, EndTime: at,
    OriginalSize: before.sizeGiB, OriginalVolumeType: before.volumeType as ec2.VolumeType, OriginalIops: before.iops, OriginalThroughput: before.throughputMiBps, OriginalMultiAttachEnabled: false,
    TargetSize: v.sizeGiB, TargetVolumeType: v.volumeType as ec2.VolumeType, TargetIops: v.iops, TargetThroughput: v.throughputMiBps, TargetMultiAttachEnabled: false,
  };
}
