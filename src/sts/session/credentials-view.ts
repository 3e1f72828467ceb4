// Owns how temporary credentials look to clients (STS API reference, Credentials).

import type * as sts from "@aws-sdk/client-sts";
import type { SessionCredentials } from "../../wire/sessions.ts";

export const credentialsView = (c: SessionCredentials): sts.Credentials => ({ AccessKeyId: c.accessKeyId, SecretAccessKey: c.secretAccessKey, SessionToken: c.sessionToken, Expiration: c.expiration });
