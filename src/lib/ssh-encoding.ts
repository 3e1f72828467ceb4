// Owns the encodings of SSH keys: wire strings and mpints (RFC 4251, RFC 4253 6.6, RFC 8709), OpenSSH's private key file
// (openssh-portable PROTOCOL.key) and PuTTY's version 2. Pure.

import { createHash, createHmac, type JsonWebKey } from "node:crypto";
import { must } from "./assert.ts";

export const sshString = (value: Buffer | string): Buffer => {
  const bytes = typeof value === "string" ? Buffer.from(value) : value;
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
};

/** An unsigned number as mpint: no leading zeros but one where the high bit is set. */
export function sshMpint(value: Buffer): Buffer {
  let start = 0;
  while (start < value.length && value[start] === 0) start++;
  const trimmed = value.subarray(start);
  return sshString(trimmed.length > 0 && trimmed[0]! >= 0x80 ? Buffer.concat([Buffer.from([0]), trimmed]) : trimmed);
}

const field = (jwk: JsonWebKey, name: keyof JsonWebKey): Buffer => Buffer.from(must(jwk[name] as string | undefined, `the key has ${String(name)}`), "base64url");

export type KeyType = "rsa" | "ed25519";
export const algorithmOf = (type: KeyType): string => (type === "rsa" ? "ssh-rsa" : "ssh-ed25519");

/** The public key's blob, as it stands in base64 in an authorized_keys line. */
export function publicBlob(type: KeyType, jwk: JsonWebKey): Buffer {
  if (type === "rsa") return Buffer.concat([sshString("ssh-rsa"), sshMpint(field(jwk, "e")), sshMpint(field(jwk, "n"))]);
  return Buffer.concat([sshString("ssh-ed25519"), sshString(field(jwk, "x"))]);
}

export const publicLine = (type: KeyType, blob: Buffer, comment: string): string => `${algorithmOf(type)} ${blob.toString("base64")} ${comment}`;

const lines = (bytes: Buffer, width: number): string[] => bytes.toString("base64").match(new RegExp(`.{1,${width}}`, "g")) ?? [];

/** An ed25519 key as an unencrypted "OPENSSH PRIVATE KEY" file. @param check 4 random bytes */
export function opensshPrivateKey(jwk: JsonWebKey, check: Buffer, comment: string): string {
  const publicKey = field(jwk, "x");
  const body = Buffer.concat([
    check, check, sshString("ssh-ed25519"), sshString(publicKey), sshString(Buffer.concat([field(jwk, "d"), publicKey])), sshString(comment),
  ]);
  const padding = Buffer.from(Array.from({ length: (8 - (body.length % 8)) % 8 }, (_, i) => i + 1));
  const file = Buffer.concat([
    Buffer.from("openssh-key-v1\0"), sshString("none"), sshString("none"), sshString(""), Buffer.from([0, 0, 0, 1]),
    sshString(publicBlob("ed25519", jwk)), sshString(Buffer.concat([body, padding])),
  ]);
  return ["-----BEGIN OPENSSH PRIVATE KEY-----", ...lines(file, 70), "-----END OPENSSH PRIVATE KEY-----", ""].join("\n");
}

/** The key as an unencrypted PuTTY file (PuTTY manual, appendix C, version 2). */
export function puttyPrivateKey(type: KeyType, jwk: JsonWebKey, comment: string): string {
  const algorithm = algorithmOf(type);
  const publicPart = publicBlob(type, jwk);
  const privatePart = type === "rsa"
    ? Buffer.concat([sshMpint(field(jwk, "d")), sshMpint(field(jwk, "p")), sshMpint(field(jwk, "q")), sshMpint(field(jwk, "qi"))])
    : sshString(field(jwk, "d"));
  const signed = Buffer.concat([sshString(algorithm), sshString("none"), sshString(comment), sshString(publicPart), sshString(privatePart)]);
  const mac = createHmac("sha1", createHash("sha1").update("putty-private-key-file-mac-key").digest()).update(signed).digest("hex");
  const publicLines = lines(publicPart, 64);
  const privateLines = lines(privatePart, 64);
  return [
    `PuTTY-User-Key-File-2: ${algorithm}`, "Encryption: none", `Comment: ${comment}`, `Public-Lines: ${publicLines.length}`, ...publicLines,
    `Private-Lines: ${privateLines.length}`, ...privateLines, `Private-MAC: ${mac}`, "",
  ].join("\r\n");
}
