// Owns AssumeRole (STS API reference): whom a role's trust policy lets in gets its temporary credentials. AWS refuses it to the
// account's root user, which a box's own keys are; here the trust policy alone decides.

import type { IamRole } from "../../model/records.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import { roleArn } from "../../model/iam.ts";
import { mayAssume } from "../../model/trust.ts";
import { rolePrincipal } from "../../iam/role-sessions.ts";
import type { Context, StsOperation } from "../../wire/operation.ts";
import { accessDenied, checkDuration, constraint, validationError } from "../fault.ts";
import { credentialsView } from "./credentials-view.ts";

const DEFAULT_SECONDS = 3600;
const CHAINED_SECONDS = 3600;

export const assumeRole: StsOperation<"AssumeRole"> = (input, ctx) => {
  const { RoleArn: arn = "", ExternalId: externalId } = input;
  const sessionName = input.RoleSessionName ?? "";
  if (arn.length < 20 || !/^arn:aws:iam::\d{12}:role\/[\x21-\x7e]+$/.test(arn)) throw validationError(`${arn} is invalid`);
  if (sessionName.length < 2 || sessionName.length > 64 || !/^[\w+=,.@-]*$/.test(sessionName)) throw constraint(sessionName, "roleSessionName", "Member must satisfy regular expression pattern: [\\w+=,.@-]*");
  const seconds = checkDuration(input.DurationSeconds ?? DEFAULT_SECONDS, 900, 43_200);
  const unsupported = (["Policy", "PolicyArns", "Tags", "TransitiveTagKeys", "ProvidedContexts"] as const).find((name) => input[name] !== undefined && input[name].length > 0);
  if (unsupported !== undefined) throw validationError(`The parameter ${unsupported} is not supported.`);
  const snapshot = ctx.snapshot();
  const role = snapshot.list("iam-role").find((r) => roleArn(ctx.accountId, r) === arn);
  const question = { accountId: ctx.accountId, callerArn: ctx.caller.arn, callerRoleArn: callerRoleArn(snapshot, ctx), externalId, sessionName };
  if (!role || !mayAssume(role.assumeRolePolicyDocument, question)) throw accessDenied(`User: ${ctx.caller.arn} is not authorized to perform: sts:AssumeRole on resource: ${arn}`);
  if (input.SerialNumber !== undefined || input.TokenCode !== undefined) throw accessDenied("MultiFactorAuthentication failed with invalid MFA one time pass code.");
  refuseTooLong(ctx, role, seconds);
  const principal = rolePrincipal(ctx.accountId, role, sessionName, input.SourceIdentity);
  return {
    Credentials: credentialsView(ctx.issueSession(principal, new Date(ctx.now().getTime() + seconds * 1000))),
    AssumedRoleUser: { AssumedRoleId: principal.userId, Arn: principal.arn },
    SourceIdentity: input.SourceIdentity,
  };
};

function callerRoleArn(snapshot: Snapshot, ctx: Context): string | undefined {
  const role = ctx.caller.roleId === undefined ? undefined : snapshot.get("iam-role", ctx.caller.roleId);
  return role && roleArn(ctx.accountId, role);
}

function refuseTooLong(ctx: Context, role: IamRole, seconds: number): void {
  if (ctx.caller.roleId !== undefined && seconds > CHAINED_SECONDS) throw validationError("The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining");
  if (seconds > role.maxSessionDurationSeconds) throw validationError("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.");
}
