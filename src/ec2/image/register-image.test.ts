// Owns the conversations of RegisterImage: an image of a snapshot that outlived its own.

import { test } from "node:test";
import assert from "node:assert/strict";
import { boot, refused, smallNetwork } from "../../../test/support/memory-context.ts";
import { runInstances } from "../instance/run-instances.ts";
import { deleteSnapshot } from "../snapshot/delete-snapshot.ts";
import { createImage } from "./create-image.ts";
import { deregisterImage } from "./deregister-image.ts";
import { describeImages } from "./describe-images.ts";
import { registerImage } from "./register-image.ts";

test("register from the snapshot of an image that is gone, and launch from it", async () => {
  const n = smallNetwork();
  const { Instances } = await runInstances({ MinCount: 1, MaxCount: 1, InstanceType: "t3.micro", ImageId: n.image, SubnetId: n.publicSubnet }, n.ctx);
  boot(n.ctx, Instances![0]!.InstanceId!);
  const ImageId = (await createImage({ InstanceId: Instances![0]!.InstanceId!, Name: "nat-1" }, n.ctx)).ImageId!;
  const SnapshotId = n.ctx.snapshot().get("image", ImageId)!.snapshotId;
  const register = (extra: object = {}) => registerImage({ Name: "again", RootDeviceName: "/dev/xvda", VirtualizationType: "hvm", Architecture: "x86_64", EnaSupport: true, BlockDeviceMappings: [{ DeviceName: "/dev/xvda", Ebs: { SnapshotId } }], ...extra }, n.ctx);
  await refused(n.ctx, () => register(), "IncorrectState", `Snapshot ${SnapshotId} is not in the completed state.`);
  n.ctx.write((tx) => tx.put("image", { ...tx.get("image", ImageId)!, state: "available", layers: ["al2023", ImageId] }));
  const beside = (await register({ Name: "beside" })).ImageId!;
  await deregisterImage({ ImageId }, n.ctx);
  await refused(n.ctx, () => deleteSnapshot({ SnapshotId }, n.ctx), "InvalidSnapshot.InUse", `The snapshot ${SnapshotId} is currently in use by ${beside}`);
  assert.equal((await deregisterImage({ ImageId: beside, DeleteAssociatedSnapshots: false }, n.ctx)).Return, true);
  const made = (await register({ Description: "d", TagSpecifications: [{ ResourceType: "image", Tags: [{ Key: "a", Value: "b" }] }], BlockDeviceMappings: [{ DeviceName: "/dev/xvda", Ebs: { SnapshotId, VolumeSize: 20 } }] })).ImageId!;
  const [shown] = (await describeImages({ ImageIds: [made] }, n.ctx)).Images!;
  assert.deepEqual([shown!.State, shown!.Name, shown!.OwnerId, shown!.Tags, shown!.BlockDeviceMappings![0]!.Ebs!.SnapshotId, shown!.BlockDeviceMappings![0]!.Ebs!.VolumeSize], ["available", "again", "000000000000", [{ Key: "a", Value: "b" }], SnapshotId, 20]);
  const again = await runInstances({ MinCount: 1, MaxCount: 1, InstanceType: "t3.micro", ImageId: made, SubnetId: n.publicSubnet }, n.ctx);
  assert.deepEqual(n.ctx.snapshot().get("instance", again.Instances![0]!.InstanceId!)!.layers, ["al2023", ImageId]);
  const rows: [object, string, string | RegExp][] = [
    [{}, "InvalidAMIName.Duplicate", `AMI name again is already in use by AMI ${made}`],
    [{ Name: "x" }, "InvalidAMIName.Malformed", /between 3 and 128/],
    [{ Name: "other", BlockDeviceMappings: [] }, "InvalidBlockDeviceMapping", "No root snapshot specified in device mapping"],
    [{ Name: "other", BlockDeviceMappings: [{ DeviceName: "/dev/xvda", Ebs: { SnapshotId: "snap-00000000000000000" } }] }, "InvalidSnapshot.NotFound", /snap-0/],
    [{ Name: "other", BlockDeviceMappings: [{ DeviceName: "/dev/xvda", Ebs: { SnapshotId, VolumeSize: 4 } }] }, "InvalidBlockDeviceMapping", /expect size >= 8GB/],
    [{ Name: "other", BlockDeviceMappings: [{ DeviceName: "/dev/xvda", Ebs: { SnapshotId } }, { DeviceName: "/dev/sdb", Ebs: { VolumeSize: 1 } }] }, "UnsupportedOperation", /\/dev\/sdb/],
    [{ Name: "other", RootDeviceName: "/dev/sda1" }, "UnsupportedOperation", /\/dev\/sda1/],
    [{ Name: "other", Architecture: "arm64" }, "InvalidParameterValue", /arm64/],
    [{ Name: "other", VirtualizationType: "paravirtual" }, "UnsupportedOperation", /paravirtual/],
    [{ Name: "again", ImageLocation: "" }, "InvalidAMIName.Duplicate", /again/], // an empty text is no parameter
    [{ Name: "other", ImageLocation: "bucket/manifest" }, "UnsupportedOperation", /ImageLocation/],
  ];
  for (const [change, code, words] of rows) await refused(n.ctx, () => register(change), code, words);
  assert.deepEqual((await deregisterImage({ ImageId: made, DeleteAssociatedSnapshots: true }, n.ctx)).DeleteSnapshotResults, [{ SnapshotId, ReturnCode: "success" }]);
  await refused(n.ctx, () => register({ Name: "late" }), "InvalidSnapshot.NotFound");
});
