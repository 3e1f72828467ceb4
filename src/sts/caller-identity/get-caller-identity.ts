// Owns GetCallerIdentity (STS API reference). A box's own keys are those of the account's root user, temporary ones
// those of the role that was assumed.

import type { StsOperation } from "../../wire/operation.ts";

export const getCallerIdentity: StsOperation<"GetCallerIdentity"> = (_input, ctx) => ({
  UserId: ctx.caller.userId,
  Account: ctx.accountId,
  Arn: ctx.caller.arn,
});
