// Owns AWS's default quotas under the names of `vpcbox up --quota NAME=VALUE` (Amazon VPC user guide, "Quotas"; EC2 user guide,
// "Service quotas"). On-demand vCPUs are what AWS grants an account in use: new ones begin with 5 and are raised by themselves.

import { must } from "../lib/assert.ts";

export const defaultQuotas: Readonly<Record<string, number>> = {
  "vpcs-per-region": 5,
  "subnets-per-vpc": 200,
  "cidr-blocks-per-vpc": 5,
  "internet-gateways-per-region": 5,
  "nat-gateways-per-zone": 5,
  "elastic-ips-per-nat-gateway": 2,
  "private-ips-per-nat-gateway": 8,
  "route-tables-per-vpc": 200,
  "routes-per-route-table": 500,
  "network-acls-per-vpc": 200,
  "rules-per-network-acl": 20,
  "peerings-per-vpc": 50,
  "outstanding-peering-requests-per-vpc": 25,
  "prefix-lists-per-region": 100,
  "security-groups-per-region": 2500,
  "security-groups-per-interface": 5,
  "rules-per-security-group": 60,
  "elastic-ips-per-region": 5,
  "network-interfaces-per-region": 5000,
  "key-pairs-per-region": 5000,
  "vcpus-per-region": 32,
  "flow-logs-per-resource": 2,
  "network-insights-paths": 1000, // Reachability Analyzer guide, "Quotas"
  "network-insights-analyses": 10_000,
  "concurrent-network-insights-analyses": 100,
  "network-insights-access-scopes": 1000,
  "network-insights-access-scope-analyses": 10_000,
  "iam-roles": 1000,
  "iam-instance-profiles": 1000,
  "iam-policies": 1500,
  "policies-per-role": 10,
};

/** Beyond these AWS raises none, or the datapath holds no more: "unlimited" is as many. */
const most: Readonly<Record<string, number>> = {
  "security-groups-per-interface": 16,
  "rules-per-security-group": 1000,
  "rules-per-network-acl": 1000,
  "elastic-ips-per-nat-gateway": 8,
  "private-ips-per-nat-gateway": 8,
};
const MOST_RULES_PER_INTERFACE = 1000; // groups of an interface times rules of a group

/** What `vpcbox up --quota` was given. @throws when a name is none: a limit that limits nothing would go unseen; when a number is more than can be. */
export function checkQuotas(set: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(set)) {
    if (name !== "all" && !Object.hasOwn(defaultQuotas, name)) throw new Error(`there is no quota ${name}; there are all, ${Object.keys(defaultQuotas).sort().join(", ")}`);
    if (Number.isFinite(value) && value > (most[name] ?? Infinity)) throw new Error(`the quota ${name} is ${most[name]} at most, not ${value}`);
  }
  const { "security-groups-per-interface": groups, "rules-per-security-group": rules } = { ...defaultQuotas, ...set };
  if (Number.isFinite(groups! * rules!) && groups! * rules! > MOST_RULES_PER_INTERFACE)
    throw new Error(`security-groups-per-interface times rules-per-security-group is ${MOST_RULES_PER_INTERFACE} at most, not ${groups} x ${rules}: lower one of them`);
}

/** @param set what the box was started with; "all" stands for every quota that is not named */
export function quotaOf(set: Readonly<Record<string, number>>, name: string): number {
  const standard = must(Object.hasOwn(defaultQuotas, name) ? defaultQuotas[name] : undefined, `${name} is a quota`);
  return Math.min(Object.hasOwn(set, name) ? set[name]! : Object.hasOwn(set, "all") ? set.all! : standard, most[name] ?? Infinity);
}
