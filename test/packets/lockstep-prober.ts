// Owns one of two processors that run the program at the same moments: a thread of its own, which goes on to its next frame when the other
// one has come as far. Imported by nobody: a worker of closing.test.ts.

import { parentPort, workerData } from "node:worker_threads";
import { FrameRuns } from "../../src/datapath/test-run.ts";
import { inNetns } from "../../src/linux/netns.ts";

/** `at`: how far each of the two has come; `me`: which of them this is. */
export interface LockstepWork { readonly programFd: number; readonly netns: string; readonly ifindex: number; readonly frames: readonly Uint8Array[]; readonly at: Int32Array; readonly me: 0 | 1 }
const { programFd, netns, ifindex, frames, at, me } = workerData as LockstepWork;
const PATIENCE = 20_000_000; // looks at the other, which may have lost its processor for a while; some 0.2 s

inNetns(netns, () => {
  const runs = new FrameRuns(programFd);
  for (const [i, frame] of frames.entries()) {
    Atomics.store(at, me, i + 1);
    for (let looks = 0; Atomics.load(at, 1 - me) <= i && looks < PATIENCE; looks++);
    runs.run(frame, ifindex);
  }
});
parentPort!.postMessage("done");
