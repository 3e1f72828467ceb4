// Owns a flow of pings that goes on while something else happens, and its count at the end.

import assert from "node:assert/strict";
import { cli, run, until, type Box } from "./box.ts";

export interface SteadyPing { /** Ends it; the last one may still be on its way. */ end(): Promise<{ readonly sent: number; readonly received: number }> }

/** Answers when it has begun. @param mostMs it ends by itself then, should the test die */
export async function steadyPing(box: Box, from: string, to: string, everySeconds: number, mostMs: number): Promise<SteadyPing> {
  const [begun, over] = [`/tmp/begun-${to}`, `/tmp/over-${to}`]; // a file ends it: no process of the guest is signalled from outside
  const script = `touch ${begun}; ping -n -q -i ${everySeconds} ${to} & P=$!; until [ -e ${over} ]; do sleep 0.05; done; kill -INT $P; wait $P`;
  const flow = run(cli, ["--box", box.name, "exec", from, "--", "bash", "-c", script], { timeoutMs: mostMs });
  await until(`pings to ${to}`, async () => ((await box.exec(from, "test", "-e", begun)).status === 0 ? true : undefined));
  return {
    end: async () => {
      await box.exec(from, "touch", over);
      const { stdout, stderr } = await flow;
      const counts = /(\d+) packets transmitted, (\d+) received/.exec(stdout);
      assert.ok(counts, stdout + stderr);
      return { sent: Number(counts[1]), received: Number(counts[2]) };
    },
  };
}
