// Owns the fields that every record of IAM begins with.

import { newIamId } from "../lib/ids.ts";
import { IAM_REGION } from "../model/iam.ts";
import type { Base, Tags } from "../model/records.ts";
import type { Transaction } from "../model/snapshot.ts";
import type { Context } from "../wire/operation.ts";

/** @param prefix AROA, AIPA or ANPA */
export const newIamRecord = (tx: Transaction, ctx: Context, prefix: string, tags: Tags): Base => ({
  id: newIamId(prefix, ctx.randomHex), region: IAM_REGION, index: tx.nextIndex(), tags, createdAt: ctx.now().toISOString(),
});
