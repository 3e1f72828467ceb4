// Owns UntagRole (IAM API reference): keys that are not there are no error.

import type { IamOperation } from "../../wire/operation.ts";
import { withoutTags } from "../tags.ts";
import { roleNamed } from "./roles.ts";

export const untagRole: IamOperation<"UntagRole"> = (input, ctx) => {
  ctx.write((tx) => {
    const role = roleNamed(tx, input.RoleName);
    tx.put("iam-role", { ...role, tags: withoutTags(role.tags, input.TagKeys) });
  });
  return {};
};
