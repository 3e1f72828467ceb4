// Owns how many packets of an interface the resolver takes in a second; one more gets no answer (Amazon VPC user guide, "DNS quotas").

import { performance } from "node:perf_hooks";

/** @param nowMs a clock that does not go back */
export function packetLimit(perSecond: number, nowMs: () => number = () => performance.now()): (from: string) => boolean {
  let second = -1;
  let taken = new Map<string, number>();
  return (from) => {
    const now = Math.floor(nowMs() / 1000);
    if (now !== second) {
      second = now;
      taken = new Map();
    }
    const count = taken.get(from) ?? 0;
    if (count >= perSecond) return false;
    taken.set(from, count + 1);
    return true;
  };
}
