// Owns DeleteTags (EC2 API reference): a tag that is named with a value goes only if it has that value; without tags all go.

import type * as ec2 from "@aws-sdk/client-ec2";
import type { Tags } from "../../model/records.ts";
import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { findTagged, putTags } from "./tagged-resource.ts";

export const deleteTags: Ec2Operation<"DeleteTags"> = (input, ctx) => ctx.write((tx) => {
  const ids = [...new Set(input.Resources ?? [])];
  if (ids.length === 0) throw new Ec2Error("MissingParameter", "The request must contain the parameter resourceIdSet");
  for (const { Key } of input.Tags ?? []) if (Key === undefined || Key === "") throw new Ec2Error("InvalidParameterValue", "Tag keys must not be null or empty");
  for (const id of ids) {
    const resource = findTagged(tx, ctx.region, id);
    putTags(tx, ctx.region, resource, without(resource.tags, input.Tags ?? []));
  }
  return {};
});

const without = (tags: Tags, unwanted: readonly ec2.Tag[]): Tags => (unwanted.length === 0
  ? {}
  : Object.fromEntries(Object.entries(tags).filter(([key, value]) => !unwanted.some((u) => u.Key === key && (u.Value === undefined || u.Value === value)))));
