// Owns BPF_PROG_TEST_RUN in numbers: the very program, on the very tables, one packet after the other without a wire. Buffers are made
// once; a run is one system call. What a redirect's target was shows in the frame: the program writes the target's MAC address.

import koffi from "koffi";
import { deleteEntry, readMap, runTest, updateEntry, lookupEntry, possibleCpus } from "./libbpf.ts";
import type { Datapath } from "./loader.ts";
import { dropReasons, type DropReason } from "./tables.ts";

export const TC_ACT_SHOT = 2, TC_ACT_REDIRECT = 7;
const LONGEST = 10_000;
const TICK_BITS = 24, FLOW_BYTES = 32, SEEN_AT = 24; // flows.bpf.h

/** The calling thread is in the namespace whose link numbers the tables name. */
export class FrameRuns {
  readonly #program: number;
  readonly #context = Buffer.alloc(192); // struct __sk_buff; ifindex at 40
  readonly #options = Buffer.alloc(88); // struct bpf_test_run_opts
  readonly #in = Buffer.alloc(LONGEST);
  readonly #out = Buffer.alloc(LONGEST + 256);

  constructor(programFd: number) {
    this.#program = programFd;
    this.#options.writeBigUInt64LE(88n, 0);
    this.#options.writeBigUInt64LE(koffi.address(this.#in), 8);
    this.#options.writeBigUInt64LE(koffi.address(this.#out), 16);
    this.#options.writeBigUInt64LE(koffi.address(this.#context), 32);
    this.#options.writeUInt32LE(this.#context.length, 48);
    this.#options.writeInt32LE(1, 60);
  }

  /** Runs the program on a frame that came in at the link; answers its verdict. */
  run(frame: Uint8Array, ifindex: number): number {
    this.#in.set(frame);
    this.#context.writeUInt32LE(ifindex, 40);
    this.#options.writeUInt32LE(frame.length, 24);
    this.#options.writeUInt32LE(this.#out.length, 28);
    runTest(this.#program, this.#options);
    return this.#options.readUInt32LE(56);
  }

  /** The frame as the last run left it; valid until the next. */
  get frame(): Buffer {
    return this.#out.subarray(0, this.#options.readUInt32LE(28));
  }
}

/** What the program counts and remembers too. */
export class TestRuns extends FrameRuns {
  readonly #datapath: Datapath;
  readonly #dropKey = Buffer.alloc(8);
  readonly #dropValue: Buffer;

  constructor(datapath: Datapath) {
    super(datapath.object.programFd("from_port"));
    this.#datapath = datapath;
    this.#dropValue = Buffer.alloc(datapath.object.sizesOf("drops")[1] * possibleCpus());
  }

  /** Packets dropped at a port for a reason so far. */
  dropped(port: number, reason: DropReason): number {
    this.#dropKey.writeUInt32LE(port, 0);
    this.#dropKey.writeUInt32LE(dropReasons[reason], 4);
    if (!lookupEntry(this.#datapath.object.mapFd("drops"), this.#dropKey, this.#dropValue)) return 0;
    let sum = 0;
    for (let at = 0; at < this.#dropValue.length; at += this.#datapath.object.sizesOf("drops")[1]) sum += Number(this.#dropValue.readBigUInt64LE(at));
    return sum;
  }

  /** Every drop so far, "port REASON" -> packets. */
  drops(): ReadonlyMap<string, number> {
    return new Map(this.#datapath.drops().map((d) => [`${d.port} ${d.reason}`, d.packets]));
  }

  /** Makes what the program remembers older: first pieces, whose values begin with the time they were last seen, and flows. */
  age(seconds: number): void {
    this.#change("fragments", (value) => { value.writeBigUInt64LE(BigInt.asUintN(64, value.readBigInt64LE(0) - BigInt(seconds) * 1_000_000_000n), 0); });
    const ticks = Math.ceil(seconds * 1e9 / 2 ** TICK_BITS);
    this.#change("flows", (set) => { for (let seen = SEEN_AT; seen < set.length; seen += FLOW_BYTES) set.writeUInt32LE((set.readUInt32LE(seen) - ticks) >>> 0, seen); });
    this.forgetVerdicts();
  }

  #change(map: string, change: (value: Buffer) => void): void {
    const { object } = this.#datapath, fd = object.mapFd(map);
    for (const [key, text] of readMap(object, map)) {
      const value = Buffer.from(text, "latin1");
      change(value);
      updateEntry(fd, Buffer.from(key, "latin1"), value);
    }
  }

  /** What the program remembers of the whole way holds for one generation of the tables. */
  forgetVerdicts(): void {
    const fd = this.#datapath.object.mapFd("generation"), zero = Buffer.alloc(4), value = Buffer.alloc(4);
    lookupEntry(fd, zero, value);
    value.writeUInt32LE((value.readUInt32LE(0) + 1) >>> 0);
    updateEntry(fd, zero, value);
  }

  /** Forgets flows (of interfaces without an account: nobody's), pieces and counters. */
  forget(): void {
    for (const map of ["flow_users", "fragments", "fragment_slots", "asked_by", "drops"]) {
      const { object } = this.#datapath, fd = object.mapFd(map);
      for (const key of readMap(object, map, map === "drops").keys()) deleteEntry(fd, Buffer.from(key, "latin1"));
    }
    this.forgetVerdicts();
  }

}
