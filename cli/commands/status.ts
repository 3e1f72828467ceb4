// Owns `vpcbox status`, `vpcbox drops` and `vpcbox console-output`: what runs, which packets were dropped and why, a boot log.

import type { Command } from "commander";
import { ask, type Drop, type Status } from "../control.ts";
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

export function addDrops(program: Command): void {
  program.command("drops")
    .description("count the packets each network interface dropped, with the reason")
    .option("--json", "print them as JSON on one line")
    .action(async (_options, command: Command) => {
      const { box, json } = command.optsWithGlobals<ShowOptions>();
      const answer = await ask<{ drops: Drop[] }>(box, "GET", "/drops");
      console.log(json ? JSON.stringify(answer) : table(answer.drops));
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

function table(drops: readonly Drop[]): string {
  if (drops.length === 0) return "no packet was dropped";
  const rows = [["INTERFACE", "NAME", "REASON", "PACKETS", "BYTES"], ...drops.map((d) => [d.interface, d.name === "" ? "-" : d.name, d.reason, String(d.packets), String(d.bytes)])];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) => row.map((cell, column) => (column < 3 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!))).join("  ")).join("\n");
}
