// Owns the other side of the comparison: the compiled program with a drawn network's tables in it, made by the real plan and written by
// the real loader, in a namespace of its own; and the comparison of one case, packet by packet.

import { randomBytes } from "node:crypto";
import { readdirSync, rmSync } from "node:fs";
import { openDatapath, removePins, type Datapath, type DatapathOptions } from "../../src/datapath/loader.ts";
import { TC_ACT_REDIRECT, TC_ACT_SHOT, TestRuns } from "../../src/datapath/test-run.ts";
import { addVethPairs, readLinks } from "../../src/linux/link.ts";
import { createNetns, deleteNetns, inNetns } from "../../src/linux/netns.ts";
import { readNetwork } from "../../src/model/network.ts";
import { planTables } from "../../src/plan/plan.ts";
import type { NetworkSpec } from "./network-spec.ts";
import { edited, type Case } from "./case.ts";
import { IPV4, encode, type Frame } from "./frame.ts";
import { TrackedFlows, expect, type Expected } from "./oracle.ts";
import { INTERNET_MAC, SERVICES_MAC, frameOf, type Arrival, type Sender } from "./packet-spec.ts";
import { macOf, recordsOf } from "./records-of.ts";
import { WireRuns, makeEnds } from "./wire.ts";

const MOST_VPCS = 3, MOST_INTERFACES = 6; // of a VPC
const own = { internet: { name: "vbinternet", innerMac: INTERNET_MAC }, services: { name: "vbservices", innerMac: SERVICES_MAC } };

/** The outer end of the link of each interface there may be. */
const linkOf = (v: number, i: number): string => `p${v * MOST_INTERFACES + i}`;
const ends = [
  { outer: own.internet.name, mac: INTERNET_MAC }, { outer: own.services.name, mac: SERVICES_MAC },
  ...Array.from({ length: MOST_VPCS * MOST_INTERFACES }, (_, n) => { const v = Math.floor(n / MOST_INTERFACES), i = n % MOST_INTERFACES; return { outer: linkOf(v, i), mac: macOf(v, i) }; }),
];

/** Where the two differ, in words; and after which packets. */
export interface Difference { readonly what: string; readonly phase: number; readonly packet: number }

/** Few, so that flows lie far from their ports' set, too, and in places of flows that are nobody's any more. */
const FLOW_SETS = 128;

export class Program {
  readonly #directory: string;
  readonly #links: ReadonlyMap<string, number>;
  readonly #datapath: Datapath;
  readonly #runs: TestRuns;
  #nextIndex = 16;
  /** Packets judged. */
  packets = 0;
  /** Of them: delivered. */
  delivered = 0;
  readonly reasons = new Map<string, number>();

  private constructor(directory: string, links: ReadonlyMap<string, number>, datapath: Datapath, runs: TestRuns) {
    this.#directory = directory;
    this.#links = links;
    this.#datapath = datapath;
    this.#runs = runs;
  }

  static async open(options: DatapathOptions = {}): Promise<Program> {
    return Program.#make(options, async (netns, directory, datapath) => {
      const inner = `${directory}/inner`;
      await createNetns(inner);
      addVethPairs(netns, ends.map(({ outer }, i) => ({ outer, inner: `i${i}`, innerNetns: inner, innerMac: `02:bb:00:00:00:${i.toString(16).padStart(2, "0")}`, mtu: 1500, addresses: [], routes: [] })));
      return new TestRuns(datapath);
    });
  }

  /** Packets are sent on wires between namespaces (wire.ts). */
  static async openOnWires(options: DatapathOptions = {}): Promise<{ readonly program: Program; readonly wire: WireRuns }> {
    let wire: WireRuns | undefined;
    const program = await Program.#make(options, async (netns, directory, datapath) => {
      await makeEnds(netns, directory, ends);
      return (wire = new WireRuns(datapath, netns, directory, ends));
    });
    return { program, wire: wire! };
  }

  static async #make(options: DatapathOptions, runsOf: (netns: string, directory: string, datapath: Datapath) => Promise<TestRuns>): Promise<Program> {
    const name = `t-diff-${randomBytes(4).toString("hex")}`;
    const directory = `/run/vpcbox/${name}`, netns = `${directory}/netns`;
    await createNetns(netns);
    try {
      const datapath = openDatapath(`/sys/fs/bpf/vpcbox/${name}`, { flowSets: FLOW_SETS, ...options }), runs = await runsOf(netns, directory, datapath);
      return new Program(directory, readLinks(netns), datapath, runs);
    } catch (error) {
      await removeBench(directory);
      throw error;
    }
  }

  async close(): Promise<void> {
    if (this.#runs instanceof WireRuns) this.#runs.close();
    this.#datapath.close();
    await removeBench(this.#directory);
  }

  /** Runs `fn` with this thread in the program's namespace: cases are run inside. */
  inside<T>(fn: () => T): T {
    return inNetns(`${this.#directory}/netns`, fn);
  }

  /** The first difference between program and model in a case; undefined when they agree on everything. */
  run(one: Case): Difference | undefined {
    const firstIndex = this.#nextIndex;
    this.#nextIndex += 400;
    if (this.#nextIndex > 1_900_000) this.#nextIndex = 16;
    const flows = new TrackedFlows();
    const arrivals: Arrival[] = [];
    const drops = new Map<string, number>();
    this.#runs.forget();
    let spec: NetworkSpec = one.network;
    for (const [p, phase] of one.phases.entries()) {
      spec = phase.edits.reduce(edited, spec);
      if (phase.ageSeconds > 0) { this.#runs.age(phase.ageSeconds); flows.nowSeconds += phase.ageSeconds; }
      const drawn = recordsOf(spec, firstIndex);
      const network = readNetwork(drawn.snapshot);
      const present = drawn.interfaces.filter((eni) => network.isPresent(eni));
      flows.forget((id) => present.some((eni) => eni.id === id));
      const links = new Map<string, number>([...Object.values(own)].map(({ name }) => [name, this.#links.get(name)!]));
      for (const eni of drawn.interfaces) { const [v, i] = /(\d+)\.(\d+)$/.exec(eni.id)!.slice(1).map(Number); links.set(`vb${eni.index}`, this.#links.get(linkOf(v!, i!))!); }
      this.#datapath.apply(planTables(drawn.snapshot, own), (link) => links.get(link));
      for (const [i, packet] of phase.packets.entries()) {
        const { sender, frame } = frameOf(drawn, present, packet, arrivals.filter((a) => stillThere(a.at) && stillThere(a.from)));
        function stillThere(s: Sender): boolean { return s.kind === "internet" || present.some((eni) => eni.id === s.interface.id); }
        const current: Sender = sender.kind === "internet" ? sender : { kind: "interface", interface: drawn.snapshot.get("network-interface", sender.interface.id)! };
        const bytes = encode(frame);
        const expected = expect(network, flows, current, frame, bytes);
        const what = this.#compare(current, frame, bytes, links, expected, drops);
        if (flows.renewed) { // known: for an eighth of a second, an ACK that goes by an older verdict of its header does not mark the connection as answered
          this.#runs.forgetVerdicts();
          flows.renewed = false;
        }
        if (what !== undefined) return { what, phase: p, packet: i };
        if (!expected.drop && expected.arrival) {
          arrivals.unshift(expected.arrival);
          if (arrivals.length > 8) arrivals.pop();
        }
      }
    }
    const counted = this.#runs.drops();
    for (const [key, count] of counted) if (drops.get(key) !== count) return { what: `the program counted ${count} drops ${key}, the model ${drops.get(key) ?? 0}`, phase: one.phases.length - 1, packet: -1 };
    return undefined;
  }

  #compare(sender: Sender, frame: Frame, bytes: Buffer, links: ReadonlyMap<string, number>, expected: Expected, drops: Map<string, number>): string | undefined {
    const link = sender.kind === "internet" ? own.internet.name : `vb${sender.interface.index}`;
    let verdict: number;
    try {
      verdict = this.#runs.run(bytes, links.get(link)!);
    } catch (error) {
      return `${(error as Error).message}, the frame is ${bytes.toString("hex")}`;
    }
    this.packets++;
    if (expected.drop) {
      const { port, reason } = expected.drop, key = `${port} ${reason}`;
      this.reasons.set(reason, (this.reasons.get(reason) ?? 0) + 1);
      if (verdict !== TC_ACT_SHOT) return `the model drops it for ${reason}, the program answers ${verdict}`;
      const before = drops.get(key) ?? 0;
      drops.set(key, before + 1);
      return this.#runs.dropped(port, reason) === before + 1 ? undefined : `the model drops it for ${reason} at port ${port}, the program for ${this.#otherReason(drops)}`;
    }
    if (verdict !== TC_ACT_REDIRECT) return `the model delivers it, the program answers ${verdict}: ${this.#otherReason(drops)}`;
    this.delivered++;
    const got = this.#runs.frame;
    if (frame.ihlError !== 0 && frame.etherType === IPV4) return sameButChecksums(got, expected.frame) ? undefined : "the addresses of a frame whose header length lies differ";
    return got.equals(expected.frame) ? undefined : `the frame differs:\n  model   ${expected.frame.toString("hex")}\n  program ${got.toString("hex")}`;
  }

  #otherReason(known: ReadonlyMap<string, number>): string {
    return [...this.#runs.drops()].filter(([key, count]) => known.get(key) !== count).map(([key, count]) => `${key} (${count}, model ${known.get(key) ?? 0})`).join(", ") || "no reason";
  }
}

/** Where headers are not where they were written, what is a checksum is nobody's to say: link and network addresses alone. */
const sameButChecksums = (a: Buffer, b: Buffer): boolean => a.length === b.length && a.subarray(0, 24).equals(b.subarray(0, 24)) && a.subarray(26, 34).equals(b.subarray(26, 34));

async function removeBench(directory: string): Promise<void> {
  for (const name of readdirSync(directory)) await deleteNetns(`${directory}/${name}`);
  rmSync(directory, { recursive: true, force: true });
  removePins(directory.replace("/run/vpcbox", "/sys/fs/bpf/vpcbox"));
}
