// Owns DeleteNetworkAclEntry (EC2 API reference).

import type { Ec2Operation } from "../../wire/operation.ts";
import { find } from "../resource.ts";
import { isSameRule, readRuleNumber, unknownEntry } from "./entries.ts";

export const deleteNetworkAclEntry: Ec2Operation<"DeleteNetworkAclEntry"> = (input, ctx) => ctx.write((tx) => {
  const ruleNumber = readRuleNumber(input.RuleNumber!);
  const acl = find(tx, "network-acl", input.NetworkAclId, ctx.region);
  const entry = acl.entries.find(isSameRule(ruleNumber, input.Egress!));
  if (!entry) throw unknownEntry(ruleNumber);
  tx.put("network-acl", { ...acl, entries: acl.entries.filter((e) => e !== entry) });
  return {};
});
