// Owns CreatePolicyVersion (IAM API reference): five at most; numbers are never used again.

import type { IamPolicy } from "../../model/records.ts";
import type { IamOperation } from "../../wire/operation.ts";
import { limitExceeded } from "../fault.ts";
import { checkPolicy } from "../policy-document.ts";
import { MAX_POLICY_BYTES, ownPolicy, versionView } from "./policies.ts";

const MAX_VERSIONS = 5;

export const createPolicyVersion: IamOperation<"CreatePolicyVersion"> = (input, ctx) => ctx.write((tx) => {
  const policy = ownPolicy(tx, ctx, input.PolicyArn);
  const document = checkPolicy(input.PolicyDocument, "identity", MAX_POLICY_BYTES, "PolicySize");
  if (policy.versions.length >= MAX_VERSIONS) throw limitExceeded(`A managed policy can have up to ${MAX_VERSIONS} versions. Before you create a new version, you must delete an existing version.`);
  const latestVersion = policy.latestVersion + 1;
  const version = { id: `v${latestVersion}`, document, createdAt: ctx.now().toISOString() };
  const changed: IamPolicy = { ...policy, latestVersion, versions: [...policy.versions, version], defaultVersionId: input.SetAsDefault ? version.id : policy.defaultVersionId };
  tx.put("iam-policy", changed);
  return { PolicyVersion: versionView(changed, version, false) };
});
