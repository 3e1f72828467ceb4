// Owns reading what the program shows while somebody watches (watch.bpf.h): drops with their headers, frames at captured links, and how
// many of each were lost. What is switched on ends by itself unless it is asked for again: keepOn().

import { deleteEntry, lookupEntry, openRing, readMap, updateEntry, type LoadedObject, type Ring } from "./libbpf.ts";
import { dropReasons, type DropReason } from "./tables.ts";

export interface Shown { readonly atNs: bigint; readonly length: number; /** The frame, or its beginning. */ readonly bytes: Buffer } // atNs: CLOCK_MONOTONIC
export interface ShownDrop extends Shown { readonly port: number; readonly entry: number; readonly reason: DropReason } // entry: index of the link it came in by
export interface ShownFrame extends Shown { readonly ifindex: number; readonly way: "sent" | "received" } // by the interface
export interface LostDrops { readonly port: number; readonly reason: DropReason; readonly packets: number }

export const WATCH_LASTS_NS = 3_000_000_000n;
const reasonNames = new Map(Object.entries(dropReasons).map(([name, number]) => [number as number, name as DropReason]));
const BYTES_AT = 32; // in both records

export class Watch {
  readonly #object: LoadedObject;
  readonly #rings: readonly Ring[];
  readonly #lostBefore = new Map<string, number>();
  #drops: ShownDrop[] = [];
  #frames: ShownFrame[] = [];

  constructor(object: LoadedObject) {
    this.#object = object;
    this.#rings = [
      openRing(object.mapFd("shown_drops"), (b) => this.#drops.push({ ...readShown(b, 20), port: b.readUInt32LE(8), entry: b.readUInt32LE(12), reason: reasonNames.get(b.readUInt32LE(16)) ?? "MALFORMED" })),
      openRing(object.mapFd("shown_frames"), (b) => this.#frames.push({ ...readShown(b, 16), ifindex: b.readUInt32LE(8), way: b.readUInt32LE(12) === 1 ? "sent" : "received" })),
    ];
    for (const key of readMap(object, "captured_links").keys()) deleteEntry(object.mapFd("captured_links"), Buffer.from(key, "latin1")); // of a daemon that died
    this.lostDrops();
  }

  /** Drops and frames are shown for the next three seconds, or no longer. */
  keepOn(drops: boolean, frames: boolean): void {
    const until = process.hrtime.bigint() + WATCH_LASTS_NS, value = Buffer.alloc(16);
    value.writeBigUInt64LE(drops ? until : 0n, 0);
    value.writeBigUInt64LE(frames ? until : 0n, 8);
    updateEntry(this.#object.mapFd(".data.watch"), Buffer.alloc(4), value);
  }

  /** What has come since the last call, in order of time. */
  drain(): { readonly drops: readonly ShownDrop[]; readonly frames: readonly ShownFrame[] } {
    this.#drops = [];
    this.#frames = [];
    for (const ring of this.#rings) ring.consume();
    const byTime = (a: Shown, b: Shown): number => Number(a.atNs - b.atNs); // processors take their places a moment after they look at the clock
    return { drops: this.#drops.sort(byTime), frames: this.#frames.sort(byTime) };
  }

  /** Drops that were not shown since the last call. */
  lostDrops(): readonly LostDrops[] {
    const found: LostDrops[] = [];
    for (const [key, value] of readMap(this.#object, "drop_rates")) {
      const lost = Number(Buffer.from(value, "latin1").readBigUInt64LE(8)), before = this.#lostBefore.get(key) ?? 0, bytes = Buffer.from(key, "latin1");
      this.#lostBefore.set(key, lost);
      if (lost > before) found.push({ port: bytes.readUInt32LE(0), reason: reasonNames.get(bytes.readUInt32LE(4)) ?? "MALFORMED", packets: lost - before });
    }
    return found;
  }

  /** @param mostBytes of each frame */
  capture(ifindex: number, mostBytes: number): void {
    const value = Buffer.alloc(16), key = keyOf(ifindex);
    lookupEntry(this.#object.mapFd("captured_links"), key, value); // goes on counting
    value.writeUInt32LE(mostBytes, 0);
    updateEntry(this.#object.mapFd("captured_links"), key, value);
  }

  release(ifindex: number): void {
    deleteEntry(this.#object.mapFd("captured_links"), keyOf(ifindex));
  }

  /** Frames of a captured link that found no room. */
  lostFrames(ifindex: number): number {
    const value = Buffer.alloc(16);
    return lookupEntry(this.#object.mapFd("captured_links"), keyOf(ifindex), value) ? Number(value.readBigUInt64LE(8)) : 0;
  }

  /** The link (or a NAT gateway's number in place of one) of a port; undefined: it is not plugged in. */
  ifindexOf(port: number): number | undefined {
    const value = Buffer.alloc(4);
    return lookupEntry(this.#object.mapFd("numbers"), keyOf(port), value) ? value.readUInt32LE(0) : undefined;
  }

  close(): void {
    this.keepOn(false, false);
    for (const ring of this.#rings) ring.close();
  }
}

const keyOf = (number: number): Buffer => {
  const key = Buffer.alloc(4);
  key.writeUInt32LE(number, 0);
  return key;
};

/** @param lengthAt of the three numbers length, shown, VLAN tag */
function readShown(record: Buffer, lengthAt: number): Shown {
  const [length, shown, vlan] = [0, 4, 8].map((at) => record.readUInt32LE(lengthAt + at)) as [number, number, number];
  const bytes = Buffer.from(record.subarray(BYTES_AT, BYTES_AT + shown));
  const atNs = record.readBigUInt64LE(0);
  if (vlan === 0 || shown < 12) return { atNs, length, bytes };
  const tag = Buffer.from([0x81, 0, (vlan >> 8) & 255, vlan & 255]); // the kernel keeps it beside the frame
  return { atNs, length: length + 4, bytes: Buffer.concat([bytes.subarray(0, 12), tag, bytes.subarray(12)]) };
}
