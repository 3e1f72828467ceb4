// Owns DeleteSecurityGroup (EC2 API reference): not the default one, and none that an interface or a rule of another of the VPC's
// groups refers to. Rules of a peer VPC's groups become stale.

import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { findGroup } from "./group-name.ts";

export const deleteSecurityGroup: Ec2Operation<"DeleteSecurityGroup"> = (input, ctx) => ctx.write((tx) => {
  const group = findGroup(tx, ctx, input);
  if (group.name === "default") throw new Ec2Error("CannotDelete", `the specified group: "${group.id}" name: "default" cannot be deleted by a user`);
  const used = tx.list("network-interface", ctx.region).some((eni) => eni.groupIds.includes(group.id))
    || tx.list("security-group", ctx.region).some((g) => g.id !== group.id && g.vpcId === group.vpcId && g.rules.some((r) => r.referencedGroupId === group.id));
  if (used) throw new Ec2Error("DependencyViolation", `resource ${group.id} has a dependent object`);
  tx.delete("security-group", group.id);
  return { Return: true, GroupId: group.id };
});
