// Owns DetachRolePolicy (IAM API reference).

import type { IamOperation } from "../../wire/operation.ts";
import { noSuchEntity } from "../fault.ts";
import { checkPolicyArn } from "../policy/policies.ts";
import { roleNamed } from "./roles.ts";

export const detachRolePolicy: IamOperation<"DetachRolePolicy"> = (input, ctx) => {
  ctx.write((tx) => {
    const role = roleNamed(tx, input.RoleName);
    const arn = checkPolicyArn(input.PolicyArn);
    if (!role.attachedPolicyArns.includes(arn)) throw noSuchEntity(`Policy ${arn} was not found.`);
    tx.put("iam-role", { ...role, attachedPolicyArns: role.attachedPolicyArns.filter((a) => a !== arn) });
  });
  return {};
};
