// Owns the command line of vpcbox: its commands, its global options, and how every failure ends (one line on stderr; status 2 for
// wrong usage, 1 for a failure).

import { readFileSync } from "node:fs";
import { Command, CommanderError, InvalidArgumentError } from "commander";
import { Failure, oneLine } from "./failure.ts";
import { red } from "./terminal.ts";

const WRONG_USAGE = 2;
const FAILED = 1;

type Add = (program: Command) => void;
/** In the order of --help. */
const commands: Readonly<Record<string, () => Promise<Add>>> = {
  "up": async () => (await import("./commands/up.ts")).addUp,
  "down": async () => (await import("./commands/down.ts")).addDown,
  "reset": async () => (await import("./commands/down.ts")).addReset,
  "status": async () => (await import("./commands/status.ts")).addStatus,
  "exec": async () => (await import("./commands/exec.ts")).addExec,
  "ssh": async () => (await import("./commands/ssh.ts")).addSsh,
  "laptop": async () => (await import("./commands/exec.ts")).addLaptop,
  "console-output": async () => (await import("./commands/status.ts")).addConsoleOutput,
  "drops": async () => (await import("./commands/drops.ts")).addDrops,
  "nat-metrics": async () => (await import("./commands/nat-metrics.ts")).addNatMetrics,
  "flow-logs": async () => (await import("./commands/flow-logs.ts")).addFlowLogs,
  "explain": async () => (await import("./commands/explain.ts")).addExplain,
  "doctor": async () => (await import("./commands/doctor.ts")).addDoctor,
  "capture": async () => (await import("./commands/capture.ts")).addCapture,
  "image": async () => (await import("./commands/image.ts")).addImage,
};

/** The one that is named, so that it does not wait for the programs of the others; all where none is. */
function wantedCommands(words: readonly string[]): Promise<readonly Add[]> {
  const first = words.find((word, i) => !word.startsWith("-") && words[i - 1] !== "--box") ?? "";
  return Promise.all((Object.hasOwn(commands, first) ? [commands[first]!] : Object.values(commands)).map((load) => load()));
}

async function buildProgram(): Promise<Command> {
  const { version, description } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { version: string; description: string };
  const program = new Command("vpcbox")
    .description(description)
    .version(version)
    .option("--box <name>", "which box, of several side by side", parseBox, "default")
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(errorLine(text.replace(/^error: /, ""))) })
    .addHelpText("after", "\nAll but status and --help need root: sudo npx vpcbox up --detach\nThe API answers unmodified clients: aws --endpoint-url http://127.0.0.1:4566 ec2 describe-vpcs");
  for (const add of await wantedCommands(process.argv.slice(2))) add(program);
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

delete process.env.NODE_COMPILE_CACHE; // ours (tools/node.sh), not of what runs inside
try {
  await (await buildProgram()).parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : WRONG_USAGE; // its line is written already
  } else {
    const known = error instanceof Failure || (error as NodeJS.ErrnoException).code !== undefined;
    process.stderr.write(errorLine(known ? (error as Error).message : `unexpected: ${(error as Error).stack ?? String(error)}`));
    process.exitCode = FAILED;
  }
}
