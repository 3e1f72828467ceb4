// Owns DescribeVolumes (EC2 API reference): the disks of instances, as far as instances show them.

import type * as ec2 from "@aws-sdk/client-ec2";
import type { Volume } from "../../model/records.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { describe, tagList, type FilterTable } from "../describe.ts";

const stateOf = (v: Volume): ec2.VolumeState => (v.attachment ? "in-use" : "available");
const time = (iso: string): string => new Date(iso).toISOString();

const filters: FilterTable<Volume> = {
  "attachment.attach-time": (v) => v.attachment && time(v.attachment.attachedAt),
  "attachment.delete-on-termination": (v) => v.attachment && String(v.attachment.deleteOnTermination),
  "attachment.device": (v) => v.attachment?.device,
  "attachment.instance-id": (v) => v.attachment?.instanceId,
  "attachment.status": (v) => v.attachment && "attached",
  "availability-zone": (v) => v.availabilityZone,
  "availability-zone-id": () => undefined,
  "create-time": (v) => time(v.createdAt),
  "encrypted": (v) => String(v.encrypted),
  "fast-restored": () => "false",
  "multi-attach-enabled": () => "false",
  "operator.managed": () => "false",
  "operator.principal": () => undefined,
  "size": (v) => String(v.sizeGiB),
  "snapshot-id": (v) => v.snapshotId,
  "status": stateOf,
  "volume-id": (v) => v.id,
  "volume-type": (v) => v.volumeType,
};

export const describeVolumes: Ec2Operation<"DescribeVolumes"> = (input, ctx) => {
  const page = describe(ctx, { kind: "volume", ids: input.VolumeIds, filters: input.Filters, maxResults: input.MaxResults, nextToken: input.NextToken, dryRun: input.DryRun, table: filters });
  return { Volumes: page.items.map(volumeView), NextToken: page.nextToken };
};

function volumeView(v: Volume): ec2.Volume {
  return {
    VolumeId: v.id,
    Size: v.sizeGiB,
    SnapshotId: v.snapshotId,
    AvailabilityZone: v.availabilityZone,
    State: stateOf(v),
    CreateTime: new Date(v.createdAt),
    Attachments: v.attachment
      ? [{ VolumeId: v.id, InstanceId: v.attachment.instanceId, Device: v.attachment.device, State: "attached", AttachTime: new Date(v.attachment.attachedAt), DeleteOnTermination: v.attachment.deleteOnTermination }]
      : [],
    Encrypted: v.encrypted,
    Iops: v.iops,
    Throughput: v.throughputMiBps,
    VolumeType: v.volumeType as ec2.VolumeType,
    MultiAttachEnabled: false,
    Operator: { Managed: false },
    Tags: tagList(v.tags),
  };
}
