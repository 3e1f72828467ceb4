// Owns DescribeKeyPairs (EC2 API reference). Not paged by AWS.

import type { KeyPair } from "../../model/records.ts";
import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { applyFilters, tagList, type FilterTable } from "../describe.ts";

const filters: FilterTable<KeyPair> = {
  "key-pair-id": (k) => k.id,
  "fingerprint": (k) => k.fingerprint,
  "key-name": (k) => k.name,
};

export const describeKeyPairs: Ec2Operation<"DescribeKeyPairs"> = (input, ctx) => {
  const all = ctx.snapshot().list("key-pair", ctx.region);
  const names = input.KeyNames ?? [];
  const ids = input.KeyPairIds ?? [];
  const unknownName = names.find((name) => !all.some((k) => k.name === name));
  if (unknownName !== undefined) throw new Ec2Error("InvalidKeyPair.NotFound", `The key pair '${unknownName}' does not exist`);
  const unknownId = ids.find((id) => !all.some((k) => k.id === id));
  if (unknownId !== undefined) throw new Ec2Error("InvalidKeyPair.NotFound", `The key pair '${unknownId}' does not exist`);
  const named = all.filter((k) => (names.length === 0 && ids.length === 0) || names.includes(k.name) || ids.includes(k.id));
  const found = applyFilters(named, input.Filters, filters);
  return {
    KeyPairs: found.map((k) => ({
      KeyPairId: k.id, KeyName: k.name, KeyType: k.keyType, KeyFingerprint: k.fingerprint, CreateTime: new Date(k.createdAt), Tags: tagList(k.tags),
      PublicKey: input.IncludePublicKey ? k.publicKey : undefined,
    })),
  };
};
