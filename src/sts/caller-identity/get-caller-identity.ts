// Owns GetCallerIdentity (STS API reference). Access keys of a box are those of the account's root user.

import type { StsOperation } from "../../wire/operation.ts";

export const getCallerIdentity: StsOperation<"GetCallerIdentity"> = (_input, ctx) => ({
  UserId: ctx.accountId,
  Account: ctx.accountId,
  Arn: `arn:aws:iam::${ctx.accountId}:root`,
});
