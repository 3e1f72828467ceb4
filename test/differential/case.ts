// Owns a case: a drawn network, what is edited and how much time goes by, and the packets in between. Cases that once failed are
// files under cases/, replayed first.

import fc from "fast-check";
import { readFileSync, readdirSync } from "node:fs";
import { networkSpec, type NetworkSpec, type VpcSpec } from "./network-spec.ts";
import { packetSpec, type PacketSpec } from "./packet-spec.ts";

export interface Edit { readonly kind: "revoke" | "check" | "gateway" | "dns" | "acl" | "stop" | "swap-table" | "regroup"; readonly vpc: number; readonly n: number }
export interface Phase { readonly edits: readonly Edit[]; readonly ageSeconds: number; readonly packets: readonly PacketSpec[] }
export interface Case { readonly network: NetworkSpec; readonly phases: readonly Phase[] }

const edit: fc.Arbitrary<Edit> = fc.record({ kind: fc.constantFrom("revoke" as const, "revoke" as const, "check" as const, "gateway" as const, "dns" as const, "acl" as const, "stop" as const, "swap-table" as const, "regroup" as const), vpc: fc.nat(2), n: fc.nat(7) });
/** On either side of every timeout there is. */
const age = fc.constantFrom(0, 0, 2, 9, 11, 29, 31, 49, 51, 59, 61, 69, 71, 119, 121, 179, 181, 599, 601, 431_990, 432_001);
export const caseOf = (packets: number): fc.Arbitrary<Case> => fc.record({
  network: networkSpec,
  phases: fc.array(fc.record({ edits: fc.array(edit, { maxLength: 3 }), ageSeconds: age, packets: fc.array(packetSpec, { minLength: Math.ceil(packets / 6), maxLength: Math.ceil(packets / 3), size: "max" }) }), { minLength: 1, maxLength: 3, size: "max" })
    .map((phases) => phases.map((phase, i) => (i === 0 ? { ...phase, edits: [], ageSeconds: 0 } : phase))),
});

/** The network after an edit. */
export function edited(network: NetworkSpec, { kind, vpc: v, n }: Edit): NetworkSpec {
  const at = v % network.vpcs.length;
  return { ...network, vpcs: network.vpcs.map((vpc, i) => (i === at ? editVpc(vpc, kind, n) : vpc)) };
}

function editVpc(vpc: VpcSpec, kind: Edit["kind"], n: number): VpcSpec {
  const each = <T>(list: readonly T[], change: (item: T) => T): T[] => list.map((item, i) => (i === n % list.length ? change(item) : item));
  switch (kind) {
    case "revoke": return { ...vpc, groups: each(vpc.groups, (rules) => rules.slice(0, Math.floor(rules.length / 2))) };
    case "check": return { ...vpc, interfaces: each(vpc.interfaces, (eni) => ({ ...eni, check: !eni.check })) };
    case "gateway": return { ...vpc, gateway: !vpc.gateway };
    case "dns": return { ...vpc, dns: !vpc.dns };
    case "acl": return { ...vpc, subnets: each(vpc.subnets, (subnet) => ({ ...subnet, acl: subnet.acl === undefined ? n : undefined })) };
    case "stop": return { ...vpc, interfaces: each(vpc.interfaces, (eni) => (eni.state === "detached" ? eni : { ...eni, state: eni.state === "stopped" ? "running" : "stopped" })) };
    case "swap-table": return { ...vpc, subnets: each(vpc.subnets, (subnet) => ({ ...subnet, table: n })) };
    case "regroup": return { ...vpc, interfaces: each(vpc.interfaces, (eni) => ({ ...eni, groups: [n] })) };
  }
}

export const casesDirectory = new URL("cases/", import.meta.url);
export const savedCases = (): readonly (readonly [name: string, one: Case])[] =>
  readdirSync(casesDirectory).filter((name) => name.endsWith(".json")).sort().map((name) => [name, JSON.parse(readFileSync(new URL(name, casesDirectory), "utf8")) as Case]);
