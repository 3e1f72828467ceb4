// Owns the datapath in the kernel: program and tables, pinned under the box's directory of the BPF filesystem, so that they
// outlive the daemon. `apply` is the whole interface: what is there is compared, and brought to what is desired.

import { existsSync, mkdirSync, rmSync } from "node:fs";
import { release } from "node:os";
import { deleteEntry, loadObject, loadObjectAside, possibleCpus, readEntries, readMap, attachClassifier, attachTcx, lookupEntry, testRun, updateEntry, BpfError, EACCES, EINVAL, type LoadedObject, type TestRun } from "./libbpf.ts";
import { tickNs } from "../linux/libc.ts";
import { ensureMounted } from "../linux/mount.ts";
import { freeGoneCounters, freeGonePorts } from "./gone-ports.ts";
import { drainAccounts, type DrainedAccounts } from "./flow-accounts.ts";
import { TableEncoder, portKey, tableSizes, type EncodedTables, type Entries, type TableName } from "./codec.ts";
import { dropReasons, natMetricNames, type DesiredTables, type DropCount, type DropReason, type NatMetricName, type NatMetrics } from "./tables.ts";

const objectFile = new URL("port.bpf.o", import.meta.url).pathname;
const stateMaps = ["generation", "flows", "fragments", "asked_by", "drops", "nat_connections", "nat_inwards", "nat_pools", "nat_metrics", "nat_users", "flow_users", "flow_secret", "fragment_hands", "fragment_slots", "accounts", "accounts_room", "accounts_generation"] as const;
const tableNames = Object.keys(tableSizes) as TableName[];

/** Tracked flows that one interface may have: an eighth of the table. */
const FLOW_ALLOWANCE = 32_768;
/** Of fifteen flows each. */
const FLOW_SETS = 16_384;
/** Remembered verdicts about what goes on for longer than a moment (lines.bpf.h). */
const LASTING_LINES = 16_384;
/** Connections of all NAT gateways: the size of their table. */
const NAT_MOST = 1 << 19;
/** Whether another processor may see loads in another order than the program has them. */
const LOADS_NEED_FENCES = process.arch !== "x64";

export interface AppliedChange { readonly added: number; readonly updated: number; readonly removed: number }

/**
 * Order of writing. What a packet needs at its end is there before what leads it there, and removed after it: first rules and
 * members, then ports, then addresses, then routes and public addresses; the other way round for what goes.
 */
const order: readonly TableName[] = ["rules", "members", "blocks", "nats", "ports", "numbers", "own", "addresses", "privates", "publics", "routes"];

export interface Datapath {
  /** For test runs (test-run.ts): the program and its maps. */
  readonly object: LoadedObject;
  /** Costs what differs from the last time, which it remembers. Links that came or went want another `ifindexOf`. */
  apply(desired: DesiredTables, ifindexOf: (link: string) => number | undefined): AppliedChange;
  /** The next apply reads what the kernel holds, whoever wrote it. */
  forget(): void;
  /** To the ingress of a link: by tcx, which kernels have from 6.6 on, else as tc's classifier. The calling thread is in the fabric namespace. */
  attach(ifindex: number): void;
  drops(): readonly DropCount[];
  natMetrics(): readonly NatMetrics[];
  /** Tracked flows of all interfaces, and those that are over whose places nobody wanted yet. */
  flowCount(): number;
  /** What flow logs are made of, taken out of the kernel. */
  drainAccounts(): Promise<DrainedAccounts>;
  /** The calling thread is in the fabric namespace. */
  testRun(packet: Uint8Array, ifindex: number, repeat?: number): TestRun;
  close(): void;
}

/** `timeScale`: how many times faster than the world's the clocks of flows and NAT gateways run. */
export interface DatapathOptions {
  readonly timeScale?: number | undefined;
  readonly flowAllowance?: number | undefined; // tracked flows of an interface (tracking.bpf.h)
  readonly flowSets?: number | undefined; // sets of flows, a power of two
  readonly lastingLines?: number | undefined; // remembered verdicts, a power of two
  readonly natMost?: number | undefined; // connections of all NAT gateways (nat.bpf.h)
  readonly file?: string | undefined; // another compiled program than the committed one
  readonly existingOnly?: boolean | undefined; // tables of another version are an error, and stay
  readonly classifier?: boolean | undefined; // attached as on kernels without tcx
  readonly loadsNeedFences?: boolean | undefined; // in_order of maps.bpf.h; of this machine's processor where it is not said
}

/**
 * Loads the program; tables that are pinned in `pinDir`, a directory of the BPF filesystem, already are taken over with all they hold.
 * A machine on which nobody has mounted that filesystem gets it: without it no directory can be made there.
 */
export function openDatapath(pinDir: string, options: DatapathOptions = {}): Datapath {
  const parts = objectParts(pinDir, options), { existingOnly = false, classifier = false } = options;
  let object: LoadedObject;
  try {
    object = loadObject(...parts);
  } catch (error) {
    makeRoom(error, pinDir, existingOnly);
    object = loadObject(...parts);
  }
  return new KernelDatapath(object, classifier);
}

/** The same while the caller goes on: the kernel looks at the program in a thread of its own. */
export async function openDatapathAside(pinDir: string, timeScale: number): Promise<Datapath> {
  const parts = objectParts(pinDir, { timeScale });
  const object = await loadObjectAside(...parts).catch((error: unknown) => { makeRoom(error, pinDir, false); return loadObjectAside(...parts); });
  return new KernelDatapath(object, false);
}

function objectParts(pinDir: string, { timeScale = 1, flowAllowance = FLOW_ALLOWANCE, flowSets = FLOW_SETS, lastingLines = LASTING_LINES, natMost = NAT_MOST, file = objectFile, loadsNeedFences = LOADS_NEED_FENCES }: DatapathOptions): Parameters<typeof loadObject> {
  ensureMounted("bpf", "/sys/fs/bpf");
  mkdirSync(pinDir, { recursive: true });
  const constants = [timeScale, tickNs(), Number(loadsNeedFences), flowAllowance, flowSets, lastingLines, natMost]; // in the order of the sources
  const configuration = Buffer.alloc(4 * constants.length);
  constants.forEach((value, i) => configuration.writeUInt32LE(value, 4 * i));
  return [file, [...tableNames, ...stateMaps], pinDir, configuration, { flows: flowSets }];
}

/** After a load that found tables of a version with other shapes: their flows are lost, the network is written anew. @throws any other error */
function makeRoom(error: unknown, pinDir: string, existingOnly: boolean): void {
  if (error instanceof BpfError && error.code === EACCES) throw new Error(`the verifier of Linux ${release()} refuses the datapath's program: run vpcbox on another kernel, 6.1 or newer, and report this one`);
  if (existingOnly || !(error instanceof BpfError) || error.code !== EINVAL) throw error;
  removePins(pinDir);
  mkdirSync(pinDir, { recursive: true });
}

/**
 * Rules stand in chunks of 64: one that is inserted moves those behind it on, into the next chunk, and one that is taken out moves them back.
 * The last chunk is written first when there come to be more, last when there come to be fewer: no rule is in no chunk for a moment.
 */
function chunksInOrder(wanted: readonly Entries[], there: ReadonlyMap<string, string>): Iterable<readonly [key: string, value: string]> {
  const count = (value: string | undefined): number => (value === undefined ? 0 : value.charCodeAt(0) | value.charCodeAt(1) << 8);
  const lists = new Map<string, { chunks: [string, string][]; grown: number }>(); // by group and direction
  for (const [key, value] of wanted.flatMap((part) => [...part])) {
    const name = key.slice(0, 8), list = lists.get(name) ?? { chunks: [], grown: 0 };
    list.chunks.push([key, value]);
    list.grown += count(value) - count(there.get(key));
    lists.set(name, list);
  }
  return [...lists.values()].flatMap(({ chunks, grown }) => (grown > 0 ? chunks.reverse() : chunks));
}

export function removePins(pinDir: string): void {
  if (existsSync(pinDir)) rmSync(pinDir, { recursive: true });
}

/** Parts of the one and of the other list that the other does not have. Parts that changed keep their places mostly: those are not looked at twice. */
function differing(some: readonly Entries[], others: readonly Entries[]): readonly [readonly Entries[], readonly Entries[]] {
  const [a, b] = [some.filter((part, i) => part !== others[i]), others.filter((part, i) => part !== some[i])], [inA, inB] = [new Set(a), new Set(b)];
  return [a.filter((part) => !inB.has(part)), b.filter((part) => !inA.has(part))];
}

class KernelDatapath implements Datapath {
  readonly object: LoadedObject;
  readonly #program: number;
  readonly #fds: Readonly<Record<TableName, number>>;
  readonly #cpus = possibleCpus();
  readonly #classifier: boolean;
  #counted: ReadonlySet<number> | undefined; // ports whose counters stay; undefined: who knows what else is there
  #countedOf: readonly unknown[] = [];
  readonly #encoder = new TableEncoder();
  #written: EncodedTables | undefined; // by the last apply; undefined: who knows

  constructor(object: LoadedObject, classifier: boolean) {
    this.object = object;
    this.#classifier = classifier;
    this.#program = object.programFd("from_port");
    this.#fds = Object.fromEntries(tableNames.map((name) => [name, object.mapFd(name)])) as Record<TableName, number>;
  }

  apply(desired: DesiredTables, ifindexOf: (link: string) => number | undefined): AppliedChange {
    const wanted = this.#encoder.encode(desired, ifindexOf), written = this.#written;
    let added = 0, updated = 0, removed = 0;
    this.#written = undefined; // until all of it is
    try {
      const stale: { readonly name: TableName; readonly keys: readonly string[] }[] = [];
      for (const name of order) {
        if (wanted[name] === written?.[name]) continue;
        const [before, after] = written ? differing(written[name], wanted[name]) : [[readEntries(this.#fds[name], tableSizes[name][0], tableSizes[name][1])], wanted[name]];
        const there = new Map(before.flatMap((part) => [...part])), kept = new Set<string>();
        for (const [key, value] of name === "rules" ? chunksInOrder(after, there) : after.flatMap((part) => [...part])) {
          kept.add(key);
          const old = there.get(key);
          if (old === value) continue;
          updateEntry(this.#fds[name], Buffer.from(key, "latin1"), Buffer.from(value, "latin1"));
          if (old === undefined) added++;
          else updated++;
        }
        stale.unshift({ name, keys: [...there.keys()].filter((key) => !kept.has(key)) });
      }
      for (const { name, keys } of stale) for (const key of keys) if (deleteEntry(this.#fds[name], Buffer.from(key, "latin1"))) removed++;
    } finally {
      if (added + updated + removed > 0) this.#nextGeneration();
    }
    this.#written = wanted;
    if (wanted.numbers !== written?.numbers) freeGonePorts(this.object, (port) => wanted.numbers.some((part) => part.has(portKey(port))));
    this.#freeCounters(desired);
    return { added, updated, removed };
  }

  /** Costs nothing while no interface came or went. */
  #freeCounters({ counted, ports }: DesiredTables): void {
    if (this.#counted && this.#countedOf[0] === counted && this.#countedOf[1] === ports) return;
    const there = new Set([0, ...(counted ?? []), ...ports.map((p) => p.port)]), before = this.#counted; // 0: of no port
    [this.#counted, this.#countedOf] = [there, [counted, ports]];
    if (!before || [...before].some((port) => !there.has(port))) freeGoneCounters(this.object, (port) => there.has(port));
  }

  forget(): void {
    this.#written = this.#counted = undefined;
  }

  /** What the program has remembered of the tables holds no longer. */
  #nextGeneration(): void {
    const fd = this.object.mapFd("generation"), zero = Buffer.alloc(4), number = Buffer.alloc(4);
    lookupEntry(fd, zero, number);
    number.writeUInt32LE((number.readUInt32LE(0) + 1) >>> 0);
    updateEntry(fd, zero, number);
  }

  attach(ifindex: number): void {
    if (this.#classifier || !attachTcx(ifindex, this.#program)) attachClassifier(ifindex, this.#program);
  }

  drops(): readonly DropCount[] {
    const names = new Map(Object.entries(dropReasons).map(([name, number]) => [number as number, name as DropReason]));
    return this.#perCpu("drops", 2).map(([key, [packets, bytes]]) => ({
      port: key.readUInt32LE(0), reason: names.get(key.readUInt32LE(4)) ?? "MALFORMED", packets: packets!, bytes: bytes!,
    }));
  }

  natMetrics(): readonly NatMetrics[] {
    return this.#perCpu("nat_metrics", natMetricNames.length).map(([key, sums]) => ({
      port: key.readUInt32LE(0),
      metrics: Object.fromEntries(natMetricNames.map((name, i) => [name, sums[i]!])) as Record<NatMetricName, number>,
    }));
  }

  /** Sums the processors' copies of a table of 64-bit counters. */
  #perCpu(map: string, counters: number): [Buffer, number[]][] {
    return [...readMap(this.object, map, true)].map(([key, value]) => {
      const bytes = Buffer.from(value, "latin1");
      const sums = Array.from({ length: counters }, (_, i) => {
        let sum = 0;
        for (let cpu = 0; cpu < this.#cpus; cpu++) sum += Number(bytes.readBigInt64LE((cpu * counters + i) * 8));
        return sum;
      });
      return [Buffer.from(key, "latin1"), sums];
    });
  }

  flowCount(): number {
    return [...readMap(this.object, "flow_users").values()].reduce((sum, user) => sum + Buffer.from(user, "latin1").readInt32LE(0), 0);
  }

  drainAccounts(): Promise<DrainedAccounts> {
    return drainAccounts(this.object);
  }

  testRun(packet: Uint8Array, ifindex: number, repeat = 1): TestRun {
    return testRun(this.#program, packet, ifindex, repeat);
  }

  close(): void {
    this.object.close();
  }
}
