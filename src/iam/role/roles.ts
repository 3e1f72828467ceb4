// Owns finding roles by name, and how they look to clients (IAM API reference, Role).

import type * as iam from "@aws-sdk/client-iam";
import { findRole, roleArn } from "../../model/iam.ts";
import type { IamRole } from "../../model/records.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import type { Context } from "../../wire/operation.ts";
import { noSuchEntity } from "../fault.ts";
import { checkName } from "../names.ts";
import { encodePolicy } from "../policy-document.ts";
import { tagsOrNone } from "../tags.ts";

export const MAX_TRUST_BYTES = 2048;

/** The role of that name, or IAM's refusal. */
export function roleNamed(snapshot: Snapshot, name: string | undefined): IamRole {
  const role = findRole(snapshot, checkName(name, "roleName", 64));
  if (!role) throw noSuchEntity(`The role with name ${name} cannot be found.`);
  return role;
}

export const roleView = (ctx: Context, role: IamRole): iam.Role => ({
  Path: role.path, RoleName: role.name, RoleId: role.id, Arn: roleArn(ctx.accountId, role), CreateDate: new Date(role.createdAt),
  AssumeRolePolicyDocument: encodePolicy(role.assumeRolePolicyDocument), Description: role.description, MaxSessionDuration: role.maxSessionDurationSeconds,
});

/** As GetRole and CreateRole show it; lists have neither tags nor last use. */
export const wholeRoleView = (ctx: Context, role: IamRole): iam.Role => ({ ...roleView(ctx, role), Tags: tagsOrNone(role.tags), RoleLastUsed: {} });
