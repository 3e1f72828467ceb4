// Owns `vpcbox flow-logs`: where the records of flow logs are, what was delivered, and what is being delivered.

import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { gunzipSync } from "node:zlib";
import type { Command } from "commander";
import { ask, type ListedFlowLog } from "../control.ts";
import { Failure } from "../failure.ts";
import { red } from "../terminal.ts";

interface Options { readonly box: string; readonly json?: boolean; readonly records?: boolean; readonly follow?: boolean }
const LOOK_MS = 250;
const ASK_AGAIN_MS = 2000;

export function addFlowLogs(program: Command): void {
  program.command("flow-logs")
    .description("list flow logs and the folders that their records are delivered to; print records with --records or --follow")
    .argument("[flow-log...]", "ids (fl-...); all when none is given")
    .option("--records", "print the records delivered so far")
    .option("--follow", "print records as they are delivered, until Ctrl-C; with --records the earlier ones first")
    .option("--json", "print the list as JSON on one line")
    .addHelpText("after", "\nRecords come when an aggregation interval is over: within a minute; with `vpcbox up --time-scale 60`, within a second.\nEach line is in its flow log's own format (aws ec2 describe-flow-logs shows it).\n\nExample: vpcbox flow-logs --follow | grep REJECT")
    .action(async (ids: string[], _options, command: Command) => {
      const { box, json, records, follow } = command.optsWithGlobals<Options>();
      const list = async (): Promise<readonly ListedFlowLog[]> => chosen((await ask<{ flowLogs: readonly ListedFlowLog[] }>(box, "GET", "/flow-logs")).flowLogs, ids);
      const logs = await list();
      if (!records && !follow) return void console.log(json ? JSON.stringify({ flowLogs: logs.map((log) => ({ ...log, ...sizeOf(log) })) }) : describe(logs));
      const reader = new Reader();
      if (records) reader.print(logs);
      else reader.skip(logs);
      if (follow) await followOn(reader, logs, list);
    });
}

/** Ends when the box does, with what it delivered at its end. */
async function followOn(reader: Reader, logs: readonly ListedFlowLog[], list: () => Promise<readonly ListedFlowLog[]>): Promise<void> {
  let now = logs, askedAt = performance.now();
  for (;;) {
    await sleep(LOOK_MS);
    if (performance.now() - askedAt > ASK_AGAIN_MS) { // logs come and go; those that went may have left a last file
      try {
        now = await list();
      } catch (error) {
        reader.print(now);
        throw error;
      }
      askedAt = performance.now();
    }
    reader.print(now);
  }
}

function chosen(logs: readonly ListedFlowLog[], ids: readonly string[]): readonly ListedFlowLog[] {
  const missing = ids.find((id) => !logs.some((log) => log.id === id));
  if (missing !== undefined) throw new Failure(`there is no flow log "${missing}"; list them with: vpcbox flow-logs`);
  return ids.length === 0 ? logs : logs.filter((log) => ids.includes(log.id));
}

/** Files of a log, oldest first. Names of files that are being written begin with a dot. */
function filesOf({ folder, mark }: ListedFlowLog): string[] {
  try {
    const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((file) => file.isFile() && !file.name.startsWith(".") && file.name.includes(mark));
    return files.map((file) => join(file.parentPath, file.name)).map((path) => ({ path, at: statSync(path).mtimeMs })).sort((a, b) => a.at - b.at || (a.path < b.path ? -1 : 1)).map(({ path }) => path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return []; // nothing was delivered yet
    throw error;
  }
}

const sizeOf = (log: ListedFlowLog): { readonly files: number; readonly bytes: number } => {
  const files = filesOf(log);
  return { files: files.length, bytes: files.reduce((sum, file) => sum + statSync(file).size, 0) };
};

/** Prints every record once: files of buckets are whole and final, those of streams grow. */
class Reader {
  readonly #read = new Map<string, number>(); // file -> bytes that were printed

  skip(logs: readonly ListedFlowLog[]): void {
    for (const log of logs) for (const file of filesOf(log)) this.#read.set(file, statSync(file).size);
  }

  print(logs: readonly ListedFlowLog[]): void {
    for (const log of logs)
      for (const file of filesOf(log)) {
        const from = this.#read.get(file) ?? 0;
        if (statSync(file).size <= from) continue;
        const bytes = readFileSync(file);
        this.#read.set(file, bytes.length);
        const text = file.endsWith(".gz") ? withoutHeader(gunzipSync(bytes).toString()) : bytes.subarray(from).toString();
        process.stdout.write(text);
      }
  }
}

const withoutHeader = (text: string): string => text.slice(text.indexOf("\n") + 1);

function describe(logs: readonly ListedFlowLog[]): string {
  if (logs.length === 0) return "there is no flow log; make one with: aws ec2 create-flow-logs";
  return logs.map((log) => {
    const { files, bytes } = sizeOf(log);
    return [
      `${log.id}  ${log.resource}  ${log.traffic}  ${log.destination}  ${log.region}`,
      `  ${files === 0 ? "nothing delivered yet; will be in" : `${files} ${files === 1 ? "file" : "files"}, ${bytes} bytes, in`} ${log.folder}`,
      ...(log.problem === undefined ? [] : [`  ${red(`the last delivery failed: ${log.problem}`)}`]),
    ].join("\n");
  }).join("\n");
}
