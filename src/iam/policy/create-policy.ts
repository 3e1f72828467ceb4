// Owns CreatePolicy (IAM API reference).

import type { IamPolicy } from "../../model/records.ts";
import type { IamOperation } from "../../wire/operation.ts";
import { alreadyExists, limitExceeded } from "../fault.ts";
import { checkDescription, checkName, checkPath, sameName } from "../names.ts";
import { newIamRecord } from "../new-record.ts";
import { checkPolicy } from "../policy-document.ts";
import { readTags } from "../tags.ts";
import { MAX_POLICY_BYTES, wholePolicyView } from "./policies.ts";

export const createPolicy: IamOperation<"CreatePolicy"> = (input, ctx) => ctx.write((tx) => {
  const name = checkName(input.PolicyName, "policyName", 128);
  const path = checkPath(input.Path);
  const description = checkDescription(input.Description);
  const document = checkPolicy(input.PolicyDocument, "identity", MAX_POLICY_BYTES, "PolicySize");
  const tags = readTags(input.Tags);
  const policies = tx.list("iam-policy");
  if (policies.some((p) => sameName(p.name, name))) throw alreadyExists(`A policy called ${name} already exists. Duplicate names are not allowed.`);
  const quota = ctx.quota("iam-policies");
  if (policies.length >= quota) throw limitExceeded(`Cannot exceed quota for PoliciesPerAccount: ${quota}`);
  const base = newIamRecord(tx, ctx, "ANPA", tags);
  const policy: IamPolicy = { ...base, name, path, description, versions: [{ id: "v1", document, createdAt: base.createdAt }], defaultVersionId: "v1", latestVersion: 1 };
  tx.put("iam-policy", policy);
  return { Policy: wholePolicyView(tx, ctx, policy) };
});
