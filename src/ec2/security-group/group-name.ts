// Owns finding a group by its name, which EC2 allows in the default VPC, and the rules for names and descriptions.

import type { SecurityGroup } from "../../model/records.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import { Ec2Error } from "../../wire/error.ts";
import type { Context } from "../../wire/operation.ts";
import { find } from "../resource.ts";

export function groupNamed(snapshot: Snapshot, ctx: Context, name: string): SecurityGroup {
  const vpc = snapshot.list("vpc", ctx.region).find((v) => v.isDefault);
  if (!vpc) throw new Ec2Error("VPCIdNotSpecified", "No default VPC for this user");
  const group = snapshot.list("security-group", ctx.region).find((g) => g.vpcId === vpc.id && g.name === name);
  if (!group) throw new Ec2Error("InvalidGroup.NotFound", `The security group '${name}' does not exist in default VPC '${vpc.id}'`);
  return group;
}

/** The group that a call names by id or, in the default VPC, by name. */
export function findGroup(snapshot: Snapshot, ctx: Context, input: { readonly GroupId?: string | undefined; readonly GroupName?: string | undefined }): SecurityGroup {
  if (input.GroupId !== undefined) return find(snapshot, "security-group", input.GroupId, ctx.region);
  if (input.GroupName !== undefined) return groupNamed(snapshot, ctx, input.GroupName);
  throw new Ec2Error("MissingParameter", "The request must contain the parameter groupName or groupId");
}

const allowed = /^[a-zA-Z0-9 ._\-:/()#,@[\]+=&;{}!$*]*$/;

/** @param parameter GroupName or GroupDescription */
export function checkGroupText(text: string, parameter: string): void {
  if (text === "") throw new Ec2Error("MissingParameter", `The request must contain the parameter ${parameter}`);
  if (text.length > 255) throw new Ec2Error("InvalidParameterValue", `Value (${text}) for parameter ${parameter} is invalid. The value exceeds the maximum length of 255 characters.`);
  if (!allowed.test(text))
    throw new Ec2Error("InvalidParameterValue", `Value (${text}) for parameter ${parameter} is invalid. Valid characters are a-z, A-Z, 0-9, spaces, and ._-:/()#,@[]+=&;{}!$*`);
}

export function checkRuleDescription(text: string | undefined): string | undefined {
  if (text !== undefined && (text.length > 255 || !allowed.test(text)))
    throw new Ec2Error("InvalidParameterValue", "Invalid rule description. Valid descriptions are strings less than 256 characters from the following set:  a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*");
  return text === "" ? undefined : text;
}
