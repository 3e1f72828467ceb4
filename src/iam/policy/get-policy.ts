// Owns GetPolicy (IAM API reference).

import type { IamOperation } from "../../wire/operation.ts";
import { ownPolicy, wholePolicyView } from "./policies.ts";

export const getPolicy: IamOperation<"GetPolicy"> = (input, ctx) => {
  const snapshot = ctx.snapshot();
  return { Policy: wholePolicyView(snapshot, ctx, ownPolicy(snapshot, ctx, input.PolicyArn)) };
};
