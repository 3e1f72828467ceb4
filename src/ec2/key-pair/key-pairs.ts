// Owns what the key pair operations share: names, look-up by name or id, the record's making.

import type { KeyPair } from "../../model/records.ts";
import type { Snapshot, Transaction } from "../../model/snapshot.ts";
import { Ec2Error } from "../../wire/error.ts";
import type { Context } from "../../wire/operation.ts";

export function checkKeyName(snapshot: Snapshot, ctx: Context, name: string | undefined): string {
  if (name === undefined || name === "") throw new Ec2Error("MissingParameter", "The request must contain the parameter KeyName");
  if (name.length > 255) throw new Ec2Error("InvalidParameterValue", "Value for parameter KeyName is invalid. Length exceeds maximum of 255.");
  if (!/^[\x20-\x7e]+$/.test(name)) throw new Ec2Error("InvalidParameterValue", "Value for parameter KeyName is invalid. Character sets beyond ASCII are not supported.");
  if (keyPairNamed(snapshot, ctx.region, name)) throw new Ec2Error("InvalidKeyPair.Duplicate", `The keypair '${name}' already exists.`);
  return name;
}

export const keyPairNamed = (snapshot: Snapshot, region: string, name: string): KeyPair | undefined => snapshot.list("key-pair", region).find((k) => k.name === name);

export function putKeyPair(tx: Transaction, ctx: Context, fields: Pick<KeyPair, "name" | "keyType" | "fingerprint" | "publicKey" | "tags">): KeyPair {
  if (tx.list("key-pair", ctx.region).length >= ctx.quota("key-pairs-per-region")) throw new Ec2Error("KeyPairLimitExceeded", "The maximum number of key pairs has been reached.");
  const record: KeyPair = { id: ctx.newId("key"), region: ctx.region, index: tx.nextIndex(), createdAt: ctx.now().toISOString(), ...fields };
  tx.put("key-pair", record);
  return record;
}
