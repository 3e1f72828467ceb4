// Owns freeing what the program remembers of ports that are gone: their flows, and what was counted at interfaces that are no more.

import { deleteEntries, readMap, type LoadedObject } from "./libbpf.ts";

/** A port without an account has no flows: what is left of them is nobody's, and makes room for the next (flows.bpf.h). */
export function freeGonePorts(object: LoadedObject, isThere: (port: number) => boolean): void {
  deleteEntries(object.mapFd("flow_users"), [...readMap(object, "flow_users").keys()].filter((key) => !isThere(Buffer.from(key, "latin1").readUInt32LE(0))));
}

/** How many connections it has at NAT gateways stays while it has any: their clocks end them, and a later call finds none. */
export function freeGoneCounters(object: LoadedObject, isThere: (port: number) => boolean): void {
  for (const name of ["drops", "nat_metrics", "nat_users"] as const) {
    const perCpu = name !== "nat_users";
    deleteEntries(object.mapFd(name), [...readMap(object, name, perCpu)].filter(([key, value]) => !isThere(Buffer.from(key, "latin1").readUInt32LE(0)) && (perCpu || Buffer.from(value, "latin1").readBigInt64LE(0) === 0n)).map(([key]) => key));
  }
}
