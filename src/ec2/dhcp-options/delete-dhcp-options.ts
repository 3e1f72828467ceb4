// Owns DeleteDhcpOptions (EC2 API reference).

import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { find } from "../resource.ts";

export const deleteDhcpOptions: Ec2Operation<"DeleteDhcpOptions"> = (input, ctx) => ctx.write((tx) => {
  const { id } = find(tx, "dhcp-options", input.DhcpOptionsId, ctx.region);
  if (tx.list("vpc", ctx.region).some((vpc) => vpc.dhcpOptionsId === id)) throw new Ec2Error("DependencyViolation", `The dhcpOptions '${id}' has dependencies and cannot be deleted.`);
  tx.delete("dhcp-options", id);
  return {};
});
