// Owns how a random network is drawn: small, by numbers that stand for what there is (modulo its count), so that every draw means
// something and a failing one shrinks to a few lines. records-of.ts makes the records of it.

import fc from "fast-check";

/** What a rule, a route, an ACL entry or a packet names as an address or block. */
export interface Ref { readonly kind: "any" | "half" | "vpc" | "subnet" | "address" | "public" | "internet" | "other-vpc" | "unused" | "private" | "odd" | "resolver" | "base2" | "metadata"; readonly n: number }
export interface RuleSpec { readonly egress: boolean; readonly protocol: string; readonly from: number; readonly to: number; readonly remote: { readonly kind: "cidr"; readonly ref: Ref } | { readonly kind: "group" | "list"; readonly n: number } }
export interface RouteSpec { readonly destination: Ref; readonly list?: number | undefined; readonly target: { readonly kind: "gateway" | "interface" | "peering" | "dead"; readonly n: number } }
export interface EntrySpec { readonly number: number; readonly egress: boolean; readonly allow: boolean; readonly protocol: string; readonly from: number; readonly to: number; readonly ref: Ref }
export interface InterfaceSpec {
  readonly subnet: number;
  readonly extra: number; // secondary addresses
  readonly groups: readonly number[];
  readonly check: boolean;
  readonly publics: number; // bit per address: 1 given, 2.. Elastic IPs
  readonly state: "running" | "pending" | "stopping" | "stopped" | "detached";
  readonly timeouts: boolean;
}
export interface VpcSpec {
  readonly block: number;
  readonly second: boolean;
  readonly dns: boolean;
  readonly gateway: boolean;
  readonly edge?: number | undefined; // table associated with the gateway
  readonly subnets: readonly { readonly table: number | undefined; readonly acl: number | undefined }[];
  readonly tables: readonly (readonly RouteSpec[])[]; // the first is the main one
  readonly groups: readonly (readonly RuleSpec[])[];
  readonly acls: readonly (readonly EntrySpec[])[]; // beside the default one, which allows all
  readonly interfaces: readonly InterfaceSpec[];
}
export interface NetworkSpec {
  readonly vpcs: readonly VpcSpec[];
  readonly lists: readonly (readonly Ref[])[];
  readonly peerings: readonly { readonly a: number; readonly b: number; readonly active: boolean }[];
}

export const ports = [0, 21, 22, 23, 53, 79, 80, 81, 443, 1023, 1024, 5000, 65535] as const;
const n = fc.nat(7);
/** What the program can do: the model knows all of it. */
const built = { acls: true, lists: true, peerings: true, edges: true, timeouts: true };
const optional = <T>(arb: fc.Arbitrary<T>, percent: number): fc.Arbitrary<T | undefined> => fc.oneof({ arbitrary: fc.constant(undefined), weight: 100 - percent }, { arbitrary: arb, weight: percent });
const list = <T>(arb: fc.Arbitrary<T>, minLength: number, maxLength: number): fc.Arbitrary<T[]> => fc.array(arb, { minLength, maxLength, size: "max" });
const refOf = (...kinds: readonly [Ref["kind"], number][]): fc.Arbitrary<Ref> =>
  fc.record({ kind: fc.oneof(...kinds.map(([kind, weight]) => ({ arbitrary: fc.constant(kind), weight }))), n });

const block = refOf(["any", 4], ["half", 1], ["vpc", 3], ["subnet", 3], ["address", 3], ["internet", 1], ["other-vpc", 1], ["public", 1]);
const port = fc.constantFrom(...ports);
const range = fc.oneof({ arbitrary: fc.tuple(port, port).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const), weight: 4 }, { arbitrary: fc.constant([0, 65535] as const), weight: 2 }, { arbitrary: port.map((p) => [p, p] as const), weight: 2 });
const icmp = fc.constantFrom([-1, -1], [8, -1], [8, 0], [0, 0], [3, -1], [3, 4], [11, 0]).map(([a, b]) => [a!, b!] as const);
const protocolAndRange = fc.oneof(
  { arbitrary: fc.constant({ protocol: "-1", from: -1, to: -1 }), weight: 3 },
  { arbitrary: range.map(([from, to]) => ({ protocol: "tcp", from, to })), weight: 5 },
  { arbitrary: range.map(([from, to]) => ({ protocol: "udp", from, to })), weight: 4 },
  { arbitrary: icmp.map(([from, to]) => ({ protocol: "icmp", from, to })), weight: 3 },
  { arbitrary: fc.constantFrom("47", "50").map((protocol) => ({ protocol, from: -1, to: -1 })), weight: 1 },
);
const remote: fc.Arbitrary<RuleSpec["remote"]> = fc.oneof(
  { arbitrary: block.map((ref) => ({ kind: "cidr" as const, ref })), weight: 5 },
  { arbitrary: n.map((i) => ({ kind: "group" as const, n: i })), weight: 2 },
  { arbitrary: n.map((i) => ({ kind: "list" as const, n: i })), weight: 1 },
);
const rule: fc.Arbitrary<RuleSpec> = fc.record({ egress: fc.boolean(), what: protocolAndRange, remote }).map(({ egress, what, remote: r }) => ({ egress, ...what, remote: r }));
const route: fc.Arbitrary<RouteSpec> = fc.record({
  destination: refOf(["any", 6], ["half", 1], ["subnet", 3], ["address", 2], ["internet", 2], ["other-vpc", 3]),
  list: optional(n, built.lists ? 12 : 0),
  target: fc.record({ kind: fc.oneof({ arbitrary: fc.constant("gateway" as const), weight: 4 }, { arbitrary: fc.constant("interface" as const), weight: 4 }, { arbitrary: fc.constant("peering" as const), weight: 2 }, { arbitrary: fc.constant("dead" as const), weight: 1 }), n }),
}).map(({ list: l, ...rest }) => ({ ...rest, list: l }));
const entry: fc.Arbitrary<EntrySpec> = fc.record({ number: fc.integer({ min: 1, max: 9 }), egress: fc.boolean(), allow: fc.oneof({ arbitrary: fc.constant(true), weight: 3 }, { arbitrary: fc.constant(false), weight: 1 }), what: protocolAndRange, ref: block })
  .map(({ what, ...rest }) => ({ ...rest, ...what }));
const eni: fc.Arbitrary<InterfaceSpec> = fc.record({
  subnet: n, extra: fc.oneof({ arbitrary: fc.constant(0), weight: 3 }, { arbitrary: fc.integer({ min: 1, max: 2 }), weight: 1 }), groups: list(n, 1, 3),
  check: fc.oneof({ arbitrary: fc.constant(true), weight: 3 }, { arbitrary: fc.constant(false), weight: 1 }), publics: fc.nat(7),
  state: fc.oneof({ arbitrary: fc.constant("running" as const), weight: 12 }, { arbitrary: fc.constantFrom("pending" as const, "stopping" as const, "stopped" as const, "detached" as const), weight: 1 }),
  timeouts: fc.oneof({ arbitrary: fc.constant(false), weight: 4 }, { arbitrary: fc.constant(built.timeouts), weight: 1 }),
});
const anybody: RuleSpec["remote"] = { kind: "cidr", ref: { kind: "any", n: 0 } };
/** Half of all groups let everything out, as a new group does. */
const group = fc.tuple(list(rule, 0, 6), fc.boolean()).map(([rules, open]) => (open ? [...rules, { egress: true, protocol: "-1", from: -1, to: -1, remote: anybody }] : rules));
/** Half of all ACLs end by allowing all. */
const acl = fc.tuple(list(entry, 0, 6), fc.boolean()).map(([entries, open]) =>
  open ? [...entries, ...[true, false].map((egress) => ({ number: 100, egress, allow: true, protocol: "-1", from: -1, to: -1, ref: { kind: "any" as const, n: 0 } }))] : entries);
const vpc: fc.Arbitrary<VpcSpec> = fc.record({
  block: fc.nat(3), second: fc.boolean(), dns: fc.oneof({ arbitrary: fc.constant(true), weight: 4 }, { arbitrary: fc.constant(false), weight: 1 }),
  gateway: fc.oneof({ arbitrary: fc.constant(true), weight: 4 }, { arbitrary: fc.constant(false), weight: 1 }), edge: optional(n, built.edges ? 20 : 0),
  subnets: list(fc.record({ table: optional(n, 60), acl: optional(n, 60) }), 1, 3),
  tables: list(list(route, 0, 4), 1, 3), groups: list(group, 1, 4), acls: list(acl, 0, built.acls ? 2 : 0), interfaces: list(eni, 1, 6),
});
export const networkSpec: fc.Arbitrary<NetworkSpec> = fc.record({
  vpcs: list(vpc, 1, 3),
  lists: list(list(block, 0, 3), 0, built.lists ? 2 : 0),
  peerings: list(fc.record({ a: n, b: n, active: fc.oneof({ arbitrary: fc.constant(true), weight: 3 }, { arbitrary: fc.constant(false), weight: 1 }) }), 0, built.peerings ? 2 : 0),
});
