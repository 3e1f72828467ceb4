// Owns DeleteSubnet (EC2 API reference): its associations with a route table and a network ACL, its
// reservations and its flow logs go with it.

import { forgetFlowLogs } from "../../model/lifecycle.ts";
import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { find } from "../resource.ts";

export const deleteSubnet: Ec2Operation<"DeleteSubnet"> = (input, ctx) => ctx.write((tx) => {
  const { id } = find(tx, "subnet", input.SubnetId, ctx.region);
  if (tx.list("network-interface", ctx.region).some((eni) => eni.subnetId === id))
    throw new Ec2Error("DependencyViolation", `The subnet '${id}' has dependencies and cannot be deleted.`);
  for (const table of tx.list("route-table", ctx.region))
    if (table.associations.some((a) => a.subnetId === id)) tx.put("route-table", { ...table, associations: table.associations.filter((a) => a.subnetId !== id) });
  for (const acl of tx.list("network-acl", ctx.region))
    if (acl.associations.some((a) => a.subnetId === id)) tx.put("network-acl", { ...acl, associations: acl.associations.filter((a) => a.subnetId !== id) });
  for (const reservation of tx.list("subnet-cidr-reservation", ctx.region)) if (reservation.subnetId === id) tx.delete("subnet-cidr-reservation", reservation.id);
  forgetFlowLogs(tx, id);
  tx.delete("subnet", id);
  return {};
});
