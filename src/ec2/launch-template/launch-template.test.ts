// Owns the conversations of launch templates, and of launching from one.

import { test } from "node:test";
import assert from "node:assert/strict";
import { refused, smallNetwork } from "../../../test/support/memory-context.ts";
import { runInstances } from "../instance/run-instances.ts";
import { createLaunchTemplate } from "./create-launch-template.ts";
import { createLaunchTemplateVersion } from "./create-launch-template-version.ts";
import { deleteLaunchTemplate } from "./delete-launch-template.ts";
import { deleteLaunchTemplateVersions } from "./delete-launch-template-versions.ts";
import { describeLaunchTemplates } from "./describe-launch-templates.ts";
import { describeLaunchTemplateVersions } from "./describe-launch-template-versions.ts";
import { modifyLaunchTemplate } from "./modify-launch-template.ts";

test("versions, the default one, and an instance from each", async () => {
  const n = smallNetwork();
  const { LaunchTemplate: made } = await createLaunchTemplate({
    LaunchTemplateName: "web", TagSpecifications: [{ ResourceType: "launch-template", Tags: [{ Key: "a", Value: "b" }] }],
    LaunchTemplateData: { ImageId: n.image, InstanceType: "t3.micro", SecurityGroupIds: [n.webGroup], TagSpecifications: [{ ResourceType: "instance", Tags: [{ Key: "Name", Value: "t" }, { Key: "kept", Value: "yes" }] }] },
  }, n.ctx);
  assert.deepEqual([made!.DefaultVersionNumber, made!.LatestVersionNumber, made!.Tags], [1, 1, [{ Key: "a", Value: "b" }]]);
  const id = made!.LaunchTemplateId!;
  await createLaunchTemplateVersion({ LaunchTemplateId: id, SourceVersion: "1", VersionDescription: "bigger", LaunchTemplateData: { InstanceType: "t3.large" } }, n.ctx);
  const run = async (LaunchTemplate: object, extra: object = {}) =>
    (await runInstances({ MinCount: 1, MaxCount: 1, SubnetId: n.publicSubnet, LaunchTemplate, ...extra }, n.ctx)).Instances![0]!;
  const first = await run({ LaunchTemplateName: "web" }, { TagSpecifications: [{ ResourceType: "instance", Tags: [{ Key: "Name", Value: "mine" }] }] });
  assert.deepEqual([first.InstanceType, first.ImageId, first.SecurityGroups![0]!.GroupName], ["t3.micro", n.image, "web"]);
  assert.deepEqual(first.Tags, [{ Key: "Name", Value: "mine" }, { Key: "aws:ec2launchtemplate:id", Value: id }, { Key: "aws:ec2launchtemplate:version", Value: "1" }, { Key: "kept", Value: "yes" }]);
  assert.equal((await run({ LaunchTemplateId: id, Version: "$Latest" })).InstanceType, "t3.large");
  assert.equal((await run({ LaunchTemplateId: id, Version: "2" }, { InstanceType: "t3.nano" })).InstanceType, "t3.nano", "the call's own go first");
  await modifyLaunchTemplate({ LaunchTemplateId: id, DefaultVersion: "2" }, n.ctx);
  assert.equal((await run({ LaunchTemplateName: "web" })).InstanceType, "t3.large");
  const versions = (await describeLaunchTemplateVersions({ LaunchTemplateId: id }, n.ctx)).LaunchTemplateVersions!;
  assert.deepEqual(versions.map((v) => [v.VersionNumber, v.DefaultVersion, v.VersionDescription, v.LaunchTemplateData!.ImageId]), [[2, true, "bigger", n.image], [1, false, undefined, n.image]]);
  const deleted = await deleteLaunchTemplateVersions({ LaunchTemplateId: id, Versions: ["1", "2", "9"] }, n.ctx);
  assert.deepEqual(deleted.SuccessfullyDeletedLaunchTemplateVersions!.map((v) => v.VersionNumber), [1]);
  assert.equal(deleted.UnsuccessfullyDeletedLaunchTemplateVersions!.length, 2);
  await refused(n.ctx, () => run({ LaunchTemplateId: id, Version: "1" }), "InvalidLaunchTemplateId.VersionNotFound");
  assert.equal((await describeLaunchTemplates({ Filters: [{ Name: "launch-template-name", Values: ["w*"] }] }, n.ctx)).LaunchTemplates!.length, 1);
  await deleteLaunchTemplate({ LaunchTemplateName: "web" }, n.ctx);
  await refused(n.ctx, () => describeLaunchTemplates({ LaunchTemplateIds: [id] }, n.ctx), "InvalidLaunchTemplateId.NotFound", `The specified launch template, with template ID ${id}, does not exist.`);
});

test("refusals of launch templates", async () => {
  const n = smallNetwork();
  const LaunchTemplateData = { InstanceType: "t3.micro" as const };
  await createLaunchTemplate({ LaunchTemplateName: "web", LaunchTemplateData }, n.ctx);
  await refused(n.ctx, () => createLaunchTemplate({ LaunchTemplateName: "web", LaunchTemplateData }, n.ctx), "InvalidLaunchTemplateName.AlreadyExistsException", "Launch template name already in use.");
  await refused(n.ctx, () => createLaunchTemplate({ LaunchTemplateName: "a b", LaunchTemplateData }, n.ctx), "InvalidLaunchTemplateName.MalformedException");
  await refused(n.ctx, () => createLaunchTemplate({ LaunchTemplateName: "empty", LaunchTemplateData: {} }, n.ctx), "MissingParameter");
  await refused(n.ctx, () => createLaunchTemplateVersion({ LaunchTemplateName: "none", LaunchTemplateData }, n.ctx), "InvalidLaunchTemplateName.NotFoundException");
  await refused(n.ctx, () => runInstances({ MinCount: 1, MaxCount: 1, LaunchTemplate: { LaunchTemplateName: "web" } }, n.ctx), "MissingParameter", /ImageId/);
  await refused(n.ctx, () => describeLaunchTemplateVersions({}, n.ctx), "MissingParameter");
});
