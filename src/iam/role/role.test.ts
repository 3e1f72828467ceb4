// Owns the conversations of IAM roles, their policies and tags.

import { test } from "node:test";
import assert from "node:assert/strict";
import { memoryContext, refused, type MemoryContext } from "../../../test/support/memory-context.ts";
import { createPolicy } from "../policy/create-policy.ts";
import { addRoleToInstanceProfile } from "../instance-profile/add-role-to-instance-profile.ts";
import { createInstanceProfile } from "../instance-profile/create-instance-profile.ts";
import { removeRoleFromInstanceProfile } from "../instance-profile/remove-role-from-instance-profile.ts";
import { attachRolePolicy } from "./attach-role-policy.ts";
import { createRole } from "./create-role.ts";
import { deleteRole } from "./delete-role.ts";
import { deleteRolePolicy } from "./delete-role-policy.ts";
import { detachRolePolicy } from "./detach-role-policy.ts";
import { getRole } from "./get-role.ts";
import { getRolePolicy } from "./get-role-policy.ts";
import { listAttachedRolePolicies } from "./list-attached-role-policies.ts";
import { listRolePolicies } from "./list-role-policies.ts";
import { listRoles } from "./list-roles.ts";
import { listRoleTags } from "./list-role-tags.ts";
import { putRolePolicy } from "./put-role-policy.ts";
import { tagRole } from "./tag-role.ts";
import { untagRole } from "./untag-role.ts";
import { updateAssumeRolePolicy } from "./update-assume-role-policy.ts";
import { updateRole } from "./update-role.ts";
import { updateRoleDescription } from "./update-role-description.ts";

const statement = (fields: object): string => JSON.stringify({ Version: "2012-10-17", Statement: [fields] });
const trust = statement({ Effect: "Allow", Principal: { Service: "ec2.amazonaws.com" }, Action: "sts:AssumeRole" });
const allow = statement({ Effect: "Allow", Action: ["ec2:Describe*", "ec2:CreateRoute"], Resource: "*" });
const make = (ctx: MemoryContext, RoleName: string, extra: object = {}) => createRole({ RoleName, AssumeRolePolicyDocument: trust, ...extra }, ctx);

test("create, get, list, update, delete", async () => {
  const ctx = memoryContext();
  const { Role } = await make(ctx, "nat", { Path: "/net/", Description: "of the NAT instance", Tags: [{ Key: "a", Value: "b" }] });
  assert.match(Role!.RoleId!, /^AROA[A-Z2-7]{17}$/);
  assert.deepEqual([Role!.Arn, Role!.Path, Role!.Description, Role!.MaxSessionDuration, Role!.Tags, Role!.CreateDate],
    ["arn:aws:iam::000000000000:role/net/nat", "/net/", "of the NAT instance", 3600, [{ Key: "a", Value: "b" }], ctx.now()]);
  assert.equal(decodeURIComponent(Role!.AssumeRolePolicyDocument!), trust);
  assert.ok(!/[{"]/.test(Role!.AssumeRolePolicyDocument!), "as RFC 3986 has it");
  await updateRole({ RoleName: "nat", MaxSessionDuration: 7200 }, ctx);
  const wider = statement({ Effect: "Allow", Principal: { AWS: "*" }, Action: ["sts:AssumeRole", "sts:TagSession"] });
  await updateAssumeRolePolicy({ RoleName: "nat", PolicyDocument: wider }, ctx);
  const { Role: shown } = await getRole({ RoleName: "nat" }, ctx);
  assert.deepEqual([shown!.Description, shown!.MaxSessionDuration, decodeURIComponent(shown!.AssumeRolePolicyDocument!), shown!.RoleLastUsed], ["of the NAT instance", 7200, wider, {}]);
  assert.equal((await updateRoleDescription({ RoleName: "nat", Description: "other" }, ctx)).Role!.Description, "other");
  for (const name of ["zebra", "ape", "bee"]) await make(ctx, name);
  assert.deepEqual((await listRoles({}, ctx)).Roles!.map((r) => [r.RoleName, r.Tags]), [["ape", undefined], ["bee", undefined], ["nat", undefined], ["zebra", undefined]]);
  assert.deepEqual((await listRoles({ PathPrefix: "/net/" }, ctx)).Roles!.map((r) => r.RoleName), ["nat"]);
  const first = await listRoles({ MaxItems: 3 }, ctx);
  assert.deepEqual([first.IsTruncated, first.Roles!.length], [true, 3]);
  const second = await listRoles({ MaxItems: 3, Marker: first.Marker }, ctx);
  assert.deepEqual([second.IsTruncated, second.Marker, second.Roles!.map((r) => r.RoleName)], [false, undefined, ["zebra"]]);
  await deleteRole({ RoleName: "nat" }, ctx);
  await refused(ctx, () => getRole({ RoleName: "nat" }, ctx), "NoSuchEntity", "The role with name nat cannot be found.");
});

test("policies inside a role and attached to it; what hangs on it keeps it", async () => {
  const ctx = memoryContext({ quotas: { "policies-per-role": 2 } });
  await make(ctx, "nat");
  await putRolePolicy({ RoleName: "nat", PolicyName: "routes", PolicyDocument: "{}".replace("{}", allow) }, ctx);
  assert.equal(decodeURIComponent((await getRolePolicy({ RoleName: "nat", PolicyName: "routes" }, ctx)).PolicyDocument!), allow);
  assert.deepEqual((await listRolePolicies({ RoleName: "nat" }, ctx)).PolicyNames, ["routes"]);
  const own = (await createPolicy({ PolicyName: "mine", Path: "/x/", PolicyDocument: allow }, ctx)).Policy!.Arn!;
  const aws = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore";
  for (const PolicyArn of [own, aws, aws]) await attachRolePolicy({ RoleName: "nat", PolicyArn }, ctx);
  assert.deepEqual((await listAttachedRolePolicies({ RoleName: "nat" }, ctx)).AttachedPolicies, [{ PolicyName: "AmazonSSMManagedInstanceCore", PolicyArn: aws }, { PolicyName: "mine", PolicyArn: own }]);
  assert.deepEqual((await listAttachedRolePolicies({ RoleName: "nat", PathPrefix: "/x/" }, ctx)).AttachedPolicies!.length, 1);
  await createInstanceProfile({ InstanceProfileName: "p" }, ctx);
  await addRoleToInstanceProfile({ InstanceProfileName: "p", RoleName: "nat" }, ctx);
  const rows: [() => unknown, string, string | RegExp][] = [
    [() => attachRolePolicy({ RoleName: "nat", PolicyArn: "arn:aws:iam::aws:policy/ReadOnlyAccess" }, ctx), "LimitExceeded", "Cannot exceed quota for PoliciesPerRole: 2"],
    [() => attachRolePolicy({ RoleName: "nat", PolicyArn: "arn:aws:iam::000000000000:policy/none" }, ctx), "NoSuchEntity", "Policy arn:aws:iam::000000000000:policy/none does not exist or is not attachable."],
    [() => attachRolePolicy({ RoleName: "nat", PolicyArn: "arn:aws:s3:::bucket-of-mine" }, ctx), "ValidationError", /is not valid/],
    [() => detachRolePolicy({ RoleName: "nat", PolicyArn: "arn:aws:iam::aws:policy/ReadOnlyAccess" }, ctx), "NoSuchEntity", "Policy arn:aws:iam::aws:policy/ReadOnlyAccess was not found."],
    [() => deleteRole({ RoleName: "nat" }, ctx), "DeleteConflict", "Cannot delete entity, must remove roles from instance profile first."],
    [() => getRolePolicy({ RoleName: "nat", PolicyName: "none" }, ctx), "NoSuchEntity", "The role policy with name none cannot be found."],
    [() => deleteRolePolicy({ RoleName: "nat", PolicyName: "constructor" }, ctx), "NoSuchEntity", "The role policy with name constructor cannot be found."],
    [() => putRolePolicy({ RoleName: "none", PolicyName: "p", PolicyDocument: allow }, ctx), "NoSuchEntity", "The role with name none cannot be found."],
    [() => putRolePolicy({ RoleName: "nat", PolicyName: "big", PolicyDocument: statement({ Effect: "Allow", Action: "ec2:*", Resource: Array.from({ length: 250 }, (_, i) => `arn:aws:ec2:us-east-1:000000000000:vpc/${i}`) }) }, ctx), "LimitExceeded", /10240/],
  ];
  for (const [call, code, words] of rows) await refused(ctx, call, code, words);
  await removeRoleFromInstanceProfile({ InstanceProfileName: "p", RoleName: "nat" }, ctx);
  await refused(ctx, () => deleteRole({ RoleName: "nat" }, ctx), "DeleteConflict", "Cannot delete entity, must detach all policies first.");
  for (const PolicyArn of [own, aws]) await detachRolePolicy({ RoleName: "nat", PolicyArn }, ctx);
  await refused(ctx, () => deleteRole({ RoleName: "nat" }, ctx), "DeleteConflict", "Cannot delete entity, must delete policies first.");
  await deleteRolePolicy({ RoleName: "nat", PolicyName: "routes" }, ctx);
  await deleteRole({ RoleName: "nat" }, ctx);
});

test("tags of a role", async () => {
  const ctx = memoryContext();
  await make(ctx, "nat", { Tags: [{ Key: "Name", Value: "one" }] });
  await tagRole({ RoleName: "nat", Tags: [{ Key: "name", Value: "two" }, { Key: "b", Value: "" }] }, ctx);
  assert.deepEqual((await listRoleTags({ RoleName: "nat" }, ctx)).Tags, [{ Key: "b", Value: "" }, { Key: "name", Value: "two" }]);
  assert.deepEqual((await getRole({ RoleName: "nat" }, ctx)).Role!.Tags!.length, 2);
  await untagRole({ RoleName: "nat", TagKeys: ["NAME", "none"] }, ctx);
  const page = await listRoleTags({ RoleName: "nat", MaxItems: 1 }, ctx);
  assert.deepEqual([page.Tags, page.IsTruncated], [[{ Key: "b", Value: "" }], false]);
  const rows: [object[], string, RegExp][] = [
    [[{ Key: "a", Value: "" }, { Key: "A", Value: "" }], "InvalidInput", /Duplicate tag keys/], [[{ Key: "aws:x", Value: "" }], "InvalidInput", /reserved/], [[{ Key: "", Value: "" }], "InvalidInput", /not valid/],
    [Array.from({ length: 50 }, (_, i) => ({ Key: `k${i}`, Value: "" })), "LimitExceeded", /50/],
  ];
  for (const [Tags, code, words] of rows) await refused(ctx, () => tagRole({ RoleName: "nat", Tags: Tags as { Key: string; Value: string }[] }, ctx), code, words);
});

test("refusals of CreateRole", async () => {
  const ctx = memoryContext({ quotas: { "iam-roles": 1 } });
  const rows: [object, string, string | RegExp][] = [
    [{ RoleName: "a b" }, "ValidationError", "The specified value for roleName is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-"],
    [{ RoleName: "x".repeat(65) }, "ValidationError", /at 'roleName' failed to satisfy constraint: Member must have length less than or equal to 64$/],
    [{ Path: "net" }, "ValidationError", /value for path is invalid/],
    [{ MaxSessionDuration: 60 }, "ValidationError", /maxSessionDuration/],
    [{ PermissionsBoundary: "arn:aws:iam::aws:policy/X" }, "ValidationError", /PermissionsBoundary/],
    [{ AssumeRolePolicyDocument: "{" }, "MalformedPolicyDocument", "This policy contains invalid Json"],
    [{ AssumeRolePolicyDocument: "[]" }, "MalformedPolicyDocument", "Syntax errors in policy."],
    [{ AssumeRolePolicyDocument: '{"Version":"2020-01-01","Statement":[]}' }, "MalformedPolicyDocument", "The policy must contain a valid version string"],
    [{ AssumeRolePolicyDocument: '{"Version":"2012-10-17"}' }, "MalformedPolicyDocument", "Missing required field Statement"],
    [{ AssumeRolePolicyDocument: allow }, "MalformedPolicyDocument", "Has prohibited field Resource"],
    [{ AssumeRolePolicyDocument: statement({ Effect: "Allow", Action: "sts:AssumeRole" }) }, "MalformedPolicyDocument", "Missing required field Principal"],
    [{ AssumeRolePolicyDocument: statement({ Effect: "Allow", Principal: "*" }) }, "MalformedPolicyDocument", "Missing required field Action"],
    [{ AssumeRolePolicyDocument: statement({ Effect: "Maybe", Principal: "*", Action: "sts:AssumeRole" }) }, "MalformedPolicyDocument", "Invalid effect: Maybe"],
    [{ AssumeRolePolicyDocument: statement({ Effect: "Allow", Principal: { Nobody: "x" }, Action: "sts:AssumeRole" }) }, "MalformedPolicyDocument", /Invalid principal in policy/],
    [{ AssumeRolePolicyDocument: statement({ Effect: "Allow", Principal: "*", Action: "ec2:RunInstances" }) }, "MalformedPolicyDocument", "AssumeRole policy may only specify STS AssumeRole actions."],
  ];
  for (const [change, code, words] of rows) await refused(ctx, () => make(ctx, "good", change), code, words);
  await make(ctx, "good");
  await refused(ctx, () => make(ctx, "GOOD"), "EntityAlreadyExists", "Role with name GOOD already exists.");
  await refused(ctx, () => make(ctx, "more"), "LimitExceeded", "Cannot exceed quota for RolesPerAccount: 1");
  await refused(ctx, () => listRoles({ MaxItems: 1001 }, ctx), "ValidationError", /maxItems/);
  await refused(ctx, () => listRoles({ Marker: "x" }, ctx), "ValidationError", /Marker/);
  await refused(ctx, () => putRolePolicy({ RoleName: "good", PolicyName: "p", PolicyDocument: trust }, ctx), "MalformedPolicyDocument", "Policy document should not specify a principal.");
  const two = JSON.stringify({ Statement: [{ Sid: "a", Effect: "Allow", Action: "*", Resource: "*" }, { Sid: "a", Effect: "Deny", Action: "*", Resource: "*" }] });
  await refused(ctx, () => putRolePolicy({ RoleName: "good", PolicyName: "p", PolicyDocument: two }, ctx), "MalformedPolicyDocument", "Statement IDs (SID) in a single policy must be unique.");
});
