// Owns the conversations of managed policies and their versions, and of instance profiles.

import { test } from "node:test";
import assert from "node:assert/strict";
import { memoryContext, refused } from "../../../test/support/memory-context.ts";
import { addRoleToInstanceProfile } from "../instance-profile/add-role-to-instance-profile.ts";
import { createInstanceProfile } from "../instance-profile/create-instance-profile.ts";
import { deleteInstanceProfile } from "../instance-profile/delete-instance-profile.ts";
import { getInstanceProfile } from "../instance-profile/get-instance-profile.ts";
import { listInstanceProfiles } from "../instance-profile/list-instance-profiles.ts";
import { listInstanceProfilesForRole } from "../instance-profile/list-instance-profiles-for-role.ts";
import { listInstanceProfileTags } from "../instance-profile/list-instance-profile-tags.ts";
import { removeRoleFromInstanceProfile } from "../instance-profile/remove-role-from-instance-profile.ts";
import { tagInstanceProfile } from "../instance-profile/tag-instance-profile.ts";
import { untagInstanceProfile } from "../instance-profile/untag-instance-profile.ts";
import { attachRolePolicy } from "../role/attach-role-policy.ts";
import { createRole } from "../role/create-role.ts";
import { detachRolePolicy } from "../role/detach-role-policy.ts";
import { createPolicy } from "./create-policy.ts";
import { createPolicyVersion } from "./create-policy-version.ts";
import { deletePolicy } from "./delete-policy.ts";
import { deletePolicyVersion } from "./delete-policy-version.ts";
import { getPolicy } from "./get-policy.ts";
import { getPolicyVersion } from "./get-policy-version.ts";
import { listEntitiesForPolicy } from "./list-entities-for-policy.ts";
import { listPolicies } from "./list-policies.ts";
import { listPolicyTags } from "./list-policy-tags.ts";
import { listPolicyVersions } from "./list-policy-versions.ts";
import { setDefaultPolicyVersion } from "./set-default-policy-version.ts";
import { tagPolicy } from "./tag-policy.ts";
import { untagPolicy } from "./untag-policy.ts";

const document = (action: string): string => JSON.stringify({ Version: "2012-10-17", Statement: { Effect: "Allow", Action: action, Resource: "*" } });
const trust = JSON.stringify({ Statement: [{ Effect: "Allow", Principal: { Service: "ec2.amazonaws.com" }, Action: "sts:AssumeRole" }] });

test("a managed policy, its versions, attachments and tags", async () => {
  const ctx = memoryContext({ quotas: { "iam-policies": 2 } });
  const { Policy } = await createPolicy({ PolicyName: "net", Path: "/a/", PolicyDocument: document("ec2:*"), Description: "network", Tags: [{ Key: "k", Value: "v" }] }, ctx);
  const PolicyArn = Policy!.Arn!;
  assert.match(Policy!.PolicyId!, /^ANPA[A-Z2-7]{17}$/);
  assert.deepEqual([PolicyArn, Policy!.DefaultVersionId, Policy!.AttachmentCount, Policy!.IsAttachable, Policy!.Description], ["arn:aws:iam::000000000000:policy/a/net", "v1", 0, true, "network"]);
  const { PolicyVersion: second } = await createPolicyVersion({ PolicyArn, PolicyDocument: document("ec2:Describe*"), SetAsDefault: true }, ctx);
  assert.deepEqual([second!.VersionId, second!.IsDefaultVersion, second!.Document], ["v2", true, undefined]);
  const { PolicyVersion: first } = await getPolicyVersion({ PolicyArn, VersionId: "v1" }, ctx);
  assert.deepEqual([first!.IsDefaultVersion, decodeURIComponent(first!.Document!)], [false, document("ec2:*")]);
  await refused(ctx, () => deletePolicyVersion({ PolicyArn, VersionId: "v2" }, ctx), "DeleteConflict", "Cannot delete the default version of a policy.");
  await setDefaultPolicyVersion({ PolicyArn, VersionId: "v1" }, ctx);
  await deletePolicyVersion({ PolicyArn, VersionId: "v2" }, ctx);
  assert.equal((await createPolicyVersion({ PolicyArn, PolicyDocument: document("ec2:Describe*") }, ctx)).PolicyVersion!.VersionId, "v3", "numbers are never used again");
  assert.deepEqual((await listPolicyVersions({ PolicyArn }, ctx)).Versions!.map((v) => [v.VersionId, v.IsDefaultVersion]), [["v3", false], ["v1", true]]);
  await createRole({ RoleName: "nat", AssumeRolePolicyDocument: trust }, ctx);
  await attachRolePolicy({ RoleName: "nat", PolicyArn }, ctx);
  assert.equal((await getPolicy({ PolicyArn }, ctx)).Policy!.AttachmentCount, 1);
  assert.deepEqual((await listEntitiesForPolicy({ PolicyArn }, ctx)).PolicyRoles!.map((r) => r.RoleName), ["nat"]);
  assert.deepEqual((await listEntitiesForPolicy({ PolicyArn, EntityFilter: "User" }, ctx)).PolicyRoles, []);
  await createPolicy({ PolicyName: "other", PolicyDocument: document("*") }, ctx);
  const names = async (input: object) => (await listPolicies(input, ctx)).Policies!.map((p) => p.PolicyName);
  assert.deepEqual([await names({}), await names({ OnlyAttached: true }), await names({ PathPrefix: "/a/" }), await names({ Scope: "AWS" }), await names({ MaxItems: 1 })], [["net", "other"], ["net"], ["net"], [], ["net"]]);
  await tagPolicy({ PolicyArn, Tags: [{ Key: "x", Value: "y" }] }, ctx);
  await untagPolicy({ PolicyArn, TagKeys: ["k"] }, ctx);
  assert.deepEqual((await listPolicyTags({ PolicyArn }, ctx)).Tags, [{ Key: "x", Value: "y" }]);
  const rows: [() => unknown, string, string | RegExp][] = [
    [() => createPolicy({ PolicyName: "Net", PolicyDocument: document("*") }, ctx), "EntityAlreadyExists", "A policy called Net already exists. Duplicate names are not allowed."],
    [() => createPolicy({ PolicyName: "third", PolicyDocument: document("*") }, ctx), "LimitExceeded", "Cannot exceed quota for PoliciesPerAccount: 2"],
    [() => createPolicy({ PolicyName: "bad", PolicyDocument: document("everything") }, ctx), "MalformedPolicyDocument", /prefaced by a vendor/],
    [() => createPolicy({ PolicyName: "bad", PolicyDocument: "{" }, ctx), "MalformedPolicyDocument", "Syntax errors in policy."],
    [() => createPolicy({ PolicyName: "bad", PolicyDocument: '{"Statement":{"Effect":"Allow","Action":"*"}}' }, ctx), "MalformedPolicyDocument", "Policy statement must contain resources."],
    [() => createPolicy({ PolicyName: "bad", PolicyDocument: '{"Statement":{"Effect":"Allow","Resource":"*"}}' }, ctx), "MalformedPolicyDocument", "Policy statement must contain actions."],
    [() => deletePolicy({ PolicyArn }, ctx), "DeleteConflict", "Cannot delete a policy attached to entities."],
    [() => getPolicyVersion({ PolicyArn, VersionId: "v9" }, ctx), "NoSuchEntity", /version v9 does not exist/],
    [() => getPolicyVersion({ PolicyArn, VersionId: "9" }, ctx), "ValidationError", /versionId/],
    [() => getPolicy({ PolicyArn: "arn:aws:iam::000000000000:policy/none" }, ctx), "NoSuchEntity", "Policy arn:aws:iam::000000000000:policy/none was not found."],
  ];
  for (const [call, code, words] of rows) await refused(ctx, call, code, words);
  await detachRolePolicy({ RoleName: "nat", PolicyArn }, ctx);
  await refused(ctx, () => deletePolicy({ PolicyArn }, ctx), "DeleteConflict", /more than one version/);
  for (let i = 0; i < 3; i++) await createPolicyVersion({ PolicyArn, PolicyDocument: document("ec2:*") }, ctx);
  await refused(ctx, () => createPolicyVersion({ PolicyArn, PolicyDocument: document("ec2:*") }, ctx), "LimitExceeded", /up to 5 versions/);
  for (const VersionId of ["v3", "v4", "v5", "v6"]) await deletePolicyVersion({ PolicyArn, VersionId }, ctx);
  await deletePolicy({ PolicyArn }, ctx);
  await refused(ctx, () => getPolicy({ PolicyArn }, ctx), "NoSuchEntity", `Policy ${PolicyArn} was not found.`);
});

test("an instance profile and its role", async () => {
  const ctx = memoryContext({ quotas: { "iam-instance-profiles": 2 } });
  await createRole({ RoleName: "nat", AssumeRolePolicyDocument: trust }, ctx);
  const { InstanceProfile } = await createInstanceProfile({ InstanceProfileName: "nat", Path: "/net/", Tags: [{ Key: "k", Value: "v" }] }, ctx);
  assert.match(InstanceProfile!.InstanceProfileId!, /^AIPA[A-Z2-7]{17}$/);
  assert.deepEqual([InstanceProfile!.Arn, InstanceProfile!.Roles, InstanceProfile!.Tags], ["arn:aws:iam::000000000000:instance-profile/net/nat", [], [{ Key: "k", Value: "v" }]]);
  await addRoleToInstanceProfile({ InstanceProfileName: "nat", RoleName: "nat" }, ctx);
  assert.deepEqual((await getInstanceProfile({ InstanceProfileName: "nat" }, ctx)).InstanceProfile!.Roles!.map((r) => r.Arn), ["arn:aws:iam::000000000000:role/nat"]);
  assert.deepEqual((await listInstanceProfilesForRole({ RoleName: "nat" }, ctx)).InstanceProfiles!.map((p) => p.InstanceProfileName), ["nat"]);
  await createInstanceProfile({ InstanceProfileName: "a" }, ctx);
  assert.deepEqual((await listInstanceProfiles({}, ctx)).InstanceProfiles!.map((p) => p.InstanceProfileName), ["a", "nat"]);
  assert.deepEqual((await listInstanceProfiles({ PathPrefix: "/net" }, ctx)).InstanceProfiles!.map((p) => p.InstanceProfileName), ["nat"]);
  await tagInstanceProfile({ InstanceProfileName: "nat", Tags: [{ Key: "x", Value: "y" }] }, ctx);
  await untagInstanceProfile({ InstanceProfileName: "nat", TagKeys: ["k"] }, ctx);
  assert.deepEqual((await listInstanceProfileTags({ InstanceProfileName: "nat" }, ctx)).Tags, [{ Key: "x", Value: "y" }]);
  const rows: [() => unknown, string, string | RegExp][] = [
    [() => createInstanceProfile({ InstanceProfileName: "NAT" }, ctx), "EntityAlreadyExists", "Instance Profile NAT already exists."],
    [() => createInstanceProfile({ InstanceProfileName: "third" }, ctx), "LimitExceeded", /2/],
    [() => addRoleToInstanceProfile({ InstanceProfileName: "nat", RoleName: "nat" }, ctx), "LimitExceeded", "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1"],
    [() => addRoleToInstanceProfile({ InstanceProfileName: "a", RoleName: "none" }, ctx), "NoSuchEntity", "The role with name none cannot be found."],
    [() => removeRoleFromInstanceProfile({ InstanceProfileName: "a", RoleName: "nat" }, ctx), "NoSuchEntity", /nat in Instance Profile a/],
    [() => deleteInstanceProfile({ InstanceProfileName: "nat" }, ctx), "DeleteConflict", "Cannot delete entity, must remove roles from instance profile first."],
    [() => getInstanceProfile({ InstanceProfileName: "none" }, ctx), "NoSuchEntity", "Instance Profile none cannot be found."],
  ];
  for (const [call, code, words] of rows) await refused(ctx, call, code, words);
  await removeRoleFromInstanceProfile({ InstanceProfileName: "nat", RoleName: "nat" }, ctx);
  await deleteInstanceProfile({ InstanceProfileName: "nat" }, ctx);
});
