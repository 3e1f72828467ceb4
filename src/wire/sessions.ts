// Owns temporary credentials (IAM user guide, "Temporary security credentials"): an access key, a secret and a token that has in it
// whose they are and until when, sealed by the box's own key. So they outlive the daemon, and there is no table of them to keep.

import { createHmac, timingSafeEqual } from "node:crypto";
import { newIamId } from "../lib/ids.ts";

/** Whom a call is signed by. */
export interface Principal {
  readonly arn: string; // arn:aws:sts::000000000000:assumed-role/NAME/SESSION, or the account's root
  readonly userId: string; // AROA...:SESSION
  readonly roleId?: string | undefined; // of an assumed role: with the role, its sessions end
  readonly sourceIdentity?: string | undefined;
}
export interface Session { readonly principal: Principal; readonly secret: string; readonly expiresAtMs: number }
export interface SessionCredentials { readonly accessKeyId: string; readonly secretAccessKey: string; readonly sessionToken: string; readonly expiration: Date }

export interface Sessions {
  issue(principal: Principal, expiresAt: Date): SessionCredentials;
  /** The session of this key and token, expired or not; undefined when they were not made here for each other. */
  read(accessKeyId: string, token: string): Session | undefined;
}

interface Sealed { readonly key: string; readonly principal: Principal; readonly expiresAtMs: number }
const MAC_BYTES = 32;

/** @param boxKey 32 random bytes, kept with the box's state */
export function openSessions(boxKey: Buffer, randomHex: (digits: number) => string): Sessions {
  const mac = (purpose: string, data: Buffer | string): Buffer => createHmac("sha256", boxKey).update(purpose).update(data).digest();
  const secretOf = (token: string): string => mac("secret", token).toString("base64").slice(0, 40);
  return {
    issue: (principal, expiresAt) => {
      const accessKeyId = newIamId("ASIA", randomHex, 16);
      const expiresAtMs = Math.floor(expiresAt.getTime() / 1000) * 1000; // as clients are told it
      const sealed: Sealed = { key: accessKeyId, principal, expiresAtMs };
      const text = Buffer.from(JSON.stringify(sealed));
      const sessionToken = Buffer.concat([mac("token", text), text]).toString("base64");
      return { accessKeyId, secretAccessKey: secretOf(sessionToken), sessionToken, expiration: new Date(expiresAtMs) };
    },
    read: (accessKeyId, token) => {
      const bytes = Buffer.from(token, "base64");
      if (bytes.length <= MAC_BYTES || bytes.toString("base64") !== token) return undefined; // one text for one token
      const text = bytes.subarray(MAC_BYTES);
      if (!timingSafeEqual(bytes.subarray(0, MAC_BYTES), mac("token", text))) return undefined;
      const { key, principal, expiresAtMs } = JSON.parse(text.toString("utf8")) as Sealed;
      return key === accessKeyId ? { principal, secret: secretOf(token), expiresAtMs } : undefined;
    },
  };
}
