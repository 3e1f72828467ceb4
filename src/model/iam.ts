// Owns look-ups among IAM's records, which are one world for all regions, and the ARNs they have (IAM user guide, "IAM identifiers").

import type { IamInstanceProfile, IamPolicy, IamRole, Instance } from "./records.ts";
import type { Snapshot } from "./snapshot.ts";

/** The region of IAM's records. */
export const IAM_REGION = "aws-global";

export const roleArn = (accountId: string, role: IamRole): string => `arn:aws:iam::${accountId}:role${role.path}${role.name}`;
export const instanceProfileArn = (accountId: string, profile: IamInstanceProfile): string => `arn:aws:iam::${accountId}:instance-profile${profile.path}${profile.name}`;
export const policyArn = (accountId: string, policy: IamPolicy): string => `arn:aws:iam::${accountId}:policy${policy.path}${policy.name}`;
/** Of AWS's own managed policies; their documents are not here. */
export const isAwsManagedArn = (arn: string): boolean => /^arn:aws:iam::aws:policy\/([\x21-\x7e]+\/)*[\w+=,.@-]{1,128}$/.test(arn);

export const findRole = (snapshot: Snapshot, name: string): IamRole | undefined => snapshot.list("iam-role").find((r) => r.name === name);
export const findInstanceProfile = (snapshot: Snapshot, name: string): IamInstanceProfile | undefined => snapshot.list("iam-instance-profile").find((p) => p.name === name);
export const profilesOfRole = (snapshot: Snapshot, roleName: string): readonly IamInstanceProfile[] => snapshot.list("iam-instance-profile").filter((p) => p.roleName === roleName);

/** The role whose credentials the instance has: that of its profile, as it is now. */
export function roleOfInstance(snapshot: Snapshot, accountId: string, instance: Instance): { readonly profile: IamInstanceProfile; readonly role: IamRole | undefined } | undefined {
  const arn = instance.iamInstanceProfileArn;
  const profile = arn === undefined ? undefined : snapshot.list("iam-instance-profile").find((p) => instanceProfileArn(accountId, p) === arn);
  return profile && { profile, role: profile.roleName === undefined ? undefined : findRole(snapshot, profile.roleName) };
}
