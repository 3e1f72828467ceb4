// Owns CreateRole (IAM API reference).

import type { IamRole } from "../../model/records.ts";
import type { IamOperation } from "../../wire/operation.ts";
import { alreadyExists, limitExceeded, refuseParameters } from "../fault.ts";
import { checkDescription, checkName, checkPath, sameName } from "../names.ts";
import { newIamRecord } from "../new-record.ts";
import { checkPolicy } from "../policy-document.ts";
import { readTags } from "../tags.ts";
import { MAX_TRUST_BYTES, wholeRoleView } from "./roles.ts";
import { checkSessionDuration } from "./update-role.ts";

export const createRole: IamOperation<"CreateRole"> = (input, ctx) => ctx.write((tx) => {
  refuseParameters(input, ["PermissionsBoundary"]);
  const name = checkName(input.RoleName, "roleName", 64);
  const path = checkPath(input.Path);
  const description = checkDescription(input.Description);
  const maxSessionDurationSeconds = checkSessionDuration(input.MaxSessionDuration ?? 3600);
  const assumeRolePolicyDocument = checkPolicy(input.AssumeRolePolicyDocument, "trust", MAX_TRUST_BYTES, "ACLSizePerRole");
  const tags = readTags(input.Tags);
  const roles = tx.list("iam-role");
  if (roles.some((r) => sameName(r.name, name))) throw alreadyExists(`Role with name ${name} already exists.`);
  if (roles.length >= ctx.quota("iam-roles")) throw limitExceeded(`Cannot exceed quota for RolesPerAccount: ${ctx.quota("iam-roles")}`);
  const role: IamRole = { ...newIamRecord(tx, ctx, "AROA", tags), name, path, description, assumeRolePolicyDocument, maxSessionDurationSeconds, inlinePolicies: {}, attachedPolicyArns: [] };
  tx.put("iam-role", role);
  const { RoleLastUsed: _, ...Role } = wholeRoleView(ctx, role);
  return { Role };
});
