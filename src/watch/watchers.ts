// Owns who watches now: followers of drops and captures of interfaces, several of each at once. While there is one, the program shows
// what it sees and this reads it fifty times a second; when the last one ends, the program stops.

import { Stream, type Sink } from "../control-stream.ts";
import { Watch, type ShownDrop, type ShownFrame } from "../datapath/watch.ts";
import type { LoadedObject } from "../datapath/libbpf.ts";
import type { Snapshot } from "../model/snapshot.ts";
import { DropLines } from "./drop-line.ts";
import { MOST_BYTES, pcapHeader, pcapRecord } from "./pcap.ts";
import { UnknownPlace, portsOf } from "./places.ts";

const TICK_MS = 20, TICKS_A_SECOND = 1000 / TICK_MS;

interface Follower { readonly sink: Sink; readonly ports: ReadonlySet<number> | undefined; shown: number; lost: number }
interface Capture { readonly sink: Sink; readonly port: number; readonly ifindex: number; readonly most: number; readonly count: number; readonly endsAtNs: bigint | undefined; readonly beganAtNs: bigint; readonly lostBefore: number; frames: number; lost: number }
export interface CaptureOptions { readonly most?: number | undefined; readonly count?: number | undefined; readonly seconds?: number | undefined }

export class Watchers {
  readonly #object: LoadedObject;
  readonly #snapshot: () => Snapshot;
  readonly #followers = new Set<Follower>();
  readonly #captures = new Set<Capture>();
  #watch: Watch | undefined;
  #lines: DropLines | undefined;
  #timer: NodeJS.Timeout | undefined;
  #ticks = 0;
  #toWallNs = 0n;

  constructor(object: LoadedObject, snapshot: () => Snapshot) {
    this.#object = object;
    this.#snapshot = snapshot;
  }

  /** Drops as lines of JSON. @param place only there; "" everywhere */
  followDrops(place: string): Stream {
    const ports = place === "" ? undefined : new Set(portsOf(this.#snapshot(), place));
    return new Stream("application/x-ndjson", (sink) => {
      const follower: Follower = { sink, ports, shown: 0, lost: 0 };
      this.#begin(() => this.#followers.add(follower));
      return () => this.#endFollower(follower, "stopped");
    });
  }

  /** What crosses an interface, as a pcap file. */
  capture(place: string, { most = MOST_BYTES, count = Infinity, seconds }: CaptureOptions): Stream {
    const port = portsOf(this.#snapshot(), place)[0];
    const ifindex = port === undefined ? undefined : (this.#watch ?? this.#open()).ifindexOf(port);
    if (port === undefined || ifindex === undefined) {
      this.#closeIfIdle();
      throw new UnknownPlace(`${place} has no network interface in the network now; start its instance first`);
    }
    return new Stream("application/vnd.tcpdump.pcap", (sink) => {
      const now = process.hrtime.bigint();
      const capture: Capture = { sink, port, ifindex, most, count, beganAtNs: now, endsAtNs: seconds === undefined ? undefined : now + BigInt(Math.round(seconds * 1e9)), lostBefore: (this.#watch ?? this.#open()).lostFrames(ifindex), frames: 0, lost: 0 };
      sink.write(pcapHeader(most));
      this.#begin(() => this.#captures.add(capture));
      return () => { this.#tick(); this.#endCapture(capture, "stopped"); };
    });
  }

  /** Ends all: the box goes down. */
  close(): void {
    for (const follower of this.#followers) this.#endFollower(follower, "the box went down");
    for (const capture of this.#captures) this.#endCapture(capture, "the box went down");
    this.#closeIfIdle();
  }

  #open(): Watch {
    const watch = (this.#watch = new Watch(this.#object));
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    return watch;
  }

  #begin(add: () => void): void {
    const watch = this.#watch ?? this.#open();
    if (this.#followers.size === 0) watch.lostDrops(); // what nobody followed is nobody's loss
    add();
    this.#ticks = 0;
    this.#switchOn(watch);
  }

  #switchOn(watch: Watch): void {
    const most = new Map<number, number>();
    for (const c of this.#captures) most.set(c.ifindex, Math.max(c.most, most.get(c.ifindex) ?? 0));
    for (const [ifindex, bytes] of most) watch.capture(ifindex, bytes);
    watch.keepOn(this.#followers.size > 0, this.#captures.size > 0);
    this.#toWallNs = BigInt(Math.round((performance.timeOrigin + performance.now()) * 1e3)) * 1000n - process.hrtime.bigint();
    const drift = BigInt(Date.now()) * 1_000_000n - (process.hrtime.bigint() + this.#toWallNs);
    if (drift > 5_000_000n || drift < -5_000_000n) this.#toWallNs += drift; // the machine's clock was set since this process began
  }

  #tick(): void {
    const watch = this.#watch;
    if (!watch) return;
    const { drops, frames } = watch.drain();
    if (this.#followers.size > 0) this.#showDrops(watch, drops);
    for (const capture of this.#captures) this.#showFrames(capture, frames);
    if (++this.#ticks % TICKS_A_SECOND === 0) this.#everySecond(watch);
    this.#closeIfIdle();
  }

  #showDrops(watch: Watch, drops: readonly ShownDrop[]): void {
    const lines = drops.map((drop) => `${JSON.stringify(this.#names().line(drop, this.#time(drop.atNs), watch.ifindexOf(drop.port)))}\n`);
    for (const follower of this.#followers) {
      const own = lines.filter((_, i) => follower.ports?.has(drops[i]!.port) ?? true);
      if (own.length === 0) continue;
      if (follower.sink.write(own.join(""))) follower.shown += own.length;
      else follower.lost += own.length;
    }
  }

  #showFrames(capture: Capture, frames: readonly ShownFrame[]): void {
    const now = process.hrtime.bigint();
    const own = frames.filter((f) => f.ifindex === capture.ifindex && f.atNs >= capture.beganAtNs && (capture.endsAtNs === undefined || f.atNs <= capture.endsAtNs)).slice(0, capture.count - capture.frames);
    if (own.length > 0) {
      const sent = capture.sink.write(Buffer.concat(own.map((f) => pcapRecord(f.atNs + this.#toWallNs, f.bytes.subarray(0, capture.most), f.length))));
      if (sent) capture.frames += own.length;
      else capture.lost += own.length;
    }
    if (capture.frames >= capture.count) this.#endCapture(capture, "count");
    else if (capture.endsAtNs !== undefined && now >= capture.endsAtNs) this.#endCapture(capture, "seconds");
  }

  #everySecond(watch: Watch): void {
    this.#switchOn(watch);
    const lost = this.#followers.size > 0 ? watch.lostDrops() : [];
    for (const follower of this.#followers) {
      const own = lost.filter(({ port }) => follower.ports?.has(port) ?? true);
      follower.lost += own.reduce((sum, { packets }) => sum + packets, 0);
      if (own.length > 0) follower.sink.write(own.map((one) => `${JSON.stringify(this.#names().lost(one, this.#time(process.hrtime.bigint())))}\n`).join(""));
    }
    for (const capture of this.#captures) if (watch.ifindexOf(capture.port) !== capture.ifindex) this.#endCapture(capture, "the interface is gone");
  }

  #names(): DropLines {
    const snapshot = this.#snapshot();
    if (this.#lines?.revision !== snapshot.revision) this.#lines = new DropLines(snapshot);
    return this.#lines!;
  }

  #time(atNs: bigint): string {
    const wall = atNs + this.#toWallNs;
    return `${new Date(Number(wall / 1_000_000n)).toISOString().slice(0, -1)}${String((wall / 1000n) % 1000n).padStart(3, "0")}Z`;
  }

  #endFollower(follower: Follower, reason: string): void {
    this.#followers.delete(follower);
    follower.sink.end({ shown: follower.shown, lost: follower.lost, reason });
    this.#closeIfIdle();
  }

  #endCapture(capture: Capture, reason: string): void {
    if (!this.#captures.delete(capture)) return;
    const lost = capture.lost + (this.#watch ? this.#watch.lostFrames(capture.ifindex) - capture.lostBefore : 0);
    capture.sink.end({ frames: capture.frames, lost: Math.max(0, lost), reason });
    if (![...this.#captures].some((other) => other.ifindex === capture.ifindex)) this.#watch?.release(capture.ifindex);
    this.#closeIfIdle();
  }

  #closeIfIdle(): void {
    if (this.#followers.size + this.#captures.size > 0 || !this.#watch) return;
    clearInterval(this.#timer);
    this.#watch.close();
    this.#watch = undefined;
    this.#lines = undefined;
  }
}
