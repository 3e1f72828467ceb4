// Owns taking flow accounts out of the kernel (account.bpf.h) without losing a packet that arrives meanwhile: new packets go to the
// other generation from the switch on; a grace period later no running program can still write to the one before; that is read
// and deleted. A daemon that dies between has lost what it read and no more: the rest is there for the next.

import { gracePeriod } from "../linux/libc.ts";
import { deleteEntries, lookupEntry, readMap, updateEntry, type LoadedObject } from "./libbpf.ts";

/** One flow in one direction at one interface. Addresses and ports as the interface has them; times by the wall clock. */
export interface FlowAccount {
  readonly port: number; // of tables.ts: the interface's number
  readonly source: number;
  readonly destination: number;
  readonly sourcePort: number; // 0 of what has none, ICMP too
  readonly destinationPort: number;
  readonly protocol: number;
  readonly egress: boolean;
  readonly rejected: boolean; // by a group or an ACL
  readonly path: number; // AWS's number of the way it left; 0: it has none
  readonly packets: number;
  readonly bytes: number; // of IP packets
  readonly firstMs: number;
  readonly lastMs: number;
  readonly tcpFlags: number; // FIN, SYN, RST of any packet; ACK of a SYN's
}
/** `lost`: packets that found no room, by port. */
export interface DrainedAccounts { readonly accounts: readonly FlowAccount[]; readonly lost: ReadonlyMap<number, number> }

const EGRESS = 1, REJECT = 2;
const GENERATION_AT = 19;

export async function drainAccounts(object: LoadedObject): Promise<DrainedAccounts> {
  const current = switchGeneration(object.mapFd("accounts_generation"));
  await gracePeriod();
  const { fd, entries } = takeOthers(object, "accounts", (key) => key.charCodeAt(GENERATION_AT) !== current);
  const bootMs = Date.now() - Number(process.hrtime.bigint()) / 1e6; // both clocks, the kernel's coarse one and this, count from there
  const accounts = entries.map(([key, value]) => decode(Buffer.from(key, "latin1"), Buffer.from(value, "latin1"), bootMs));
  deleteEntries(fd, entries.map(([key]) => key));
  const rooms = takeOthers(object, "accounts_room", (key) => key.charCodeAt(4) !== current);
  const lost = new Map(rooms.entries.map(([key, value]) => [Buffer.from(key, "latin1").readUInt32LE(0), Number(Buffer.from(value, "latin1").readBigUInt64LE(8))] as const).filter(([, packets]) => packets > 0));
  deleteEntries(rooms.fd, rooms.entries.map(([key]) => key));
  return { accounts, lost };
}

/** @returns the generation that packets go to from now on */
function switchGeneration(fd: number): number {
  const zero = Buffer.alloc(4), value = Buffer.alloc(4);
  lookupEntry(fd, zero, value);
  value.writeUInt32LE(value.readUInt32LE(0) ^ 1);
  updateEntry(fd, zero, value);
  return value.readUInt32LE(0);
}

/** Entries that no program touches: their table is a hash, where others come and go without moving them. */
function takeOthers(object: LoadedObject, map: string, isOther: (key: string) => boolean): { readonly fd: number; readonly entries: [string, string][] } {
  return { fd: object.mapFd(map), entries: [...readMap(object, map)].filter(([key]) => isOther(key)) };
}

function decode(key: Buffer, value: Buffer, bootMs: number): FlowAccount {
  const bits = key[17]!;
  return {
    port: key.readUInt32LE(0), source: key.readUInt32BE(4), destination: key.readUInt32BE(8), sourcePort: key.readUInt16BE(12), destinationPort: key.readUInt16BE(14),
    protocol: key[16]!, egress: (bits & EGRESS) !== 0, rejected: (bits & REJECT) !== 0, path: key[18]!,
    packets: Number(value.readBigUInt64LE(0)), bytes: Number(value.readBigUInt64LE(8)),
    firstMs: bootMs + Number(value.readBigUInt64LE(16)) / 1e6, lastMs: bootMs + Number(value.readBigUInt64LE(24)) / 1e6,
    tcpFlags: value.readUInt32LE(32),
  };
}
