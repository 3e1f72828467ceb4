// Owns ReplaceNetworkAclEntry (EC2 API reference): the whole entry becomes another, under its number.

import type { Ec2Operation } from "../../wire/operation.ts";
import { find } from "../resource.ts";
import { isSameRule, readEntry, unknownEntry } from "./entries.ts";

export const replaceNetworkAclEntry: Ec2Operation<"ReplaceNetworkAclEntry"> = (input, ctx) => ctx.write((tx) => {
  const entry = readEntry(input);
  const acl = find(tx, "network-acl", input.NetworkAclId, ctx.region);
  const before = acl.entries.find(isSameRule(entry.ruleNumber, entry.egress));
  if (!before) throw unknownEntry(entry.ruleNumber);
  tx.put("network-acl", { ...acl, entries: acl.entries.map((e) => (e === before ? entry : e)) });
  return {};
});
