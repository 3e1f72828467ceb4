// Owns `vpcbox drops`: counters of dropped packets, or with --follow each dropped packet as it happens, and why.

import type { Command } from "commander";
import { ask, type Drop } from "../control.ts";
import { follow } from "../stream.ts";
import { bold, dim, inColumns, red, yellow } from "../terminal.ts";

interface Packet {
  readonly source?: string; readonly destination?: string; readonly sourcePort?: number; readonly destinationPort?: number; readonly protocol: string; readonly flags?: readonly string[];
  readonly icmpType?: number; readonly icmpCode?: number; readonly icmpId?: number; readonly arp?: string; readonly fragmentOffset?: number; readonly vlan?: number; readonly sourceMac?: string; readonly length: number;
}
interface Where { readonly time: string; readonly interface: string; readonly instance: string; readonly name: string; readonly reason: string }
interface Line extends Where { readonly direction: "ingress" | "egress"; readonly packet: Packet; readonly because: string }
interface Lost extends Where { readonly lost: number }
interface Options { readonly box: string; readonly json?: boolean; readonly follow?: boolean }

export function addDrops(program: Command): void {
  program.command("drops")
    .description("count the packets each network interface dropped, with the reason; with --follow, name each as it is dropped, and the rule, route or gateway that did it")
    .argument("[interface]", "only there: an instance's id or Name tag, a network interface or NAT gateway, \"internet\"", "")
    .option("-f, --follow", "show drops as they happen, until Ctrl-C")
    .option("--json", "print JSON on one line; with --follow one line for each packet")
    .addHelpText("after", "\nWith --follow at most 512 drops a second of one reason at one interface are shown; the others are counted as lost.")
    .action(async (place: string, _options, command: Command) => {
      const { box, json, follow: on } = command.optsWithGlobals<Options>();
      const query: Record<string, string> = place === "" ? {} : { place };
      if (on) return show(box, query, json ?? false);
      const answer = await ask<{ drops: Drop[] }>(box, "GET", "/drops", query);
      console.log(json ? JSON.stringify(answer) : table(answer.drops));
    });
}

async function show(box: string, query: Record<string, string>, json: boolean): Promise<void> {
  let rest = "";
  if (process.stderr.isTTY) process.stderr.write(dim("drops from now on; Ctrl-C ends\n", process.stderr));
  const { shown, lost, reason } = await follow<{ shown: number; lost: number; reason: string }>(box, "/drops/follow", query, (bytes) => {
    const lines = (rest + bytes.toString()).split("\n");
    rest = lines.pop()!;
    for (const line of lines) process.stdout.write(`${json ? line : words(JSON.parse(line) as Line | Lost)}\n`);
  });
  if (process.stderr.isTTY || lost > 0 || reason !== "stopped") process.stderr.write(`${shown} shown${lost > 0 ? `, ${lost} more dropped too quickly to be shown` : ""}${reason === "stopped" ? "" : `; ${reason}`}\n`);
}

function words(line: Line | Lost): string {
  const at = `${bold(line.interface)}${line.name === "" && line.instance === "" ? "" : ` (${line.name === "" ? line.instance : line.name})`}`;
  const time = dim(line.time.slice(11, -1));
  if ("lost" in line) return `${time} ${at} ${yellow(`${line.lost} more ${line.reason}, too quick to be shown`)}`;
  return `${time} ${at} ${line.direction === "egress" ? "out" : "in "} ${red(line.reason)}  ${describe(line.packet)}  ${dim("by")} ${line.because}`;
}

function describe(p: Packet): string {
  const end = (address: string | undefined, port: number | undefined): string => `${address ?? "?"}${port === undefined ? "" : `:${port}`}`;
  const what = [p.arp === undefined ? p.protocol : `arp ${p.arp}`, ...(p.flags ? [p.flags.join(",") || "no flags"] : []), ...(p.icmpType === undefined ? [] : [icmp(p)]), ...(p.fragmentOffset === undefined ? [] : [`piece at ${p.fragmentOffset}`]), ...(p.vlan === undefined ? [] : [`vlan ${p.vlan}`])];
  const ends = p.source === undefined ? `from ${p.sourceMac ?? "?"}` : `${end(p.source, p.sourcePort)} > ${end(p.destination, p.destinationPort)}`;
  return `${ends} ${what.join(" ")} ${p.length} bytes`;
}
const icmp = (p: Packet): string => (p.icmpType === 8 ? `echo request id ${p.icmpId}` : p.icmpType === 0 ? `echo reply id ${p.icmpId}` : `type ${p.icmpType} code ${p.icmpCode}`);

function table(drops: readonly Drop[]): string {
  if (drops.length === 0) return "no packet was dropped";
  const or = (text: string | undefined): string => (text === undefined || text === "" ? "-" : text);
  const rows = [["INTERFACE", "INSTANCE", "NAME", "REASON", "PACKETS", "BYTES"], ...drops.map((d) => [d.interface, or(d.instance), or(d.name), d.reason, String(d.packets), String(d.bytes)])];
  return inColumns(rows, 4);
}
