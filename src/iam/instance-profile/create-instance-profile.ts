// Owns CreateInstanceProfile (IAM API reference).

import type { IamInstanceProfile } from "../../model/records.ts";
import type { IamOperation } from "../../wire/operation.ts";
import { alreadyExists, limitExceeded } from "../fault.ts";
import { checkName, checkPath, sameName } from "../names.ts";
import { newIamRecord } from "../new-record.ts";
import { readTags } from "../tags.ts";
import { wholeProfileView } from "./instance-profiles.ts";

export const createInstanceProfile: IamOperation<"CreateInstanceProfile"> = (input, ctx) => ctx.write((tx) => {
  const name = checkName(input.InstanceProfileName, "instanceProfileName", 128);
  const path = checkPath(input.Path);
  const tags = readTags(input.Tags);
  const profiles = tx.list("iam-instance-profile");
  if (profiles.some((p) => sameName(p.name, name))) throw alreadyExists(`Instance Profile ${name} already exists.`);
  const quota = ctx.quota("iam-instance-profiles");
  if (profiles.length >= quota) throw limitExceeded(`Cannot exceed quota for InstanceProfilesPerAccount: ${quota}`);
  const profile: IamInstanceProfile = { ...newIamRecord(tx, ctx, "AIPA", tags), name, path };
  tx.put("iam-instance-profile", profile);
  return { InstanceProfile: wholeProfileView(tx, ctx, profile) };
});
