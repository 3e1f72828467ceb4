// Owns the conversations of images and their snapshots.

import { test } from "node:test";
import assert from "node:assert/strict";
import { boot, refused, smallNetwork, type SmallNetwork } from "../../../test/support/memory-context.ts";
import { runInstances } from "../instance/run-instances.ts";
import { deleteSnapshot } from "../snapshot/delete-snapshot.ts";
import { describeSnapshots } from "../snapshot/describe-snapshots.ts";
import { copyImage } from "./copy-image.ts";
import { describeImageAttribute } from "./describe-image-attribute.ts";
import { disableImageDeregistrationProtection } from "./disable-image-deregistration-protection.ts";
import { enableImageDeregistrationProtection } from "./enable-image-deregistration-protection.ts";
import { modifyImageAttribute } from "./modify-image-attribute.ts";
import { resetImageAttribute } from "./reset-image-attribute.ts";
import { amazonOwnerId, ensureImages } from "./base-images.ts";
import { createImage } from "./create-image.ts";
import { deregisterImage } from "./deregister-image.ts";
import { describeImages } from "./describe-images.ts";

const launch = async (n: SmallNetwork, ImageId = n.image): Promise<string> =>
  (await runInstances({ MinCount: 1, MaxCount: 1, InstanceType: "t3.micro", ImageId, SubnetId: n.publicSubnet }, n.ctx)).Instances![0]!.InstanceId!;
/** What the reconciler writes when it has captured the disk. */
const captured = (n: SmallNetwork, id: string): void => n.ctx.write((tx) => tx.put("image", { ...tx.get("image", id)!, state: "available", layers: ["al2023", id] }));

test("the region's images, by owner, name, id and executable user", async () => {
  const n = smallNetwork();
  const names = async (input: Parameters<typeof describeImages>[0]): Promise<(string | undefined)[]> => (await describeImages(input, n.ctx)).Images!.map((i) => i.Name);
  const all = ["al2023-ami-2023.9.20261101.0-kernel-6.1-x86_64", "amzn2-ami-hvm-2.0.20261101.0-x86_64-gp2", "amzn-ami-vpc-nat-2018.03.0.20261101.0-x86_64-ebs"];
  assert.deepEqual(await names({}), all);
  assert.deepEqual(await names({ Owners: ["amazon"] }), all);
  assert.deepEqual(await names({ Owners: [amazonOwnerId], ExecutableUsers: ["all"] }), all);
  assert.deepEqual(await names({ Owners: ["self"] }), []);
  assert.deepEqual(await names({ Owners: ["amazon"], Filters: [{ Name: "name", Values: ["amzn-ami-vpc-nat-*"] }] }), [all[2]]);
  assert.deepEqual(await names({ Filters: [{ Name: "architecture", Values: ["arm64"] }] }), []);
  assert.deepEqual(await names({ Filters: [{ Name: "state", Values: ["available"] }, { Name: "root-device-type", Values: ["ebs"] }, { Name: "virtualization-type", Values: ["hvm"] }] }), all);
  await refused(n.ctx, () => names({ Owners: ["nobody"] }), "InvalidUserID.Malformed");
  await refused(n.ctx, () => names({ ImageIds: ["ami-00000000000000000"] }), "InvalidAMIID.NotFound", "The image id '[ami-00000000000000000]' does not exist");
  await refused(n.ctx, () => names({ Filters: [{ Name: "colour", Values: ["red"] }] }), "InvalidParameterValue", "The filter 'colour' is invalid");
  n.ctx.write((tx) => ensureImages(tx, n.ctx.region, { now: n.ctx.now(), newId: n.ctx.newId, architecture: "x86_64" }));
  assert.deepEqual(await names({}), all, "they are made once");
});

test("CreateImage: pending until captured, then instances launch from it", async () => {
  const n = smallNetwork();
  const source = await launch(n);
  await refused(n.ctx, () => createImage({ InstanceId: source, Name: "my-nat" }, n.ctx), "IncorrectState", /'pending'/);
  boot(n.ctx, source);
  const { ImageId } = await createImage({ InstanceId: source, Name: "my-nat", Description: "d", NoReboot: true, TagSpecifications: [{ ResourceType: "image", Tags: [{ Key: "a", Value: "b" }] }] }, n.ctx);
  const [shown] = (await describeImages({ Owners: ["self"] }, n.ctx)).Images!;
  assert.deepEqual([shown!.ImageId, shown!.State, shown!.Public, shown!.OwnerId, shown!.Tags, shown!.SourceInstanceId, shown!.Description], [ImageId, "pending", false, "000000000000", [{ Key: "a", Value: "b" }], source, "d"]);
  const record = n.ctx.snapshot().get("image", ImageId!)!;
  assert.deepEqual([record.captureNoReboot, record.layers], [true, []]);
  await refused(n.ctx, () => launch(n, ImageId), "InvalidAMIID.Unavailable");
  const ofImage = { Filters: [{ Name: "snapshot-id", Values: [record.snapshotId] }] };
  assert.deepEqual((await describeSnapshots(ofImage, n.ctx)).Snapshots!.map((s) => [s.State, s.Progress]), [["pending", "0%"]]);
  await refused(n.ctx, () => createImage({ InstanceId: source, Name: "my-nat" }, n.ctx), "InvalidAMIName.Duplicate", `AMI name my-nat is already in use by AMI ${ImageId}`);
  captured(n, ImageId!);
  const copy = await launch(n, ImageId);
  assert.deepEqual(n.ctx.snapshot().get("instance", copy)!.layers, ["al2023", ImageId]);
  await refused(n.ctx, () => deleteSnapshot({ SnapshotId: record.snapshotId }, n.ctx), "InvalidSnapshot.InUse", `The snapshot ${record.snapshotId} is currently in use by ${ImageId}`);
  await deregisterImage({ ImageId }, n.ctx);
  await refused(n.ctx, () => describeImages({ ImageIds: [ImageId!] }, n.ctx), "InvalidAMIID.NotFound");
  assert.equal((await describeSnapshots(ofImage, n.ctx)).Snapshots!.length, 1, "its snapshot stays");
  await deleteSnapshot({ SnapshotId: record.snapshotId }, n.ctx);
});

test("refusals of CreateImage and DeregisterImage", async () => {
  const n = smallNetwork();
  const source = await launch(n);
  boot(n.ctx, source);
  const rows: [object, string, RegExp][] = [
    [{ Name: "x" }, "InvalidAMIName.Malformed", /between 3 and 128/],
    [{ Name: "a*b*c" }, "InvalidAMIName.Malformed", /AMI names/],
    [{ InstanceId: "i-00000000000000000" }, "InvalidInstanceID.NotFound", /i-0/],
    [{ TagSpecifications: [{ ResourceType: "instance", Tags: [] }] }, "InvalidParameterValue", /'instance'/],
  ];
  for (const [change, code, words] of rows) await refused(n.ctx, () => createImage({ InstanceId: source, Name: "good", ...change }, n.ctx), code, words);
  await refused(n.ctx, () => deregisterImage({ ImageId: n.image }, n.ctx), "AuthFailure");
  await refused(n.ctx, () => deregisterImage({ ImageId: "ami-00000000000000000" }, n.ctx), "InvalidAMIID.NotFound");
});

test("CopyImage, and the attributes of an image", async () => {
  const n = smallNetwork();
  const { ImageId } = await copyImage({ Name: "copy", SourceImageId: n.image, SourceRegion: "us-east-1" }, n.ctx);
  assert.deepEqual(n.ctx.snapshot().get("image", ImageId!)!.layers, ["al2023"]);
  await refused(n.ctx, () => copyImage({ Name: "copy", SourceImageId: n.image, SourceRegion: "eu-west-1" }, n.ctx), "InvalidAMIID.NotFound");
  const permissions = async (): Promise<unknown> => (await describeImageAttribute({ ImageId, Attribute: "launchPermission" }, n.ctx)).LaunchPermissions;
  await modifyImageAttribute({ ImageId, LaunchPermission: { Add: [{ UserId: "111122223333" }, { Group: "all" }] } }, n.ctx);
  assert.deepEqual(await permissions(), [{ Group: "all" }, { UserId: "111122223333" }]);
  await modifyImageAttribute({ ImageId, Attribute: "launchPermission", OperationType: "remove", UserIds: ["111122223333"] }, n.ctx);
  assert.deepEqual(await permissions(), [{ Group: "all" }]);
  await resetImageAttribute({ ImageId, Attribute: "launchPermission" }, n.ctx);
  assert.deepEqual(await permissions(), []);
  await modifyImageAttribute({ ImageId, Description: { Value: "new" } }, n.ctx);
  assert.deepEqual(await describeImageAttribute({ ImageId, Attribute: "description" }, n.ctx), { ImageId, Description: { Value: "new" } });
  await refused(n.ctx, () => modifyImageAttribute({ ImageId: n.image, Description: { Value: "x" } }, n.ctx), "AuthFailure");
  await refused(n.ctx, () => modifyImageAttribute({ ImageId }, n.ctx), "InvalidParameterCombination");
  await refused(n.ctx, () => modifyImageAttribute({ ImageId, LaunchPermission: { Add: [{ UserId: "me" }] } }, n.ctx), "InvalidUserID.Malformed");
  await enableImageDeregistrationProtection({ ImageId }, n.ctx);
  await refused(n.ctx, () => deregisterImage({ ImageId }, n.ctx), "OperationNotPermitted");
  await disableImageDeregistrationProtection({ ImageId }, n.ctx);
  const { DeleteSnapshotResults } = await deregisterImage({ ImageId, DeleteAssociatedSnapshots: true }, n.ctx);
  assert.equal(DeleteSnapshotResults!.length, 1);
});
