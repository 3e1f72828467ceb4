// Owns ListEntitiesForPolicy (IAM API reference): roles; there are no users or groups here.

import type { IamOperation } from "../../wire/operation.ts";
import { isAwsManagedArn } from "../../model/iam.ts";
import { checkPathPrefix } from "../names.ts";
import { pageOf } from "../paging.ts";
import { checkPolicyArn, ownPolicy } from "./policies.ts";

export const listEntitiesForPolicy: IamOperation<"ListEntitiesForPolicy"> = (input, ctx) => {
  const snapshot = ctx.snapshot();
  const arn = checkPolicyArn(input.PolicyArn);
  if (!isAwsManagedArn(arn)) ownPolicy(snapshot, ctx, arn);
  const prefix = checkPathPrefix(input.PathPrefix);
  const shown = (input.EntityFilter ?? "Role") === "Role" && input.PolicyUsageFilter !== "PermissionsBoundary";
  const page = pageOf(shown ? snapshot.list("iam-role").filter((r) => r.attachedPolicyArns.includes(arn) && r.path.startsWith(prefix)) : [], (r) => r.name, input);
  return { PolicyRoles: page.items.map((r) => ({ RoleName: r.name, RoleId: r.id })), PolicyUsers: [], PolicyGroups: [], IsTruncated: page.IsTruncated, Marker: page.Marker };
};
