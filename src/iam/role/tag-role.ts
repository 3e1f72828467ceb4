// Owns TagRole (IAM API reference).

import type { IamOperation } from "../../wire/operation.ts";
import { mergeTags } from "../tags.ts";
import { roleNamed } from "./roles.ts";

export const tagRole: IamOperation<"TagRole"> = (input, ctx) => {
  ctx.write((tx) => {
    const role = roleNamed(tx, input.RoleName);
    tx.put("iam-role", { ...role, tags: mergeTags(role.tags, input.Tags) });
  });
  return {};
};
