// Owns ImportKeyPair (EC2 API reference).

import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { tagList, tagsFor } from "../describe.ts";
import { ed25519Fingerprint, importedRsaFingerprint } from "./fingerprint.ts";
import { checkKeyName, putKeyPair } from "./key-pairs.ts";
import { readPublicKey } from "./read-public-key.ts";
import { publicLine } from "../../lib/ssh-encoding.ts";

export const importKeyPair: Ec2Operation<"ImportKeyPair"> = (input, ctx) => ctx.write((tx) => {
  const name = checkKeyName(tx, ctx, input.KeyName);
  if (input.PublicKeyMaterial === undefined) throw new Ec2Error("MissingParameter", "The request must contain the parameter PublicKeyMaterial");
  const { type, blob, spki } = readPublicKey(input.PublicKeyMaterial);
  const tags = tagsFor("key-pair", input.TagSpecifications);
  const fingerprint = type === "rsa" ? importedRsaFingerprint(spki) : ed25519Fingerprint(blob);
  const record = putKeyPair(tx, ctx, { name, keyType: type, fingerprint, publicKey: publicLine(type, blob, name), tags });
  return { KeyPairId: record.id, KeyName: name, KeyFingerprint: fingerprint, Tags: tagList(tags) };
});
