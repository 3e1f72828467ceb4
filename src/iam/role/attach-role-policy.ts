// Owns AttachRolePolicy (IAM API reference): a managed policy of the account, or any of AWS's own by its ARN. A repeat is no error.

import { isAwsManagedArn } from "../../model/iam.ts";
import type { IamOperation } from "../../wire/operation.ts";
import { limitExceeded, noSuchEntity } from "../fault.ts";
import { checkPolicyArn, findPolicy } from "../policy/policies.ts";
import { roleNamed } from "./roles.ts";

export const attachRolePolicy: IamOperation<"AttachRolePolicy"> = (input, ctx) => {
  ctx.write((tx) => {
    const role = roleNamed(tx, input.RoleName);
    const arn = checkPolicyArn(input.PolicyArn);
    if (!isAwsManagedArn(arn) && !findPolicy(tx, ctx, arn)) throw noSuchEntity(`Policy ${arn} does not exist or is not attachable.`);
    if (role.attachedPolicyArns.includes(arn)) return;
    const quota = ctx.quota("policies-per-role");
    if (role.attachedPolicyArns.length >= quota) throw limitExceeded(`Cannot exceed quota for PoliciesPerRole: ${quota}`);
    tx.put("iam-role", { ...role, attachedPolicyArns: [...role.attachedPolicyArns, arn] });
  });
  return {};
};
