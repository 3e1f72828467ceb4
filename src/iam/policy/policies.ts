// Owns finding the account's managed policies by ARN, and how they look to clients (IAM API reference, Policy, PolicyVersion). AWS's own
// managed policies may be attached; what stands in them is not here.

import type * as iam from "@aws-sdk/client-iam";
import { policyArn } from "../../model/iam.ts";
import type { IamPolicy } from "../../model/records.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import type { Context } from "../../wire/operation.ts";
import { constraint, noSuchEntity, validationError } from "../fault.ts";
import { encodePolicy } from "../policy-document.ts";
import { tagsOrNone } from "../tags.ts";

export const MAX_POLICY_BYTES = 6144;

export function checkPolicyArn(arn: string | undefined): string {
  if (arn === undefined || arn.length < 20) throw constraint(arn ?? "", "policyArn", "Member must have length greater than or equal to 20");
  if (!/^arn:aws:iam::(aws|\d{12}):policy\/[\x21-\x7e]+$/.test(arn)) throw validationError(`ARN ${arn} is not valid.`);
  return arn;
}

export const findPolicy = (snapshot: Snapshot, ctx: Context, arn: string): IamPolicy | undefined => snapshot.list("iam-policy").find((p) => policyArn(ctx.accountId, p) === arn);

/** The account's policy of that ARN, or IAM's refusal. */
export function ownPolicy(snapshot: Snapshot, ctx: Context, arn: string | undefined): IamPolicy {
  const policy = findPolicy(snapshot, ctx, checkPolicyArn(arn));
  if (!policy) throw noSuchEntity(`Policy ${arn} was not found.`);
  return policy;
}

export const namePartOf = (arn: string): string => arn.slice(arn.lastIndexOf("/") + 1);
/** "/" and what stands between it and the name. */
export const pathPartOf = (arn: string): string => arn.slice(arn.indexOf(":policy/") + ":policy".length, arn.lastIndexOf("/") + 1);

export const attachmentsOf = (snapshot: Snapshot, arn: string): number => snapshot.list("iam-role").filter((r) => r.attachedPolicyArns.includes(arn)).length;

export function policyView(snapshot: Snapshot, ctx: Context, policy: IamPolicy): iam.Policy {
  const arn = policyArn(ctx.accountId, policy);
  return {
    PolicyName: policy.name, PolicyId: policy.id, Arn: arn, Path: policy.path, DefaultVersionId: policy.defaultVersionId, AttachmentCount: attachmentsOf(snapshot, arn),
    PermissionsBoundaryUsageCount: 0, IsAttachable: true, CreateDate: new Date(policy.createdAt), UpdateDate: new Date(policy.versions.map((v) => v.createdAt).sort().at(-1)!),
  };
}

/** As GetPolicy and CreatePolicy show it; lists have neither description nor tags. */
export const wholePolicyView = (snapshot: Snapshot, ctx: Context, policy: IamPolicy): iam.Policy => ({ ...policyView(snapshot, ctx, policy), Description: policy.description, Tags: tagsOrNone(policy.tags) });

type Version = IamPolicy["versions"][number];
export function versionOf(policy: IamPolicy, ctx: Context, id: string | undefined): Version {
  if (id === undefined || !/^v[1-9][0-9]*(\.[A-Za-z0-9-]*)?$/.test(id)) throw constraint(id ?? "", "versionId", "Member must satisfy regular expression pattern: v[1-9][0-9]*(\\.[A-Za-z0-9-]*)?");
  const version = policy.versions.find((v) => v.id === id);
  if (!version) throw noSuchEntity(`Policy ${policyArn(ctx.accountId, policy)} version ${id} does not exist or is not attachable.`);
  return version;
}

export const versionView = (policy: IamPolicy, version: Version, withDocument: boolean): iam.PolicyVersion => ({
  Document: withDocument ? encodePolicy(version.document) : undefined, VersionId: version.id, IsDefaultVersion: version.id === policy.defaultVersionId, CreateDate: new Date(version.createdAt),
});
