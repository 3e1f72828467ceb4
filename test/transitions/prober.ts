// Owns the prober: a thread of its own that runs the program on packets as fast as it can while the test's thread edits its tables, and
// counts what it answered. Every packet is of a new flow. Imported by nobody: a worker of no-moment.test.ts.

import { parentPort, workerData } from "node:worker_threads";
import { testRun } from "../../src/datapath/libbpf.ts";
import { inNetns } from "../../src/linux/netns.ts";
import { frame } from "../support/frames.ts";

export interface Probe { readonly from: string; readonly to: string; readonly dport: number; readonly sourceMac: string }
interface Work { readonly programFd: number; readonly netns: string; readonly ifindex: number; readonly probes: readonly Probe[]; readonly shared: SharedArrayBuffer } // shared: 1 ends it; rounds so far
const { programFd, netns, ifindex, probes, shared } = workerData as Work;
const state = new Int32Array(shared), REDIRECT = 7;

const counts = inNetns(netns, () => {
  const passed = probes.map(() => 0), dropped = probes.map(() => 0);
  for (let sport = 1; Atomics.load(state, 0) === 0; Atomics.add(state, 1, 1), sport = (sport % 65_000) + 1) {
    probes.forEach((probe, i) => {
      const { verdict } = testRun(programFd, frame({ ...probe, protocol: 17, sport }), ifindex);
      (verdict === REDIRECT ? passed : dropped)[i]!++;
    });
  }
  return { passed, dropped };
});
parentPort!.postMessage(counts);
