// Owns the proof that the way does not matter: random networks, edited at random in random order by the real loader on real maps, end in
// the tables that a fresh plan of the last state makes on empty ones, byte by byte; and applying it again changes nothing.

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import { randomBytes } from "node:crypto";
import { tableSizes, type TableName } from "../../src/datapath/codec.ts";
import { readEntries } from "../../src/datapath/libbpf.ts";
import { openDatapath, removePins, type Datapath } from "../../src/datapath/loader.ts";
import type { DesiredTables } from "../../src/datapath/tables.ts";
import { planTables } from "../../src/plan/plan.ts";
import { edited, type Edit } from "../differential/case.ts";
import { networkSpec, type NetworkSpec } from "../differential/network-spec.ts";
import { recordsOf } from "../differential/records-of.ts";

const CASES = Number(process.env.TRANSITIONS ?? 150), MOST_EDITS = 24;
const seed = Number(process.env.TRANSITIONS_SEED ?? Date.now() % 1_000_000_000);
const own = { internet: { name: "vbinternet", innerMac: "02:00:00:00:00:02" }, services: { name: "vbservices", innerMac: "02:00:00:00:00:03" } };
const pins = [0, 1].map(() => `/sys/fs/bpf/vpcbox-test-${randomBytes(4).toString("hex")}`);
let edits: Datapath, fresh: Datapath; // the one whose tables live through everything, and the one that begins empty each time
before(() => { [edits, fresh] = pins.map((dir) => openDatapath(dir)) as [Datapath, Datapath]; });
after(() => {
  edits.close();
  fresh.close();
  pins.forEach(removePins);
});

const nothing: DesiredTables = { ports: [], addresses: [], routes: [], publics: [], vpcs: [], groups: [], members: [], acls: [], nats: [] };
/** Links by their names: any number will do, no packet moves here. `missing`: some are not there yet. */
const linkNumbers = (missing: number) => (link: string): number | undefined => {
  const number = Number(/\d+$/.exec(link)?.[0] ?? (link === own.internet.name ? 1 : 2));
  return missing > 0 && number > 2 && number % missing === 0 ? undefined : number + 1000;
};
const sizeOf = (name: TableName): readonly [number, number] => tableSizes[name];
const dump = (datapath: Datapath): Record<string, string[]> => Object.fromEntries((Object.keys(tableSizes) as TableName[]).map((name) => [name, [...readEntries(datapath.object.mapFd(name), ...sizeOf(name))].map(([key, value]) => Buffer.from(`${key}=${value}`, "latin1").toString("hex")).sort()]));

type Step = { readonly kind: "edit"; readonly edit: Edit } | { readonly kind: "rules"; readonly vpc: number; readonly group: number; readonly count: number; readonly front: boolean } | { readonly kind: "links"; readonly missing: number };
const editOf: fc.Arbitrary<Edit> = fc.record({ kind: fc.constantFrom(...(["revoke", "check", "gateway", "dns", "acl", "stop", "swap-table", "regroup"] as const)), vpc: fc.nat(2), n: fc.nat(7) });
const step: fc.Arbitrary<Step> = fc.oneof(
  { arbitrary: editOf.map((edit) => ({ kind: "edit" as const, edit })), weight: 6 },
  { arbitrary: fc.record({ kind: fc.constant("rules" as const), vpc: fc.nat(2), group: fc.nat(7), count: fc.nat(150), front: fc.boolean() }), weight: 3 }, // more than one chunk of them
  { arbitrary: fc.record({ kind: fc.constant("links" as const), missing: fc.constantFrom(0, 2, 3) }), weight: 1 },
);

function withRules(network: NetworkSpec, s: Extract<Step, { kind: "rules" }>): NetworkSpec {
  const at = s.vpc % network.vpcs.length;
  const more = Array.from({ length: s.count }, (_, i) => ({ egress: s.front, protocol: "tcp", from: i, to: i + s.group, remote: { kind: "cidr" as const, ref: { kind: s.front ? "any" as const : "subnet" as const, n: i % 3 } } }));
  return { ...network, vpcs: network.vpcs.map((vpc, v) => (v !== at ? vpc : { ...vpc, groups: vpc.groups.map((rules, g) => (g !== s.group % vpc.groups.length ? rules : s.front ? [...more, ...rules] : more)) })) };
}

test("transitions: random edits in random order end in the tables of a fresh plan; a second apply is empty", { timeout: 300_000 }, (t) => {
  let applied = 0;
  fc.assert(fc.property(networkSpec, fc.array(step, { minLength: 1, maxLength: MOST_EDITS }), (network, steps) => {
    let spec = network, missing = 0;
    for (const s of steps) {
      if (s.kind === "edit") spec = edited(spec, s.edit);
      else if (s.kind === "rules") spec = withRules(spec, s);
      else missing = s.missing;
      edits.apply(planTables(recordsOf(spec, 16).snapshot, own), linkNumbers(missing));
      applied++;
    }
    const last = planTables(recordsOf(spec, 16).snapshot, own);
    edits.apply(last, linkNumbers(0));
    fresh.apply(nothing, linkNumbers(0));
    fresh.apply(last, linkNumbers(0));
    assert.deepEqual(dump(edits), dump(fresh));
    assert.deepEqual(edits.apply(last, linkNumbers(0)), { added: 0, updated: 0, removed: 0 }, "a second apply");
  }), { numRuns: CASES, seed });
  t.diagnostic(`seed ${seed}: ${CASES} networks, ${applied} changes of their tables`);
});
