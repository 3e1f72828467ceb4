// Owns CreateTags (EC2 API reference): adds tags, or gives others of the same key another value; on all of the resources or none.

import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { checkTags } from "../describe.ts";
import { findTagged, putTags } from "./tagged-resource.ts";

const MAX_RESOURCES = 1000;

export const createTags: Ec2Operation<"CreateTags"> = (input, ctx) => ctx.write((tx) => {
  const ids = [...new Set(input.Resources ?? [])];
  if (ids.length === 0) throw new Ec2Error("MissingParameter", "The request must contain the parameter resourceIdSet");
  if ((input.Tags ?? []).length === 0) throw new Ec2Error("MissingParameter", "The request must contain the parameter tagSet");
  if (ids.length > MAX_RESOURCES) throw new Ec2Error("InvalidParameterValue", `The maximum number of resources in a single request is ${MAX_RESOURCES}.`);
  const tags = checkTags(input.Tags);
  for (const id of ids) {
    const resource = findTagged(tx, ctx.region, id);
    const merged = { ...resource.tags, ...tags };
    if (Object.keys(merged).length > 50) throw new Ec2Error("TagLimitExceeded", "The maximum number of Tags for a resource has been reached.");
    putTags(tx, ctx.region, resource, merged);
  }
  return {};
});
