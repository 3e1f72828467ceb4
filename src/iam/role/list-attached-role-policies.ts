// Owns ListAttachedRolePolicies (IAM API reference).

import type { IamOperation } from "../../wire/operation.ts";
import { checkPathPrefix } from "../names.ts";
import { pageOf } from "../paging.ts";
import { namePartOf, pathPartOf } from "../policy/policies.ts";
import { roleNamed } from "./roles.ts";

export const listAttachedRolePolicies: IamOperation<"ListAttachedRolePolicies"> = (input, ctx) => {
  const prefix = checkPathPrefix(input.PathPrefix);
  const arns = roleNamed(ctx.snapshot(), input.RoleName).attachedPolicyArns.filter((arn) => pathPartOf(arn).startsWith(prefix));
  const page = pageOf(arns, namePartOf, input);
  return { AttachedPolicies: page.items.map((PolicyArn) => ({ PolicyName: namePartOf(PolicyArn), PolicyArn })), IsTruncated: page.IsTruncated, Marker: page.Marker };
};
