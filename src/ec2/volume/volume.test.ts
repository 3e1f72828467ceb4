// Owns the conversations about volumes and snapshots as instances and images show them.

import { test } from "node:test";
import assert from "node:assert/strict";
import { boot, refused, smallNetwork } from "../../../test/support/memory-context.ts";
import { createImage } from "../image/create-image.ts";
import { runInstances } from "../instance/run-instances.ts";
import { describeSnapshotAttribute } from "../snapshot/describe-snapshot-attribute.ts";
import { describeSnapshots } from "../snapshot/describe-snapshots.ts";
import { deleteVolume } from "./delete-volume.ts";
import { describeVolumeAttribute } from "./describe-volume-attribute.ts";
import { describeVolumes } from "./describe-volumes.ts";
import { describeVolumeStatus } from "./describe-volume-status.ts";
import { describeVolumesModifications } from "./describe-volumes-modifications.ts";
import { modifyVolume } from "./modify-volume.ts";

test("volumes of an instance: attributes, status, filters", async () => {
  const n = smallNetwork();
  const { Instances } = await runInstances({ MinCount: 1, MaxCount: 1, InstanceType: "t3.micro", ImageId: n.image, SubnetId: n.publicSubnet, BlockDeviceMappings: [{ DeviceName: "/dev/sdb", Ebs: { VolumeSize: 3, VolumeType: "gp3" } }] }, n.ctx);
  const InstanceId = Instances![0]!.InstanceId!;
  boot(n.ctx, InstanceId);
  const { Volumes } = await describeVolumes({ Filters: [{ Name: "attachment.instance-id", Values: [InstanceId] }] }, n.ctx);
  assert.deepEqual(Volumes!.map((v) => [v.Size, v.VolumeType, v.Attachments![0]!.Device, v.State]), [[8, "gp3", "/dev/xvda", "in-use"], [3, "gp3", "/dev/sdb", "in-use"]]);
  const VolumeId = Volumes![0]!.VolumeId!;
  const { VolumeStatuses: [status] } = await describeVolumeStatus({ VolumeIds: [VolumeId], Filters: [{ Name: "volume-status.status", Values: ["ok"] }] }, n.ctx) as { VolumeStatuses: { VolumeStatus?: { Status?: string }; AvailabilityZone?: string }[] };
  assert.deepEqual([status!.VolumeStatus!.Status, status!.AvailabilityZone], ["ok", "us-east-1a"]);
  assert.deepEqual((await describeVolumeStatus({ Filters: [{ Name: "event.event-id", Values: ["*"] }] }, n.ctx)).VolumeStatuses, []);
  assert.deepEqual(await describeVolumeAttribute({ VolumeId, Attribute: "autoEnableIO" }, n.ctx), { VolumeId, AutoEnableIO: { Value: false } });
  await refused(n.ctx, () => describeVolumeAttribute({ VolumeId: "vol-00000000000000000", Attribute: "productCodes" }, n.ctx), "InvalidVolume.NotFound", "The volume 'vol-00000000000000000' does not exist");
  await refused(n.ctx, () => deleteVolume({ VolumeId }, n.ctx), "VolumeInUse", `Volume ${VolumeId} is currently attached to ${InstanceId}`);
  await createImage({ InstanceId, Name: "mine" }, n.ctx);
  const own = (await describeSnapshots({ OwnerIds: ["self"] }, n.ctx)).Snapshots!;
  assert.deepEqual(own.map((s) => [s.State, s.VolumeId]), [["pending", VolumeId]]);
  assert.deepEqual(await describeSnapshotAttribute({ SnapshotId: own[0]!.SnapshotId!, Attribute: "createVolumePermission" }, n.ctx), { SnapshotId: own[0]!.SnapshotId, CreateVolumePermissions: [] });
  const amazons = (await describeSnapshots({ OwnerIds: ["amazon"] }, n.ctx)).Snapshots![0]!.SnapshotId!;
  await refused(n.ctx, () => describeSnapshotAttribute({ SnapshotId: amazons, Attribute: "productCodes" }, n.ctx), "AuthFailure");
});

test("a volume grows and changes its type; what it was is told", async () => {
  const n = smallNetwork();
  const { Instances } = await runInstances({ MinCount: 1, MaxCount: 1, InstanceType: "t3.micro", ImageId: n.image, SubnetId: n.publicSubnet }, n.ctx);
  const [volume] = (await describeVolumes({ Filters: [{ Name: "attachment.instance-id", Values: [Instances![0]!.InstanceId!] }] }, n.ctx)).Volumes!, VolumeId = volume!.VolumeId!;
  assert.deepEqual((await describeVolumesModifications({}, n.ctx)).VolumesModifications, []);
  await refused(n.ctx, () => modifyVolume({ VolumeId, Size: 7 }, n.ctx), "InvalidParameterValue", "New size cannot be smaller than existing size");
  await refused(n.ctx, () => modifyVolume({ VolumeId, Size: 17000 }, n.ctx), "InvalidParameterValue", /^Volume of 17000GiB is too large for volume type gp3; maximum is 16384GiB\.$/);
  await refused(n.ctx, () => modifyVolume({ VolumeId, VolumeType: "gp9" as "gp3" }, n.ctx), "InvalidParameterValue", "Invalid value 'gp9' for EBS volume type");
  await refused(n.ctx, () => modifyVolume({ VolumeId, MultiAttachEnabled: true }, n.ctx), "UnsupportedOperation");
  await refused(n.ctx, () => modifyVolume({ VolumeId: "vol-00000000000000000", Size: 9 }, n.ctx), "InvalidVolume.NotFound");
  const { VolumeModification: grown } = await modifyVolume({ VolumeId, Size: 20, Iops: 4000 }, n.ctx);
  assert.deepEqual([grown!.OriginalSize, grown!.TargetSize, grown!.OriginalIops, grown!.TargetIops, grown!.TargetThroughput, grown!.ModificationState], [8, 20, 3000, 4000, 125, "completed"]);
  await modifyVolume({ VolumeId, VolumeType: "gp2" }, n.ctx);
  assert.deepEqual((await describeVolumes({ VolumeIds: [VolumeId] }, n.ctx)).Volumes!.map((v) => [v.Size, v.VolumeType, v.Iops, v.Throughput]), [[20, "gp2", 100, undefined]]);
  const last = (await describeVolumesModifications({ Filters: [{ Name: "original-iops", Values: ["4000"] }, { Name: "target-size", Values: ["20"] }] }, n.ctx)).VolumesModifications!;
  assert.deepEqual(last.map((m) => [m.VolumeId, m.OriginalVolumeType, m.TargetVolumeType]), [[VolumeId, "gp3", "gp2"]]);
  await refused(n.ctx, () => modifyVolume({ VolumeId, Iops: 500 }, n.ctx), "InvalidParameterCombination");
});
