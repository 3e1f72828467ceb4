// Owns the other processor: a thread of its own that runs the program on frames whose fate is known, round and round, and says of how many
// it was another. Imported by nobody: a worker of shared-verdicts.test.ts.

import { parentPort, workerData } from "node:worker_threads";
import { FrameRuns } from "../../src/datapath/test-run.ts";
import { inNetns } from "../../src/linux/netns.ts";

export interface Fate { readonly frame: Uint8Array; readonly becomes: Uint8Array } // becomes: what is handed over
interface Work { readonly programFd: number; readonly netns: string; readonly ifindex: number; readonly fates: readonly Fate[]; readonly rounds: number }
const { programFd, netns, ifindex, fates, rounds } = workerData as Work;

const wrong = inNetns(netns, () => {
  const runs = new FrameRuns(programFd);
  let other = 0;
  for (let round = 0; round < rounds; round++)
    for (const { frame, becomes } of fates) {
      runs.run(frame, ifindex);
      if (!runs.frame.equals(becomes)) other++;
    }
  return other;
});
parentPort!.postMessage(wrong);
