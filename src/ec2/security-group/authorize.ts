// Owns adding rules to a group, for both directions (EC2 API reference, AuthorizeSecurityGroupIngress): all of a call or none.

import type * as ec2 from "@aws-sdk/client-ec2";
import type { SecurityGroup, SecurityGroupRule } from "../../model/records.ts";
import type { Snapshot, Transaction } from "../../model/snapshot.ts";
import { Ec2Error } from "../../wire/error.ts";
import type { Context } from "../../wire/operation.ts";
import { tagsFor } from "../describe.ts";
import { countRules } from "../managed-prefix-list/room.ts";
import { findGroup } from "./group-name.ts";
import { readPermissions, ruleKey, type PermissionInput, type RuleText } from "./read-permissions.ts";
import { ruleView } from "./view.ts";

type AuthorizeInput = PermissionInput & { readonly GroupId?: string | undefined; readonly GroupName?: string | undefined; readonly TagSpecifications?: readonly ec2.TagSpecification[] | undefined };

export function authorize(tx: Transaction, ctx: Context, isEgress: boolean, input: AuthorizeInput): { Return: boolean; SecurityGroupRules: ec2.SecurityGroupRule[] } {
  const tags = tagsFor("security-group-rule", input.TagSpecifications);
  const group = findGroup(tx, ctx, input);
  const texts = readPermissions(tx, ctx, group, isEgress, input);
  const known = new Set(group.rules.map(ruleKey));
  const duplicate = texts.find((text) => known.has(ruleKey(text)));
  if (duplicate) throw new Ec2Error("InvalidPermission.Duplicate", `the specified rule "${ruleInWords(duplicate)}" already exists`);
  const added: SecurityGroupRule[] = texts.map((text) => ({ ...text, id: ctx.newId("sgr"), tags }));
  const rules = [...group.rules, ...added];
  checkQuota(tx, ctx, rules.filter((r) => r.isEgress === isEgress));
  const changed: SecurityGroup = { ...group, rules };
  tx.put("security-group", changed);
  return { Return: true, SecurityGroupRules: added.map((rule) => ruleView(tx, ctx, changed, rule)) };
}

export function checkQuota(snapshot: Snapshot, ctx: Context, oneDirection: readonly SecurityGroupRule[]): void {
  if (countRules(snapshot, oneDirection) > ctx.quota("rules-per-security-group")) throw new Ec2Error("RulesPerSecurityGroupLimitExceeded", "The maximum number of rules per security group has been reached.");
}

/** As AWS writes a rule in a refusal. */
export function ruleInWords(rule: RuleText): string {
  const peer = rule.cidrIpv4 ?? rule.cidrIpv6 ?? rule.referencedGroupId ?? rule.prefixListId ?? "";
  return `peer: ${peer}, ${protocolInWords(rule)}, ALLOW`;
}

function protocolInWords({ protocol, fromPort, toPort }: RuleText): string {
  const any = (n: number): string => (n === -1 ? "ALL" : String(n));
  switch (protocol) {
    case "-1": return "ALL";
    case "tcp": case "udp": return `${protocol.toUpperCase()}, from port: ${fromPort}, to port: ${toPort}`;
    case "icmp": case "icmpv6": return `${protocol === "icmp" ? "ICMP" : "ICMPv6"}, type: ${any(fromPort)}, code: ${any(toPort)}`;
    default: return `protocol: ${protocol}`;
  }
}
