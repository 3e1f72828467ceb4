// Owns GetRolePolicy (IAM API reference).

import type { IamOperation } from "../../wire/operation.ts";
import { encodePolicy } from "../policy-document.ts";
import { inlinePolicy } from "./inline-policy.ts";
import { roleNamed } from "./roles.ts";

export const getRolePolicy: IamOperation<"GetRolePolicy"> = (input, ctx) => {
  const role = roleNamed(ctx.snapshot(), input.RoleName);
  const { name, document } = inlinePolicy(role, input.PolicyName);
  return { RoleName: role.name, PolicyName: name, PolicyDocument: encodePolicy(document) };
};
