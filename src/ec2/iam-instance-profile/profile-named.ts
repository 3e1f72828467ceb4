// Owns which instance profile a call names, by name or ARN (EC2 API reference, IamInstanceProfileSpecification), and what an instance
// keeps of it.

import { findInstanceProfile, instanceProfileArn } from "../../model/iam.ts";
import type { IamInstanceProfile, Instance } from "../../model/records.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import { Ec2Error } from "../../wire/error.ts";
import type { Context } from "../../wire/operation.ts";

interface ProfileSpecification { readonly Arn?: string | undefined; readonly Name?: string | undefined }

/** undefined: none is named. */
export function profileNamed(snapshot: Snapshot, ctx: Context, spec: ProfileSpecification | undefined): IamInstanceProfile | undefined {
  const { Arn: arn, Name: name } = spec ?? {};
  if (arn !== undefined && name !== undefined) throw new Ec2Error("InvalidParameterCombination", "The parameter 'iamInstanceProfile.name' may not be used in combination with 'iamInstanceProfile.arn'");
  if (arn === undefined && name === undefined) return undefined;
  const profile = name !== undefined ? findInstanceProfile(snapshot, name) : snapshot.list("iam-instance-profile").find((p) => instanceProfileArn(ctx.accountId, p) === arn);
  if (!profile) throw new Ec2Error("InvalidParameterValue", `Value (${name ?? arn}) for parameter iamInstanceProfile.${name !== undefined ? "name" : "arn"} is invalid. Invalid IAM Instance Profile ${name !== undefined ? "name" : "ARN"}`);
  if (profile.roleName === undefined) throw new Ec2Error("InvalidParameterValue", `IAM Instance Profile "${instanceProfileArn(ctx.accountId, profile)}" has no associated IAM Roles`);
  return profile;
}

type Kept = Pick<Instance, "iamInstanceProfileArn" | "iamInstanceProfileId" | "iamInstanceProfileAssociationId">;

/** A new association of an instance, as its record has it; of no profile: none. */
export const associated = (ctx: Context, profile: IamInstanceProfile | undefined): Kept => (profile
  ? { iamInstanceProfileArn: instanceProfileArn(ctx.accountId, profile), iamInstanceProfileId: profile.id, iamInstanceProfileAssociationId: ctx.newId("iip-assoc") }
  : { iamInstanceProfileArn: undefined, iamInstanceProfileId: undefined, iamInstanceProfileAssociationId: undefined });
