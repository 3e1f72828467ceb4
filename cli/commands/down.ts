// Owns `vpcbox down` and `vpcbox reset`: the end of what runs, and the end of every record.

import type { Command } from "commander";
import { ask, askIfUp, type Status } from "../control.ts";
import { defaultStateDir, hasLeftovers, recallStateDir, runDir } from "../box-files.ts";
import { Failure } from "../failure.ts";
import { missingRequirements, requireRoot } from "../requirements.ts";
import { cleanUp } from "../start-daemon.ts";
import { withProgress } from "../terminal.ts";

const END_WAIT_MS = 10_000;

export function addDown(program: Command): void {
  program.command("down")
    .description("stop the box: guests, network and daemon end, its state stays for the next up")
    .action((_options, command: Command) => down(command.optsWithGlobals<{ box: string }>().box));
}

export function addReset(program: Command): void {
  program.command("reset")
    .description("delete every resource of the box, as if it were new; it stays up")
    .action(async (_options, command: Command) => {
      const { box } = command.optsWithGlobals<{ box: string }>();
      await withProgress(`resetting box ${box}`, () => ask(box, "POST", "/reset"));
      console.log(`box ${box} is as new`);
    });
}

async function down(box: string): Promise<void> {
  const running = await askIfUp<Status>(box, "GET", "/status");
  if (running) {
    await withProgress(`stopping box ${box}`, async () => {
      await ask(box, "POST", "/down");
      await processEnd(running.pid);
    });
    console.log(`box ${box} is down; its state is kept in ${running.state}`);
  } else if (hasLeftovers(box)) {
    requireRoot();
    const missing = missingRequirements();
    if (missing.length > 0) throw new Failure(missing.join("; "));
    const stateDir = recallStateDir(box) ?? defaultStateDir(box);
    await withProgress(`removing what a dead daemon of box ${box} left`, () => cleanUp({ box, stateDir, runDir: runDir(box) }));
    console.log(`box ${box} had no daemon; what it left running is removed, its state is kept in ${stateDir}`);
  } else {
    console.log(`box ${box} is not up`);
  }
}

/** A process of another parent gives no event when it ends: it is asked for. */
async function processEnd(pid: number): Promise<void> {
  const end = Date.now() + END_WAIT_MS;
  while (isAlive(pid)) {
    if (Date.now() > end) throw new Failure(`the daemon (pid ${pid}) took the box down but did not end; end it with: sudo kill ${pid}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
