// Owns the conversations of temporary credentials: who may have them, for how long, and what a token is worth.

import { test } from "node:test";
import assert from "node:assert/strict";
import { memoryContext, refused, type MemoryContext } from "../../../test/support/memory-context.ts";
import { createRole } from "../../iam/role/create-role.ts";
import { deleteRole } from "../../iam/role/delete-role.ts";
import { liveSession } from "../../iam/role-sessions.ts";
import { mayAssume } from "../../model/trust.ts";
import type { Context } from "../../wire/operation.ts";
import { openSessions } from "../../wire/sessions.ts";
import { getCallerIdentity } from "../caller-identity/get-caller-identity.ts";
import { assumeRole } from "./assume-role.ts";
import { getSessionToken } from "./get-session-token.ts";

const trust = (principal: unknown, more: object = {}): string => JSON.stringify({ Statement: [{ Effect: "Allow", Principal: principal, Action: "sts:AssumeRole", ...more }] });
const arn = "arn:aws:iam::000000000000:role/nat";
const make = (ctx: MemoryContext, AssumeRolePolicyDocument: string, extra: object = {}) => createRole({ RoleName: "nat", AssumeRolePolicyDocument, ...extra }, ctx);
const sealed = (ctx: MemoryContext) => openSessions(Buffer.alloc(32), ctx.randomHex); // as memoryContext seals

test("AssumeRole gives credentials that say who, until when, and that end with the role", async () => {
  const ctx = memoryContext();
  const { Role } = await make(ctx, trust({ AWS: "arn:aws:iam::000000000000:root" }));
  const answer = await assumeRole({ RoleArn: arn, RoleSessionName: "me", SourceIdentity: "alice" }, ctx);
  const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = answer.Credentials!;
  assert.match(AccessKeyId!, /^ASIA[A-Z2-7]{16}$/);
  assert.equal(SecretAccessKey!.length, 40);
  assert.deepEqual(Expiration, new Date(ctx.now().getTime() + 3600_000));
  assert.deepEqual([answer.AssumedRoleUser, answer.SourceIdentity], [{ AssumedRoleId: `${Role!.RoleId}:me`, Arn: "arn:aws:sts::000000000000:assumed-role/nat/me" }, "alice"]);
  const session = liveSession(sealed(ctx), ctx.snapshot(), AccessKeyId!, SessionToken!)!;
  assert.deepEqual([session.secret, session.principal.arn, session.expiresAtMs], [SecretAccessKey, answer.AssumedRoleUser!.Arn, Expiration!.getTime()]);
  const asRole: Context = { ...ctx, caller: session.principal, temporary: true };
  assert.deepEqual(await getCallerIdentity({}, asRole), { UserId: `${Role!.RoleId}:me`, Account: "000000000000", Arn: "arn:aws:sts::000000000000:assumed-role/nat/me" });
  await refused(ctx, () => getSessionToken({}, asRole), "AccessDenied", "Cannot call GetSessionToken with session credentials");
  await refused(ctx, () => assumeRole({ RoleArn: arn, RoleSessionName: "me", DurationSeconds: 3601 }, asRole), "ValidationError", /role chaining/);
  await deleteRole({ RoleName: "nat" }, ctx);
  assert.equal(liveSession(sealed(ctx), ctx.snapshot(), AccessKeyId!, SessionToken!), undefined);
});

test("tokens: of another box, of another key, cut or changed", () => {
  const ctx = memoryContext();
  const sessions = sealed(ctx);
  const { accessKeyId, sessionToken } = sessions.issue({ arn: "a", userId: "u" }, new Date(1e12));
  const other = sessions.issue({ arn: "a", userId: "u" }, new Date(1e12));
  assert.ok(sessions.read(accessKeyId, sessionToken));
  assert.equal(sessions.read(other.accessKeyId, sessionToken), undefined);
  assert.equal(openSessions(Buffer.alloc(32, 1), ctx.randomHex).read(accessKeyId, sessionToken), undefined);
  for (const bad of ["", "x", sessionToken.slice(0, -4), `${sessionToken}AAAA`, `${sessionToken}\n`, sessionToken.replace(/^../, "AA"), "A".repeat(400)]) assert.equal(sessions.read(accessKeyId, bad), undefined, bad);
});

test("refusals of AssumeRole and GetSessionToken", async () => {
  const ctx = memoryContext();
  await make(ctx, trust({ AWS: "000000000000" }, { Condition: { StringEquals: { "sts:ExternalId": "secret" } } }), { MaxSessionDuration: 7200 });
  const good = { RoleArn: arn, RoleSessionName: "me", ExternalId: "secret" };
  const denied = `User: arn:aws:iam::000000000000:root is not authorized to perform: sts:AssumeRole on resource: ${arn}`;
  const rows: [object, string, string | RegExp][] = [
    [{ RoleArn: "nat" }, "ValidationError", "nat is invalid"],
    [{ RoleArn: `${arn}s` }, "AccessDenied", `${denied}s`],
    [{ ExternalId: undefined }, "AccessDenied", denied],
    [{ ExternalId: "other" }, "AccessDenied", denied],
    [{ RoleSessionName: "a b" }, "ValidationError", /roleSessionName/],
    [{ DurationSeconds: 60 }, "ValidationError", /durationSeconds.*greater than or equal to 900/],
    [{ DurationSeconds: 7201 }, "ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."],
    [{ Policy: "{}" }, "ValidationError", /Policy/],
    [{ SerialNumber: "x", TokenCode: "123456" }, "AccessDenied", /MultiFactorAuthentication/],
  ];
  for (const [change, code, words] of rows) await refused(ctx, () => assumeRole({ ...good, ...change }, ctx), code, words);
  assert.ok((await assumeRole({ ...good, DurationSeconds: 7200 }, ctx)).Credentials);
  await refused(ctx, () => getSessionToken({ DurationSeconds: 200_000 }, ctx), "ValidationError", /durationSeconds/);
  const { Credentials } = await getSessionToken({ DurationSeconds: 900 }, ctx);
  assert.deepEqual(sealed(ctx).read(Credentials!.AccessKeyId!, Credentials!.SessionToken!)!.principal, { arn: "arn:aws:iam::000000000000:root", userId: "000000000000" });
});

test("trust policies: who is let in", () => {
  const question = { accountId: "000000000000", callerArn: "arn:aws:sts::000000000000:assumed-role/a/s", callerRoleArn: "arn:aws:iam::000000000000:role/a", sessionName: "me" };
  const rows: [string, boolean][] = [
    [trust("*"), true], [trust({ AWS: "*" }), true], [trust({ AWS: ["1", "000000000000"] }), true], [trust({ AWS: "arn:aws:iam::000000000000:role/a" }), true],
    [trust({ AWS: "arn:aws:iam::000000000000:role/b" }), false], [trust({ Service: "ec2.amazonaws.com" }), false], [trust({ AWS: "111111111111" }), false],
    [trust("*", { Action: ["sts:TagSession"] }), false], [trust("*", { Action: "sts:*" }), true], [trust("*", { Effect: "Deny" }), false],
    [trust("*", { Condition: { StringLike: { "sts:RoleSessionName": "m*" } } }), true], [trust("*", { Condition: { StringLike: { "sts:RoleSessionName": "n*" } } }), false],
    [trust("*", { Condition: { ArnLike: { "aws:PrincipalArn": "arn:aws:iam::*:role/?" } } }), true], [trust("*", { Condition: { Bool: { "aws:MultiFactorAuthPresent": "true" } } }), false],
    [JSON.stringify({ Statement: [{ Effect: "Allow", Principal: "*", Action: "sts:AssumeRole" }, { Effect: "Deny", Principal: "*", Action: "*" }] }), false],
  ];
  for (const [document, expected] of rows) assert.equal(mayAssume(document, question), expected, document);
});
