// Owns the conversations of instances and their instance profiles.

import { test } from "node:test";
import assert from "node:assert/strict";
import { boot, refused, smallNetwork, type SmallNetwork } from "../../../test/support/memory-context.ts";
import { addRoleToInstanceProfile } from "../../iam/instance-profile/add-role-to-instance-profile.ts";
import { createInstanceProfile } from "../../iam/instance-profile/create-instance-profile.ts";
import { removeRoleFromInstanceProfile } from "../../iam/instance-profile/remove-role-from-instance-profile.ts";
import { createRole } from "../../iam/role/create-role.ts";
import { instanceCredentials } from "../../iam/role-sessions.ts";
import { instanceStopped, instanceTerminated } from "../../model/lifecycle.ts";
import { openSessions } from "../../wire/sessions.ts";
import { describeInstances } from "../instance/describe-instances.ts";
import { runInstances } from "../instance/run-instances.ts";
import { createLaunchTemplate } from "../launch-template/create-launch-template.ts";
import { associateIamInstanceProfile } from "./associate-iam-instance-profile.ts";
import { describeIamInstanceProfileAssociations } from "./describe-iam-instance-profile-associations.ts";
import { disassociateIamInstanceProfile } from "./disassociate-iam-instance-profile.ts";
import { replaceIamInstanceProfileAssociation } from "./replace-iam-instance-profile-association.ts";

const arnOf = (name: string): string => `arn:aws:iam::000000000000:instance-profile/${name}`;
async function withProfiles(n: SmallNetwork): Promise<SmallNetwork> {
  for (const name of ["nat", "other"]) {
    await createRole({ RoleName: `${name}-role`, AssumeRolePolicyDocument: JSON.stringify({ Statement: [{ Effect: "Allow", Principal: { Service: "ec2.amazonaws.com" }, Action: "sts:AssumeRole" }] }) }, n.ctx);
    await createInstanceProfile({ InstanceProfileName: name }, n.ctx);
    await addRoleToInstanceProfile({ InstanceProfileName: name, RoleName: `${name}-role` }, n.ctx);
  }
  await createInstanceProfile({ InstanceProfileName: "empty" }, n.ctx);
  return n;
}
const launch = async (n: SmallNetwork, extra: object = {}) => (await runInstances({ MinCount: 1, MaxCount: 1, InstanceType: "t3.micro", ImageId: n.image, SubnetId: n.publicSubnet, ...extra }, n.ctx)).Instances![0]!;
const profileOf = async (n: SmallNetwork, id: string) => (await describeInstances({ InstanceIds: [id] }, n.ctx)).Reservations![0]!.Instances![0]!.IamInstanceProfile;

test("launched with a profile: shown, filtered, associated, and good for credentials", async () => {
  const n = await withProfiles(smallNetwork());
  const byName = await launch(n, { IamInstanceProfile: { Name: "nat" } });
  const byArn = await launch(n, { IamInstanceProfile: { Arn: arnOf("other") } });
  await createLaunchTemplate({ LaunchTemplateName: "lt-", LaunchTemplateData: { IamInstanceProfile: { Name: "nat" } } }, n.ctx);
  const byTemplate = await launch(n, { LaunchTemplate: { LaunchTemplateName: "lt-" } });
  const bare = await launch(n);
  assert.deepEqual([byName.IamInstanceProfile!.Arn, byArn.IamInstanceProfile!.Arn, byTemplate.IamInstanceProfile!.Arn, bare.IamInstanceProfile], [arnOf("nat"), arnOf("other"), arnOf("nat"), undefined]);
  assert.match(byName.IamInstanceProfile!.Id!, /^AIPA/);
  const found = async (Name: string, Value: string) => (await describeInstances({ Filters: [{ Name, Values: [Value] }] }, n.ctx)).Reservations!.flatMap((r) => r.Instances!.map((i) => i.InstanceId));
  assert.deepEqual(await found("iam-instance-profile.arn", arnOf("nat")), [byName.InstanceId, byTemplate.InstanceId]);
  assert.deepEqual(await found("iam-instance-profile.name", "other"), [byArn.InstanceId]);
  assert.deepEqual(await found("iam-instance-profile.id", byArn.IamInstanceProfile!.Id!), [byArn.InstanceId]);
  const { IamInstanceProfileAssociations: all } = await describeIamInstanceProfileAssociations({}, n.ctx);
  assert.deepEqual(all!.map((a) => [a.InstanceId, a.State]), [[byName.InstanceId, "associated"], [byArn.InstanceId, "associated"], [byTemplate.InstanceId, "associated"]]);
  const sessions = openSessions(Buffer.alloc(32), n.ctx.randomHex);
  const credentialsOf = (id: string) => instanceCredentials(sessions, n.ctx.snapshot(), "000000000000", n.ctx.snapshot().get("instance", id)!, n.ctx.now());
  const got = credentialsOf(byName.InstanceId!)!;
  assert.deepEqual([got.roleName, got.credentials.expiration], ["nat-role", new Date(n.ctx.now().getTime() + 6 * 3600_000)]);
  assert.equal(sessions.read(got.credentials.accessKeyId, got.credentials.sessionToken)!.principal.arn, `arn:aws:sts::000000000000:assumed-role/nat-role/${byName.InstanceId}`);
  assert.equal(credentialsOf(bare.InstanceId!), undefined);
  await removeRoleFromInstanceProfile({ InstanceProfileName: "nat", RoleName: "nat-role" }, n.ctx);
  assert.equal(credentialsOf(byName.InstanceId!), undefined);
});

test("associate, describe, replace, disassociate", async () => {
  const n = await withProfiles(smallNetwork());
  const InstanceId = (await launch(n)).InstanceId!;
  boot(n.ctx, InstanceId);
  const { IamInstanceProfileAssociation: made } = await associateIamInstanceProfile({ InstanceId, IamInstanceProfile: { Name: "nat" } }, n.ctx);
  assert.match(made!.AssociationId!, /^iip-assoc-0[0-9a-f]{16}$/);
  assert.deepEqual([made!.State, made!.InstanceId, made!.IamInstanceProfile!.Arn], ["associating", InstanceId, arnOf("nat")]);
  await refused(n.ctx, () => associateIamInstanceProfile({ InstanceId, IamInstanceProfile: { Name: "other" } }, n.ctx), "IncorrectState", `There is an existing association for instance ${InstanceId}`);
  const { IamInstanceProfileAssociation: next } = await replaceIamInstanceProfileAssociation({ AssociationId: made!.AssociationId, IamInstanceProfile: { Arn: arnOf("other") } }, n.ctx);
  assert.notEqual(next!.AssociationId, made!.AssociationId);
  assert.equal((await profileOf(n, InstanceId))!.Arn, arnOf("other"));
  const described = await describeIamInstanceProfileAssociations({ AssociationIds: [next!.AssociationId!], Filters: [{ Name: "state", Values: ["associated"] }, { Name: "instance-id", Values: [InstanceId] }] }, n.ctx);
  assert.deepEqual(described.IamInstanceProfileAssociations!.map((a) => a.IamInstanceProfile!.Arn), [arnOf("other")]);
  n.ctx.write((tx) => instanceStopped(tx, InstanceId, n.ctx.now()));
  await refused(n.ctx, () => replaceIamInstanceProfileAssociation({ AssociationId: next!.AssociationId, IamInstanceProfile: { Name: "nat" } }, n.ctx), "IncorrectState", `The association ${next!.AssociationId} is not the active association`);
  const { IamInstanceProfileAssociation: gone } = await disassociateIamInstanceProfile({ AssociationId: next!.AssociationId }, n.ctx);
  assert.deepEqual([gone!.State, gone!.AssociationId, await profileOf(n, InstanceId)], ["disassociating", next!.AssociationId, undefined]);
  await refused(n.ctx, () => disassociateIamInstanceProfile({ AssociationId: next!.AssociationId }, n.ctx), "InvalidAssociationID.NotFound", `An invalid association-id of '${next!.AssociationId}' was given`);
});

test("refusals of instance profiles, and terminated instances", async () => {
  const n = await withProfiles(smallNetwork());
  const InstanceId = (await launch(n, { IamInstanceProfile: { Name: "nat" } })).InstanceId!;
  const rows: [() => unknown, string, string | RegExp][] = [
    [() => launch(n, { IamInstanceProfile: { Name: "none" } }), "InvalidParameterValue", "Value (none) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name"],
    [() => launch(n, { IamInstanceProfile: { Arn: arnOf("none") } }), "InvalidParameterValue", `Value (${arnOf("none")}) for parameter iamInstanceProfile.arn is invalid. Invalid IAM Instance Profile ARN`],
    [() => launch(n, { IamInstanceProfile: { Arn: arnOf("nat"), Name: "nat" } }), "InvalidParameterCombination", /may not be used in combination/],
    [() => launch(n, { IamInstanceProfile: { Name: "empty" } }), "InvalidParameterValue", `IAM Instance Profile "${arnOf("empty")}" has no associated IAM Roles`],
    [() => associateIamInstanceProfile({ InstanceId, IamInstanceProfile: {} }, n.ctx), "MissingParameter", /IamInstanceProfile/],
    [() => associateIamInstanceProfile({ InstanceId: "i-00000000000000000", IamInstanceProfile: { Name: "nat" } }, n.ctx), "InvalidInstanceID.NotFound", /i-0/],
    [() => describeIamInstanceProfileAssociations({ AssociationIds: ["iip-assoc-00000000000000000"] }, n.ctx), "InvalidAssociationID.NotFound", /iip-assoc-0/],
    [() => describeIamInstanceProfileAssociations({ Filters: [{ Name: "x", Values: ["y"] }] }, n.ctx), "InvalidParameterValue", "The filter 'x' is invalid"],
  ];
  for (const [call, code, words] of rows) await refused(n.ctx, call, code, words);
  n.ctx.write((tx) => instanceTerminated(tx, InstanceId, n.ctx.now()));
  assert.deepEqual((await describeIamInstanceProfileAssociations({}, n.ctx)).IamInstanceProfileAssociations, []);
  await refused(n.ctx, () => associateIamInstanceProfile({ InstanceId, IamInstanceProfile: { Name: "nat" } }, n.ctx), "IncorrectInstanceState");
});
