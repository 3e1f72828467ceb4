// Owns DeleteSecurityGroup (EC2 API reference): not the default one, and none that an interface or another group's rule refers to.

import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { findGroup } from "./group-name.ts";

export const deleteSecurityGroup: Ec2Operation<"DeleteSecurityGroup"> = (input, ctx) => ctx.write((tx) => {
  const group = findGroup(tx, ctx, input);
  if (group.name === "default") throw new Ec2Error("CannotDelete", `the specified group: "${group.id}" name: "default" cannot be deleted by a user`);
  const used = tx.list("network-interface", ctx.region).some((eni) => eni.groupIds.includes(group.id))
    || tx.list("security-group", ctx.region).some((g) => g.id !== group.id && g.rules.some((r) => r.referencedGroupId === group.id));
  if (used) throw new Ec2Error("DependencyViolation", `resource ${group.id} has a dependent object`);
  tx.delete("security-group", group.id);
  return { Return: true, GroupId: group.id };
});
