// Owns the command line of vpcbox: its commands, its global options, and how every failure ends (one line on stderr; status 2 for
// wrong usage, 1 for a failure).

import { readFileSync } from "node:fs";
import { Command, CommanderError, InvalidArgumentError } from "commander";
import { addCapture } from "./commands/capture.ts";
import { addDrops } from "./commands/drops.ts";
import { addConsoleOutput, addStatus } from "./commands/status.ts";
import { addDoctor } from "./commands/doctor.ts";
import { addDown, addReset } from "./commands/down.ts";
import { addExplain } from "./commands/explain.ts";
import { addFlowLogs } from "./commands/flow-logs.ts";
import { addImage } from "./commands/image.ts";
import { addExec, addLaptop } from "./commands/exec.ts";
import { addSsh } from "./commands/ssh.ts";
import { addUp } from "./commands/up.ts";
import { Failure, oneLine } from "./failure.ts";
import { red } from "./terminal.ts";

const WRONG_USAGE = 2;
const FAILED = 1;

function buildProgram(): Command {
  const { version, description } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { version: string; description: string };
  const program = new Command("vpcbox")
    .description(description)
    .version(version)
    .option("--box <name>", "which box, of several side by side", parseBox, "default")
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(errorLine(text.replace(/^error: /, ""))) })
    .addHelpText("after", "\nAll but status and --help need root: sudo npx vpcbox up --detach\nThe API answers unmodified clients: aws --endpoint-url http://127.0.0.1:4566 ec2 describe-vpcs");
  for (const add of [addUp, addDown, addReset, addStatus, addExec, addSsh, addLaptop, addConsoleOutput, addDrops, addFlowLogs, addExplain, addDoctor, addCapture, addImage]) add(program);
  return program;
}

function parseBox(name: string): string {
  if (!/^[a-z0-9][a-z0-9-]{0,30}$/.test(name)) throw new InvalidArgumentError("A box name has a-z, 0-9 and dashes, 31 characters at most.");
  return name;
}

function errorLine(text: string): string {
  const hint = /^unknown option '-/.test(text) && ["exec", "ssh", "laptop"].some((word) => process.argv.includes(word)) ? "; put -- before the command to run" : "";
  return `${red("vpcbox:", process.stderr)} ${oneLine(text)}${hint}\n`;
}

// The reader of a pipe went away (`vpcbox drops | head -1`): nothing is left to say.
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : FAILED));

try {
  await buildProgram().parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : WRONG_USAGE; // its line is written already
  } else {
    const known = error instanceof Failure || (error as NodeJS.ErrnoException).code !== undefined;
    process.stderr.write(errorLine(known ? (error as Error).message : `unexpected: ${(error as Error).stack ?? String(error)}`));
    process.exitCode = FAILED;
  }
}
