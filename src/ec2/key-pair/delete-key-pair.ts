// Owns DeleteKeyPair (EC2 API reference): one that does not exist is no error. Instances keep the key they booted with.

import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { keyPairNamed } from "./key-pairs.ts";

export const deleteKeyPair: Ec2Operation<"DeleteKeyPair"> = (input, ctx) => ctx.write((tx) => {
  if (input.KeyName === undefined && input.KeyPairId === undefined) throw new Ec2Error("MissingParameter", "The request must contain the parameter KeyName or KeyPairId");
  if (input.KeyName !== undefined && input.KeyPairId !== undefined) throw new Ec2Error("InvalidParameterCombination", "The parameters KeyName and KeyPairId cannot be used together.");
  const found = input.KeyName === undefined ? tx.get("key-pair", input.KeyPairId!) : keyPairNamed(tx, ctx.region, input.KeyName);
  if (found?.region !== ctx.region) return { Return: true };
  tx.delete("key-pair", found.id);
  return { Return: true, KeyPairId: found.id };
});
