// Owns `vpcbox status` and `vpcbox console-output`: what runs, a boot log.

import type { Command } from "commander";
import { ask, type Status } from "../control.ts";
import { bold, green, red, yellow } from "../terminal.ts";

interface ShowOptions { readonly box: string; readonly json?: boolean }

export function addStatus(program: Command): void {
  program.command("status")
    .description("say what runs; status 1 when the box is not up")
    .option("--json", "print it as JSON on one line")
    .action(async (_options, command: Command) => {
      const { box, json } = command.optsWithGlobals<ShowOptions>();
      const status = await ask<Status>(box, "GET", "/status");
      console.log(json ? JSON.stringify(status) : describe(status));
    });
}

export function addConsoleOutput(program: Command): void {
  program.command("console-output")
    .description("print an instance's boot log")
    .argument("<instance>", "id or Name tag")
    .action(async (instance: string, _options, command: Command) => {
      const { box } = command.optsWithGlobals<ShowOptions>();
      const { text } = await ask<{ text: string }>(box, "GET", "/console-output", { instance });
      process.stdout.write(text === "" || text.endsWith("\n") ? text : `${text}\n`);
    });
}

function describe(status: Status): string {
  const counts = Object.entries(status.instances).map(([state, n]) => `${n} ${state}`);
  const lines = [
    `box ${bold(status.box)}: ${green("up")}, ${status.endpoint} (pid ${status.pid}, vpcbox ${status.version})`,
    `state:     ${status.state}`,
    `instances: ${counts.length > 0 ? counts.join(", ") : "none"}`,
    `network:   ${status.converged ? `as asked for (revision ${status.revision})` : yellow(`working towards revision ${status.revision}`)}`,
    ...status.problems.map((problem) => `problem:   ${red(problem)}`),
  ];
  return lines.join("\n");
}
