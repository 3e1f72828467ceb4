// Owns the way from the kernel's accounts to files: every minute of the box's clock they are drained, shared among the flow logs that
// watched their interfaces, and delivered when a log's interval is over. What waits for a longer interval is in memory: a daemon that is
// killed loses one interval at most.

import { randomBytes } from "node:crypto";
import { join } from "node:path";
import type { DrainedAccounts, FlowAccount } from "../datapath/flow-accounts.ts";
import { log } from "../lib/log.ts";
import { flowLogsOf } from "../model/flow-logs.ts";
import type { FlowLog, NetworkInterface } from "../model/records.ts";
import type { Snapshot, Transaction } from "../model/snapshot.ts";
import { deliverCompressed, deliverMore, removeParts } from "./delivery.ts";
import { aggregationSeconds, interfaceFacts, type InterfaceFacts } from "./interface-facts.ts";
import { bucketFile, streamFile } from "./places.ts";
import { lineWriter } from "./record-line.ts";

export interface CollectorOptions {
  readonly root: string; // STATE/flow-logs
  readonly accountId: string;
  readonly timeScale: number; // how many times faster than the world's the intervals pass
  snapshot(): Snapshot;
  /** Interfaces that are in the kernel. */
  liveInterfaces(snapshot: Snapshot): readonly NetworkInterface[];
  drain(): Promise<DrainedAccounts>;
  write(fn: (tx: Transaction) => void): void;
}

/** What one log has gathered of one interface since `sinceMs`. */
interface Gathered { facts: InterfaceFacts; sinceMs: number; lost: number; readonly flows: Map<string, FlowAccount> }

const MINUTE_MS = 60_000;
const SHORTEST_PERIOD_MS = 50;

export class FlowLogCollector {
  readonly #options: CollectorOptions;
  #lastMs = Date.now(); // of the last collection, or when this began
  readonly #gathered = new Map<string, Map<string, Gathered>>(); // flow log -> interface
  #known = new Map<number, NetworkInterface>(); // by number: of interfaces that were watched, of those too that are gone now
  #accounted = true; // since the last collection: what a daemon before this one left, too
  #period = 0; // the last minute that was collected, counted from 1970 on the box's clock
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(options: CollectorOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    await removeParts(this.#options.root);
    this.#period = Math.floor(Date.now() / this.#periodMs);
    this.#wait();
  }

  get #periodMs(): number { return Math.max(SHORTEST_PERIOD_MS, MINUTE_MS / this.#options.timeScale); }

  #wait(): void {
    this.#timer = setTimeout(() => void this.#tick().finally(() => this.#timer && this.#wait()), (Math.floor(Date.now() / this.#periodMs) + 1) * this.#periodMs - Date.now() + 1);
    this.#timer.unref();
  }

  #tick(): Promise<void> {
    const before = this.#period;
    this.#period = Math.floor(Date.now() / this.#periodMs);
    return this.#collect((minutes) => Math.floor(before / minutes) < Math.floor(this.#period / minutes));
  }

  /** Remembers whose accounts are whose: an interface may come and go within a minute. */
  observe(snapshot: Snapshot): void {
    if (snapshot.list("vpc-flow-log").length === 0) return;
    this.#accounted = true;
    for (const eni of snapshot.list("network-interface")) this.#known.set(eni.index, eni);
  }

  /** Delivers all that is there, and ends. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#collect(() => true);
  }

  /** One at a time. @param isOver whether an interval of so many minutes has ended */
  #collect(isOver: (minutes: number) => boolean): Promise<void> {
    this.#running = this.#running.then(() => this.#collectNow(isOver)).catch((error: Error) => log("error", "flow logs were not collected", { error: error.stack ?? error.message }));
    return this.#running;
  }

  async #collectNow(isOver: (minutes: number) => boolean): Promise<void> {
    const snapshot = this.#options.snapshot(), logs = snapshot.list("vpc-flow-log");
    if (logs.length === 0 && !this.#accounted) return;
    this.#accounted = logs.length > 0;
    const { accounts, lost } = await this.#options.drain();
    const endMs = Date.now();
    const live = this.#options.liveInterfaces(snapshot).filter((eni) => flowLogsOf(snapshot, eni).length > 0);
    this.observe(snapshot);
    this.#forget(logs);
    for (const eni of live) for (const flowLog of flowLogsOf(snapshot, eni)) this.#at(snapshot, flowLog, eni);
    for (const account of accounts) this.#share(snapshot, account);
    for (const [port, packets] of lost) {
      const eni = this.#known.get(port);
      if (eni) for (const flowLog of flowLogsOf(snapshot, eni)) this.#at(snapshot, flowLog, eni).lost += packets;
    }
    this.#lastMs = endMs;
    for (const flowLog of logs) await this.#deliver(flowLog, endMs, isOver);
    const alive = new Set(live.map((eni) => eni.index));
    this.#known = new Map([...this.#known].filter(([index]) => alive.has(index)));
    for (const of of this.#gathered.values()) for (const [id, { flows, lost: some }] of of) if (flows.size === 0 && some === 0 && !live.some((eni) => eni.id === id)) of.delete(id);
  }

  /** A deleted log's records are not delivered (VPC user guide: none is created or published from then on). */
  #forget(logs: readonly FlowLog[]): void {
    const ids = new Set(logs.map((flowLog) => flowLog.id));
    for (const id of this.#gathered.keys()) if (!ids.has(id)) this.#gathered.delete(id);
    for (const flowLog of logs) if (!this.#gathered.has(flowLog.id)) this.#gathered.set(flowLog.id, new Map());
  }

  #at(snapshot: Snapshot, flowLog: FlowLog, eni: NetworkInterface): Gathered {
    const of = this.#gathered.get(flowLog.id)!;
    let one = of.get(eni.id);
    if (!one) of.set(eni.id, (one = { facts: interfaceFacts(snapshot, eni), sinceMs: Math.max(Date.parse(flowLog.createdAt), this.#lastMs), lost: 0, flows: new Map() }));
    else if (snapshot.get("network-interface", eni.id)) one.facts = interfaceFacts(snapshot, eni);
    return one;
  }

  #share(snapshot: Snapshot, account: FlowAccount): void {
    const eni = this.#known.get(account.port);
    if (!eni) return; // it was gone before anybody wrote down whose it was
    for (const flowLog of flowLogsOf(snapshot, eni)) {
      if (flowLog.trafficType !== "ALL" && (flowLog.trafficType === "REJECT") !== account.rejected) continue;
      if (account.lastMs < Date.parse(flowLog.createdAt) - 10) continue; // another log's, before this one; the kernel's clock is a few milliseconds coarse
      const { flows } = this.#at(snapshot, flowLog, eni);
      const key = [account.source, account.destination, account.sourcePort, account.destinationPort, account.protocol, account.egress, account.rejected, account.path].join(" ");
      const before = flows.get(key);
      flows.set(key, before ? { ...before, packets: before.packets + account.packets, bytes: before.bytes + account.bytes, lastMs: account.lastMs, tcpFlags: before.tcpFlags | account.tcpFlags } : account);
    }
  }

  async #deliver(flowLog: FlowLog, endMs: number, isOver: (minutes: number) => boolean): Promise<void> {
    const writer = lineWriter(flowLog.logFormat, this.#options.accountId);
    const streams = new Map<string, string[]>(); // interface -> lines
    let startMs = endMs;
    for (const [id, one] of this.#gathered.get(flowLog.id)!) {
      if (!isOver(aggregationSeconds(flowLog, one.facts) / 60)) continue;
      const flows = [...one.flows.values()].sort((a, b) => a.firstMs - b.firstMs);
      const gap = { startMs: one.sinceMs, endMs };
      const lines = flows.map((flow) => writer.line(one.facts, flow));
      if (one.lost > 0) lines.push(writer.line(one.facts, { status: "SKIPDATA", ...gap }));
      else if (lines.length === 0) lines.push(writer.line(one.facts, { status: "NODATA", ...gap }));
      streams.set(id, lines);
      startMs = Math.min(startMs, one.sinceMs);
      one.flows.clear();
      one.lost = 0;
      one.sinceMs = endMs;
    }
    if (streams.size === 0) return;
    try {
      const { root, accountId } = this.#options;
      if (flowLog.logDestinationType === "s3") await deliverCompressed(join(root, bucketFile(flowLog, accountId, new Date(startMs), randomBytes(4).toString("hex"))), [writer.header, ...[...streams.values()].flat()]);
      else for (const [id, lines] of streams) await deliverMore(join(root, streamFile(flowLog, accountId, id, new Date(startMs))), lines);
      this.#say(flowLog, undefined);
    } catch (error) {
      log("error", "flow log was not delivered", { flowLog: flowLog.id, error: (error as Error).message });
      this.#say(flowLog, (error as Error).message);
    }
  }

  /** DeliverLogsStatus and its message. */
  #say({ id }: FlowLog, deliveryError: string | undefined): void {
    this.#options.write((tx) => {
      const now = tx.get("vpc-flow-log", id);
      if (now && now.deliveryError !== deliveryError) tx.put("vpc-flow-log", { ...now, deliveryError });
    });
  }
}
