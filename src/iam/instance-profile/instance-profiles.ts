// Owns finding instance profiles by name, and how they look to clients (IAM API reference, InstanceProfile).

import type * as iam from "@aws-sdk/client-iam";
import { findInstanceProfile, findRole, instanceProfileArn } from "../../model/iam.ts";
import type { IamInstanceProfile } from "../../model/records.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import type { Context } from "../../wire/operation.ts";
import { noSuchEntity } from "../fault.ts";
import { checkName } from "../names.ts";
import { roleView } from "../role/roles.ts";
import { tagsOrNone } from "../tags.ts";

/** The instance profile of that name, or IAM's refusal. */
export function profileNamed(snapshot: Snapshot, name: string | undefined): IamInstanceProfile {
  const profile = findInstanceProfile(snapshot, checkName(name, "instanceProfileName", 128));
  if (!profile) throw noSuchEntity(`Instance Profile ${name} cannot be found.`);
  return profile;
}

export function profileView(snapshot: Snapshot, ctx: Context, profile: IamInstanceProfile): iam.InstanceProfile {
  const role = profile.roleName === undefined ? undefined : findRole(snapshot, profile.roleName);
  return {
    Path: profile.path, InstanceProfileName: profile.name, InstanceProfileId: profile.id, Arn: instanceProfileArn(ctx.accountId, profile), CreateDate: new Date(profile.createdAt),
    Roles: role ? [roleView(ctx, role)] : [],
  };
}

/** As GetInstanceProfile and CreateInstanceProfile show it; lists have no tags. */
export const wholeProfileView = (snapshot: Snapshot, ctx: Context, profile: IamInstanceProfile): iam.InstanceProfile => ({ ...profileView(snapshot, ctx, profile), Tags: tagsOrNone(profile.tags) });
