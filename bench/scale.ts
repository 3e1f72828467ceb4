// Owns the figures of size: the same two interfaces among ten and among 1,000, with 500 groups of 60 rules and 50 tables of 1,000 routes.
// Records of the others are in a store and their entries in the kernel's tables; they have no guest and no link, for a thousand
// booted instances would measure the machine. So an edit is measured as store + plan + tables, without HTTP.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type * as r from "../src/model/records.ts";
import type { Transaction } from "../src/model/snapshot.ts";
import { readLinks } from "../src/linux/link.ts";
import { createPlanner } from "../src/plan/plan.ts";
import { Store } from "../src/store/store.ts";
import { root } from "../test/support/box.ts";
import { TestFabric } from "../test/support/fabric.ts";
import { connectionsPerSecond, datagramsPerSecond, gigabitsPerSecond, startServers } from "./datapath.ts";
import { figure, type Bench, type Figure, type Part } from "./figure.ts";
import { must, type Chain } from "./hand-made.ts";

export const scalePart: Part = { about: "among 1,000 interfaces, 500 groups of 60 rules, 50 tables of 1,000 routes: the same as among ten?", measure: measureScale };

interface Size { readonly interfaces: number; readonly groups: number; readonly tables: number }
const small: Size = { interfaces: 10, groups: 5, tables: 1 }, large: Size = { interfaces: 1000, groups: 500, tables: 50 };
const RULES = 60, ROUTES = 1000, EDITS = 40;
const own = { internet: { name: "vbinternet", innerMac: "02:00:00:00:01:01" }, services: { name: "vbservices", innerMac: "02:00:00:00:01:02" } };
const hosts = [{ name: "client", index: 16, address: "10.0.0.10" }, { name: "server", index: 17, address: "10.0.1.10" }] as const;

function rulesOf(group: number): r.SecurityGroupRule[] {
  const rule = (i: number, isEgress: boolean, protocol: string, port: number, cidrIpv4: string, toPort = port): r.SecurityGroupRule => ({ id: `sgr-${group}-${i}`, isEgress, protocol, fromPort: port, toPort, tags: {}, cidrIpv4 });
  const idle = Array.from({ length: RULES - 3 }, (_, i) => rule(i, false, "tcp", 20_000 + i, `10.9.${group % 250}.0/24`));
  const last = group === 4 ? ["tcp", "udp"].map((protocol, i) => rule(RULES + i, false, protocol, 0, "10.0.0.0/24", 65_535)) : [rule(RULES, false, "tcp", 30_000, "10.9.0.0/16"), rule(RULES + 1, false, "tcp", 30_001, "10.9.0.0/16")];
  return [...idle, ...last, rule(RULES + 2, true, "-1", -1, "10.0.0.0/8")]; // the fifth group's last rules decide about the two
}

function fill(tx: Transaction, size: Size): void {
  const base = (id: string): r.Base => ({ id, region: "us-east-1", index: tx.nextIndex(), tags: {}, createdAt: "2026-11-24T08:00:00.000Z" });
  const interfaces = Array.from({ length: size.interfaces }, (_, i) => base(`eni-${i}`)); // first: their numbers are known
  tx.put("vpc", { ...base("vpc"), cidrAssociations: [{ associationId: "a", cidrBlock: "10.0.0.0/16" }], isDefault: false, instanceTenancy: "default", dhcpOptionsId: "default", enableDnsSupport: true, enableDnsHostnames: false });
  const subnets = 2 + Math.ceil(size.interfaces / 200);
  for (let s = 0; s < subnets; s++) tx.put("subnet", { ...base(`subnet-${s}`), vpcId: "vpc", cidrBlock: `10.0.${s}.0/24`, availabilityZone: "us-east-1a", defaultForAz: false, mapPublicIpOnLaunch: false });
  for (let g = 0; g < size.groups; g++) tx.put("security-group", { ...base(`sg-${g}`), vpcId: "vpc", name: `group-${g}`, description: "", rules: rulesOf(g) });
  for (let t = 0; t < size.tables; t++) {
    const routes = Array.from({ length: ROUTES }, (_, i): r.Route => ({ destination: `172.${16 + (t % 16)}.${i % 250}.${Math.floor(i / 250) * 64}/26`, target: { kind: "interface", networkInterfaceId: "eni-gone" }, origin: "CreateRoute" }));
    tx.put("route-table", { ...base(`rtb-${t}`), vpcId: "vpc", routes: [{ destination: "10.0.0.0/16", target: { kind: "local" }, origin: "CreateRouteTable" }, ...routes], associations: t === 0 ? [{ id: "main", main: true }] : [] });
  }
  interfaces.forEach((eni, i) => {
    tx.put("instance", { ...base(`i-${i}`), state: "running" } as r.Instance);
    const address = hosts[i]?.address ?? `10.0.${2 + Math.floor(i / 200)}.${10 + (i % 200)}`, index = eni.index;
    tx.put("network-interface", {
      ...eni, vpcId: "vpc", subnetId: `subnet-${address.split(".")[2]}`, availabilityZone: "us-east-1a", macAddress: `02:00:00:00:${(index >> 8).toString(16).padStart(2, "0")}:${(index & 255).toString(16).padStart(2, "0")}`, description: "",
      privateAddresses: [{ address, primary: true }], groupIds: [0, 1, 2, 3, 4].map((g) => `sg-${i < hosts.length ? g : (i * 5 + g) % size.groups}`), sourceDestCheck: true,
      attachment: { id: `a-${i}`, instanceId: `i-${i}`, deviceIndex: 0, deleteOnTermination: true, attachedAt: "2026-11-24T08:00:00.000Z" },
    });
  });
}

/** One fabric of a size: both hosts in namespaces, and an edit of one rule. */
async function build(size: Size) {
  const directory = mkdtempSync(join(tmpdir(), "vpcbox-scale-")), store = new Store(directory), fabric = await TestFabric.open();
  const remove = async (): Promise<void> => { await fabric.close(); store.close(); rmSync(directory, { recursive: true }); };
  try {
    store.write((tx) => fill(tx, size));
    for (const { name, index, address } of hosts) await fabric.host(name, { port: index, address: `${address}/24` });
    const links = readLinks(fabric.path("fabric")), planner = createPlanner(own);
    const ifindexOf = (link: string): number | undefined => links.get(link) ?? (/\d$/.test(link) ? 1_000_000 + Number(link.slice(2)) : undefined);
    const apply = () => fabric.datapath.apply(planner.tables(store.snapshot()), ifindexOf);
    apply();
    const edit = (n: number): number => {
      const started = performance.now();
      store.write((tx) => {
        const group = tx.get("security-group", "sg-4")!;
        tx.put("security-group", { ...group, rules: [{ ...group.rules[0]!, fromPort: n, toPort: n }, ...group.rules.slice(1)] });
      });
      const change = apply();
      if (change.updated !== 1 || change.added + change.removed > 0) throw new Error(`an edit of one rule changed ${JSON.stringify(change)}`);
      return performance.now() - started;
    };
    const chain: Chain = { client: fabric.path("client"), server: fabric.path("server"), address: hosts[1].address };
    return { chain, edit, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function measureScale({ rounds, note }: Bench): Promise<Figure[]> {
  note("building the tables of ten and of a thousand interfaces ...");
  const tools = mkdtempSync(join(tmpdir(), "vpcbox-bench-")), built: Awaited<ReturnType<typeof build>>[] = [];
  const samples = { fresh: [] as number[], bulk: [] as number[], udp: [] as number[], few: [] as number[], many: [] as number[], ratio: [] as number[] };
  let stop: (() => void) | undefined;
  try {
    await must("clang", "-O2", "-o", join(tools, "connections"), join(root, "bench/connections.c"));
    for (const size of [small, large]) built.push(await build(size));
    const [few, many] = built as [typeof built[0], typeof built[0]];
    stop = await startServers([few.chain.server, many.chain.server], tools);
    for (let round = 1; round <= rounds; round++) {
      note(`scale, round ${round} of ${rounds} ...`);
      for (const [name, measure] of [["fresh", connectionsPerSecond], ["bulk", gigabitsPerSecond], ["udp", datagramsPerSecond]] as const) {
        const base = await measure(few.chain, tools);
        samples[name].push((await measure(many.chain, tools)) / base);
      }
    }
    for (let n = 0; n < EDITS; n++) {
      const [a, b] = [few.edit(21_000 + n), many.edit(21_000 + n)];
      samples.few.push(a);
      samples.many.push(b);
      samples.ratio.push(b / a);
    }
  } finally {
    stop?.();
    for (const one of built) await one.remove();
    rmSync(tools, { recursive: true });
  }
  return [
    figure("bulk TCP among 1,000 interfaces, of that among ten", "ratio", samples.bulk, ">= 0.97"),
    figure("small UDP packets among 1,000, of those among ten", "ratio", samples.udp, ">= 0.97"),
    figure("new connections among 1,000, of those among ten", "ratio", samples.fresh, ">= 0.9"),
    figure("one rule edited among 1,000: on disk and in the kernel", "ms", samples.many, "< 5"),
    figure("one rule edited among ten: on disk and in the kernel", "ms", samples.few, "-"),
    figure("one rule edited among 1,000, of the same among ten", "ratio", samples.ratio, "1"),
  ];
}
