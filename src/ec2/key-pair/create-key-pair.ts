// Owns CreateKeyPair (EC2 API reference): RSA of 2048 bits or ED25519; the private key is answered once and kept nowhere.

import { generateKeyPair, type JsonWebKey } from "node:crypto";
import { promisify } from "node:util";
import type { Ec2Operation } from "../../wire/operation.ts";
import { tagList, tagsFor } from "../describe.ts";
import { oneOf } from "../instance/metadata-options.ts";
import { createdRsaFingerprint, ed25519Fingerprint } from "./fingerprint.ts";
import { checkKeyName, putKeyPair } from "./key-pairs.ts";
import { opensshPrivateKey, publicBlob, publicLine, puttyPrivateKey, type KeyType } from "../../lib/ssh-encoding.ts";

const generate = promisify(generateKeyPair);

export const createKeyPair: Ec2Operation<"CreateKeyPair"> = async (input, ctx) => {
  const name = checkKeyName(ctx.snapshot(), ctx, input.KeyName);
  const keyType = oneOf("keyType", input.KeyType, ["rsa", "ed25519"] as const) ?? "rsa";
  const format = oneOf("keyFormat", input.KeyFormat, ["pem", "ppk"] as const) ?? "pem";
  const tags = tagsFor("key-pair", input.TagSpecifications);
  const made = await makeKey(keyType);
  const blob = publicBlob(keyType, made.jwk);
  const fingerprint = keyType === "rsa" ? createdRsaFingerprint(made.pkcs8) : ed25519Fingerprint(blob);
  return ctx.write((tx) => {
    checkKeyName(tx, ctx, name); // somebody may have been quicker
    const record = putKeyPair(tx, ctx, { name, keyType, fingerprint, publicKey: publicLine(keyType, blob, name), tags });
    const material = format === "ppk" ? puttyPrivateKey(keyType, made.jwk, name) : made.pem ?? opensshPrivateKey(made.jwk, Buffer.from(ctx.randomHex(8), "hex"), name);
    return { KeyPairId: record.id, KeyName: name, KeyFingerprint: fingerprint, KeyMaterial: material, Tags: tagList(tags) };
  });
};

interface MadeKey { readonly jwk: JsonWebKey; readonly pkcs8: Buffer; readonly pem: string | undefined }

/** RSA also as PKCS #1 in PEM, as EC2 gives it, without a line's end after the last line. */
async function makeKey(type: KeyType): Promise<MadeKey> {
  const { privateKey: key } = type === "rsa" ? await generate("rsa", { modulusLength: 2048 }) : await generate("ed25519");
  const pem = type === "rsa" ? key.export({ type: "pkcs1", format: "pem" }).toString().trimEnd() : undefined;
  return { jwk: key.export({ format: "jwk" }), pkcs8: key.export({ type: "pkcs8", format: "der" }), pem };
}
