// Owns finding rules by their ids, in one group or in the whole region, and AWS's refusals of unknown ones.

import { isId } from "../../lib/ids.ts";
import type { SecurityGroup, SecurityGroupRule } from "../../model/records.ts";
import { Ec2Error } from "../../wire/error.ts";

export function checkRuleId(id: string): void {
  if (!isId("sgr", id)) throw new Ec2Error("InvalidSecurityGroupRuleId.Malformed", `Invalid id: "${id}" (expecting "sgr-...")`);
}

export const unknownRules = (ids: readonly string[]): Ec2Error => new Ec2Error("InvalidSecurityGroupRuleId.NotFound",
  ids.length === 1 ? `The security group rule ID '${ids[0]}' does not exist` : `The security group rule IDs '${ids.join(", ")}' do not exist`);

/** Rules of the group, by id. @param isEgress rules of the other direction are unknown; undefined: both are meant */
export function rulesById(group: SecurityGroup, ids: readonly string[], isEgress?: boolean): readonly SecurityGroupRule[] {
  ids.forEach(checkRuleId);
  const found = new Map(group.rules.filter((r) => isEgress === undefined || r.isEgress === isEgress).map((r) => [r.id, r]));
  const missing = ids.filter((id) => !found.has(id));
  if (missing.length > 0) throw unknownRules(missing);
  return [...new Set(ids)].map((id) => found.get(id)!);
}
