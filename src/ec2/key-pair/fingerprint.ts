// Owns a key pair's fingerprint as EC2 computes it (EC2 user guide, "Verify the fingerprint of your key pair"): RSA made by EC2,
// SHA-1 of the private key's PKCS #8; RSA imported, MD5 of the public key's DER; ED25519, SHA-256 of the SSH blob in base64.

import { createHash } from "node:crypto";

const colons = (digest: Buffer): string => digest.toString("hex").match(/../g)!.join(":");

export const createdRsaFingerprint = (pkcs8: Buffer): string => colons(createHash("sha1").update(pkcs8).digest());
export const importedRsaFingerprint = (spki: Buffer): string => colons(createHash("md5").update(spki).digest());
export const ed25519Fingerprint = (blob: Buffer): string => createHash("sha256").update(blob).digest("base64");
