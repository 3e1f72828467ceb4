// Owns freeing what the program remembers of ports that are gone: their flows, whose slots nobody else wants (flows.bpf.h), and what was
// counted at interfaces that are no more.

import { deleteEntries, deleteEntry, lookupEntry, readMap, updateEntry, type LoadedObject } from "./libbpf.ts";

const MOST_SLOTS_AT_ONCE = 4096; // some milliseconds: the rest is done by the next calls

/** Answers whether all is freed. @param allowance slots of an interface at most */
export function freeGonePorts(object: LoadedObject, isThere: (port: number) => boolean, allowance: number): boolean {
  const [rooms, slots, flows] = [object.mapFd("flow_rooms"), object.mapFd("flow_slots"), object.mapFd("flows")];
  let left = MOST_SLOTS_AT_ONCE;
  for (const [key, value] of readMap(object, "flow_rooms")) {
    const room = Buffer.from(key, "latin1"), port = room.readUInt32LE(0), ring = Buffer.from(value, "latin1");
    if (isThere(port)) continue;
    let used = Math.min(ring.readUInt32LE(4), allowance);
    const slot = Buffer.alloc(8), held = Buffer.alloc(24);
    slot.writeUInt32LE(port, 0);
    for (; used > 0 && left > 0; used--, left--) {
      slot.writeUInt32LE(used - 1, 4);
      if (!lookupEntry(slots, slot, held)) continue;
      deleteEntry(flows, held.subarray(0, 20));
      deleteEntry(slots, slot);
    }
    if (used === 0) deleteEntry(rooms, room);
    else {
      ring.writeUInt32LE(used, 4);
      updateEntry(rooms, room, ring);
      return false;
    }
  }
  return true;
}

/** How many connections it has at NAT gateways stays while it has any: their clocks end them, and a later call finds none. */
export function freeGoneCounters(object: LoadedObject, isThere: (port: number) => boolean): void {
  for (const name of ["drops", "nat_metrics", "nat_users"] as const) {
    const perCpu = name !== "nat_users";
    deleteEntries(object.mapFd(name), [...readMap(object, name, perCpu)].filter(([key, value]) => !isThere(Buffer.from(key, "latin1").readUInt32LE(0)) && (perCpu || Buffer.from(value, "latin1").readBigInt64LE(0) === 0n)).map(([key]) => key));
  }
}
