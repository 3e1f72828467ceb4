// Owns IAM, temporary credentials and instance profiles through unmodified clients: what they build, that the box accepts what it gave
// and refuses everything else in AWS's codes, and that a restart changes none of it.

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { DescribeVpcsCommand, EC2Client } from "@aws-sdk/client-ec2";
import { AddRoleToInstanceProfileCommand, AttachRolePolicyCommand, CreateInstanceProfileCommand, CreatePolicyCommand, CreateRoleCommand, CreateUserCommand, DeleteRoleCommand, GetRoleCommand, IAMClient, ListRolesCommand, paginateListRoles, PutRolePolicyCommand } from "@aws-sdk/client-iam";
import { GetParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { AssumeRoleCommand, GetCallerIdentityCommand, GetSessionTokenCommand, STSClient, type Credentials } from "@aws-sdk/client-sts";
import { Box } from "../support/box.ts";
import { kernelLeftovers } from "../support/kernel-leftovers.ts";

const box = new Box();
const trust = JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Principal: { AWS: "arn:aws:iam::000000000000:root" }, Action: "sts:AssumeRole" }] });
const allow = JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "ec2:*", Resource: "*" }] });
const own = { accessKeyId: "test", secretAccessKey: "test" };
type Keys = { accessKeyId: string; secretAccessKey: string; sessionToken?: string };
const options = (credentials: Keys) => ({ endpoint: box.endpoint, region: "eu-west-1", credentials, maxAttempts: 1 });
const keysOf = (c: Credentials): Keys => ({ accessKeyId: c.AccessKeyId!, secretAccessKey: c.SecretAccessKey!, sessionToken: c.SessionToken! });
const iam = (): IAMClient => new IAMClient(options(own));
const sts = (keys: Keys = own): STSClient => new STSClient(options(keys));
const ec2 = (keys: Keys): EC2Client => new EC2Client(options(keys));

before(() => box.up());
after(async () => {
  await box.remove();
  assert.deepEqual(await kernelLeftovers(box), []);
});

test("IAM through the SDK: a role with its policies, pages, and refusals with their status", async () => {
  const { Role } = await iam().send(new CreateRoleCommand({ RoleName: "nat", AssumeRolePolicyDocument: trust, Tags: [{ Key: "a", Value: "b" }] }));
  assert.ok(Role!.CreateDate instanceof Date);
  const { Policy } = await iam().send(new CreatePolicyCommand({ PolicyName: "mine", PolicyDocument: allow }));
  await iam().send(new AttachRolePolicyCommand({ RoleName: "nat", PolicyArn: Policy!.Arn }));
  await iam().send(new PutRolePolicyCommand({ RoleName: "nat", PolicyName: "inline", PolicyDocument: allow }));
  const { Role: shown } = await iam().send(new GetRoleCommand({ RoleName: "nat" }));
  assert.deepEqual([shown!.RoleId, decodeURIComponent(shown!.AssumeRolePolicyDocument!), shown!.Tags], [Role!.RoleId, trust, [{ Key: "a", Value: "b" }]]);
  for (let i = 0; i < 3; i++) await iam().send(new CreateRoleCommand({ RoleName: `r${i}`, Path: "/paged/", AssumeRolePolicyDocument: trust }));
  const names: string[] = [];
  for await (const page of paginateListRoles({ client: iam(), pageSize: 2 }, { PathPrefix: "/paged/" })) names.push(...page.Roles!.map((r) => r.RoleName!));
  assert.deepEqual(names, ["r0", "r1", "r2"]);
  await assert.rejects(iam().send(new CreateRoleCommand({ RoleName: "nat", AssumeRolePolicyDocument: trust })), { name: "EntityAlreadyExistsException", message: "Role with name nat already exists." });
  await assert.rejects(iam().send(new GetRoleCommand({ RoleName: "none" })), (error: { name: string; $metadata: { httpStatusCode?: number } }) => error.name === "NoSuchEntityException" && error.$metadata.httpStatusCode === 404);
  await assert.rejects(iam().send(new DeleteRoleCommand({ RoleName: "nat" })), { name: "DeleteConflictException" });
  await assert.rejects(iam().send(new CreateRoleCommand({ RoleName: "x", AssumeRolePolicyDocument: "{" })), { name: "MalformedPolicyDocumentException" });
  await assert.rejects(iam().send(new CreateUserCommand({ UserName: "alice" })), { name: "InvalidAction" });
  assert.equal((await new IAMClient({ ...options(own), region: "us-east-1" }).send(new ListRolesCommand({}))).Roles!.length, 4, "one world for all regions");
});

test("IAM and instance profiles through Debian's aws", async () => {
  const role = await box.aws<{ Role: { AssumeRolePolicyDocument: object } }>("iam", "get-role", "--role-name", "nat");
  assert.deepEqual(role.Role.AssumeRolePolicyDocument, JSON.parse(trust));
  await iam().send(new CreateInstanceProfileCommand({ InstanceProfileName: "nat" }));
  await iam().send(new AddRoleToInstanceProfileCommand({ InstanceProfileName: "nat", RoleName: "nat" }));
  const { InstanceProfiles: [profile] } = await box.aws<{ InstanceProfiles: { Arn: string; InstanceProfileId: string; Roles: { RoleName: string }[] }[] }>("iam", "list-instance-profiles-for-role", "--role-name", "nat");
  assert.deepEqual([profile!.Arn, profile!.Roles[0]!.RoleName], ["arn:aws:iam::000000000000:instance-profile/nat", "nat"]);
  const { Images: [image] } = await box.aws<{ Images: { ImageId: string }[] }>("ec2", "describe-images", "--owners", "amazon", "--filters", "Name=name,Values=al2023-*");
  const { Instances: [instance] } = await box.aws<{ Instances: { InstanceId: string; IamInstanceProfile: object }[] }>("ec2", "run-instances", "--image-id", image!.ImageId, "--instance-type", "t3.micro", "--iam-instance-profile", "Name=nat");
  assert.deepEqual(instance!.IamInstanceProfile, { Arn: profile!.Arn, Id: profile!.InstanceProfileId });
  const { IamInstanceProfileAssociations: [association] } = await box.aws<{ IamInstanceProfileAssociations: { AssociationId: string; State: string }[] }>("ec2", "describe-iam-instance-profile-associations", "--filters", `Name=instance-id,Values=${instance!.InstanceId}`);
  assert.equal(association!.State, "associated");
  await box.aws("ec2", "disassociate-iam-instance-profile", "--association-id", association!.AssociationId);
  const refusal = await box.awsRaw("ec2", "run-instances", "--image-id", image!.ImageId, "--instance-type", "t3.micro", "--iam-instance-profile", "Name=none");
  assert.match(refusal.stderr, /\(InvalidParameterValue\).*Value \(none\) for parameter iamInstanceProfile\.name is invalid\. Invalid IAM Instance Profile name/);
  const unknown = await box.awsRaw("iam", "get-role", "--role-name", "none");
  assert.match(unknown.stderr, /\(NoSuchEntity\).*The role with name none cannot be found\./);
});

test("temporary credentials sign calls of every service, and nobody else's do", async () => {
  const { Credentials, AssumedRoleUser } = await sts().send(new AssumeRoleCommand({ RoleArn: "arn:aws:iam::000000000000:role/nat", RoleSessionName: "me" }));
  const keys = keysOf(Credentials!);
  assert.equal((await sts(keys).send(new GetCallerIdentityCommand({}))).Arn, AssumedRoleUser!.Arn);
  assert.ok((await ec2(keys).send(new DescribeVpcsCommand({}))).Vpcs!.length > 0);
  assert.ok((await new IAMClient(options(keys)).send(new ListRolesCommand({}))).Roles!.length > 0);
  assert.ok((await new SSMClient(options(keys)).send(new GetParameterCommand({ Name: "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64" }))).Parameter!.Value);
  const session = keysOf((await sts().send(new GetSessionTokenCommand({ DurationSeconds: 900 }))).Credentials!);
  assert.equal((await sts(session).send(new GetCallerIdentityCommand({}))).Arn, "arn:aws:iam::000000000000:root");
  const bad: [string, Keys][] = [["another's token", { ...keys, sessionToken: session.sessionToken! }], ["no token", { accessKeyId: keys.accessKeyId, secretAccessKey: keys.secretAccessKey }], ["made up", { ...keys, sessionToken: "FwoGZXIvYXdzE" }], ["a token with a long-term key", { ...own, sessionToken: keys.sessionToken! }]];
  for (const [what, wrong] of bad) {
    await assert.rejects(ec2(wrong).send(new DescribeVpcsCommand({})), { name: "AuthFailure", message: "AWS was not able to validate the provided access credentials" }, what);
    await assert.rejects(sts(wrong).send(new GetCallerIdentityCommand({})), { name: "InvalidClientTokenId", message: "The security token included in the request is invalid." }, what);
  }
  await assert.rejects(ec2({ ...keys, secretAccessKey: "x".repeat(40) }).send(new DescribeVpcsCommand({})), { name: "SignatureDoesNotMatch" });
  await assert.rejects(sts().send(new AssumeRoleCommand({ RoleArn: "arn:aws:iam::000000000000:role/none", RoleSessionName: "me" })), { name: "AccessDenied" });
});

test("after a restart they are as good as before; with their role they end", async () => {
  const keys = keysOf((await sts().send(new AssumeRoleCommand({ RoleArn: "arn:aws:iam::000000000000:role/paged/r0", RoleSessionName: "kept" }))).Credentials!);
  assert.equal((await box.vpcbox("down")).status, 0);
  await box.up();
  assert.match((await sts(keys).send(new GetCallerIdentityCommand({}))).Arn!, /assumed-role\/r0\/kept$/);
  await iam().send(new DeleteRoleCommand({ RoleName: "r0" }));
  await assert.rejects(sts(keys).send(new GetCallerIdentityCommand({})), { name: "InvalidClientTokenId" });
});
