// Owns GetPolicyVersion (IAM API reference).

import type { IamOperation } from "../../wire/operation.ts";
import { ownPolicy, versionOf, versionView } from "./policies.ts";

export const getPolicyVersion: IamOperation<"GetPolicyVersion"> = (input, ctx) => {
  const policy = ownPolicy(ctx.snapshot(), ctx, input.PolicyArn);
  return { PolicyVersion: versionView(policy, versionOf(policy, ctx, input.VersionId), true) };
};
