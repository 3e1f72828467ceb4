// Owns GetSessionToken (STS API reference): temporary credentials of whoever calls with a long-term key.

import type { StsOperation } from "../../wire/operation.ts";
import { accessDenied, checkDuration } from "../fault.ts";
import { credentialsView } from "./credentials-view.ts";

const DEFAULT_SECONDS = 43_200;

export const getSessionToken: StsOperation<"GetSessionToken"> = (input, ctx) => {
  const seconds = checkDuration(input.DurationSeconds ?? DEFAULT_SECONDS, 900, 129_600);
  if (ctx.temporary) throw accessDenied("Cannot call GetSessionToken with session credentials");
  if (input.SerialNumber !== undefined || input.TokenCode !== undefined) throw accessDenied("MultiFactorAuthentication failed with invalid MFA one time pass code.");
  return { Credentials: credentialsView(ctx.issueSession(ctx.caller, new Date(ctx.now().getTime() + seconds * 1000))) };
};
