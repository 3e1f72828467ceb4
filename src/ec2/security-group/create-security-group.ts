// Owns CreateSecurityGroup (EC2 API reference). A new group lets everything out.

import type { SecurityGroup } from "../../model/records.ts";
import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { tagList, tagsFor } from "../describe.ts";
import { makerOf, newRecord } from "../new-record.ts";
import { find } from "../resource.ts";
import { allOutbound } from "../vpc/new-vpc.ts";
import { checkGroupText } from "./group-name.ts";
import { groupArn } from "./view.ts";

export const createSecurityGroup: Ec2Operation<"CreateSecurityGroup"> = (input, ctx) => ctx.write((tx) => {
  const name = (input.GroupName ?? "").trim();
  const description = input.Description ?? "";
  checkGroupText(description, "GroupDescription");
  checkGroupText(name, "GroupName");
  if (/^sg-/i.test(name)) throw new Ec2Error("InvalidParameterValue", `Value (${name}) for parameter GroupName is invalid. Group names may not be in the format sg-*.`);
  if (name.toLowerCase() === "default") throw new Ec2Error("InvalidParameterValue", `Cannot use reserved security group name: ${name}`);
  const tags = tagsFor("security-group", input.TagSpecifications);
  const vpc = input.VpcId === undefined ? tx.list("vpc", ctx.region).find((v) => v.isDefault) : find(tx, "vpc", input.VpcId, ctx.region);
  if (!vpc) throw new Ec2Error("VPCIdNotSpecified", "No default VPC for this user");
  const groups = tx.list("security-group", ctx.region);
  if (groups.some((g) => g.vpcId === vpc.id && g.name === name)) throw new Ec2Error("InvalidGroup.Duplicate", `The security group '${name}' already exists for VPC '${vpc.id}'`);
  if (groups.length >= ctx.quota("security-groups-per-region")) throw new Ec2Error("SecurityGroupLimitExceeded", "The maximum number of security groups has been reached.");
  const maker = makerOf(ctx);
  const group: SecurityGroup = { ...newRecord(tx, maker, "sg", tags), vpcId: vpc.id, name, description, rules: [allOutbound(maker)] };
  tx.put("security-group", group);
  return { GroupId: group.id, Tags: tagList(tags), SecurityGroupArn: groupArn(ctx, group) };
});
