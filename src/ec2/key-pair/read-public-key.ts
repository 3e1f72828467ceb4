// Owns reading the public keys that ImportKeyPair takes: OpenSSH's line, SSH2's file (RFC 4716), PEM, and DER in base64.

import { createPublicKey, type JsonWebKey, type KeyObject } from "node:crypto";
import { Ec2Error } from "../../wire/error.ts";
import { publicBlob, type KeyType } from "../../lib/ssh-encoding.ts";

export interface PublicKey { readonly type: KeyType; readonly blob: Buffer; readonly spki: Buffer }

const badFormat = (): Ec2Error => new Ec2Error("InvalidKey.Format", "Key is not in valid OpenSSH public key format");

/** @param material the decoded parameter: text of one of the forms */
export function readPublicKey(material: Uint8Array): PublicKey {
  const text = Buffer.from(material).toString("utf8").trim();
  if (text === "") throw new Ec2Error("MissingParameter", "The request must contain the parameter PublicKeyMaterial");
  const key = keyObject(text);
  const type = key.asymmetricKeyType;
  if (type !== "rsa" && type !== "ed25519") throw badFormat();
  const bits = key.asymmetricKeyDetails?.modulusLength;
  if (type === "rsa" && bits !== undefined && ![1024, 2048, 4096].includes(bits)) throw new Ec2Error("InvalidKey.Format", "Invalid RSA key length: supported lengths are 1024, 2048 and 4096.");
  return { type, blob: publicBlob(type, key.export({ format: "jwk" })), spki: key.export({ type: "spki", format: "der" }) };
}

function keyObject(text: string): KeyObject {
  try {
    if (text.startsWith("-----BEGIN") && /PUBLIC KEY-----/.test(text)) return createPublicKey(text);
    const line = /^(ssh-rsa|ssh-ed25519)\s+([A-Za-z0-9+/]+=*)(\s|$)/.exec(text);
    if (line) return fromBlob(Buffer.from(line[2]!, "base64"));
    const ssh2 = /^---- BEGIN SSH2 PUBLIC KEY ----\r?\n([\s\S]*?)\r?\n---- END SSH2 PUBLIC KEY ----$/.exec(text);
    if (ssh2) return fromBlob(Buffer.from(ssh2[1]!.split(/\r?\n/).filter((l) => !l.includes(":")).join(""), "base64"));
    if (!/^[A-Za-z0-9+/\s]+=*$/.test(text)) throw badFormat();
    return createPublicKey({ key: Buffer.from(text, "base64"), format: "der", type: "spki" });
  } catch {
    throw badFormat();
  }
}

function fromBlob(blob: Buffer): KeyObject {
  const parts: Buffer[] = [];
  for (let at = 0; at < blob.length;) {
    const length = blob.readUInt32BE(at);
    if (at + 4 + length > blob.length) throw badFormat();
    parts.push(blob.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  const url = (bytes: Buffer | undefined): string => {
    if (!bytes) throw badFormat();
    return bytes.toString("base64url");
  };
  const jwk: JsonWebKey = parts[0]?.toString() === "ssh-rsa"
    ? { kty: "RSA", e: url(parts[1]), n: url(parts[2]![0] === 0 ? parts[2]!.subarray(1) : parts[2]) }
    : { kty: "OKP", crv: "Ed25519", x: url(parts[1]) };
  return createPublicKey({ key: jwk, format: "jwk" });
}
