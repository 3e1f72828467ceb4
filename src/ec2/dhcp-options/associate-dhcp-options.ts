// Owns AssociateDhcpOptions (EC2 API reference); "default" stands for no options. Instances take them up when they next boot.

import type { Ec2Operation } from "../../wire/operation.ts";
import { find } from "../resource.ts";

export const associateDhcpOptions: Ec2Operation<"AssociateDhcpOptions"> = (input, ctx) => ctx.write((tx) => {
  const dhcpOptionsId = input.DhcpOptionsId === "default" ? "default" : find(tx, "dhcp-options", input.DhcpOptionsId, ctx.region).id;
  tx.put("vpc", { ...find(tx, "vpc", input.VpcId, ctx.region), dhcpOptionsId });
  return {};
});
