// Owns CreateNetworkAclEntry (EC2 API reference): one rule number a direction.

import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { find } from "../resource.ts";
import { FINAL_RULE, inOrder, isSameRule, readEntry } from "./entries.ts";

export const createNetworkAclEntry: Ec2Operation<"CreateNetworkAclEntry"> = (input, ctx) => ctx.write((tx) => {
  const entry = readEntry(input);
  const acl = find(tx, "network-acl", input.NetworkAclId, ctx.region);
  if (acl.entries.some(isSameRule(entry.ruleNumber, entry.egress)))
    throw new Ec2Error("NetworkAclEntryAlreadyExists", `The network acl entry identified by ${entry.ruleNumber} already exists.`);
  if (acl.entries.filter((e) => e.egress === entry.egress && e.ruleNumber !== FINAL_RULE).length >= ctx.quota("rules-per-network-acl"))
    throw new Ec2Error("NetworkAclEntryLimitExceeded", "The maximum number of network acl entries has been reached.");
  tx.put("network-acl", { ...acl, entries: inOrder([...acl.entries, entry]) });
  return {};
});
