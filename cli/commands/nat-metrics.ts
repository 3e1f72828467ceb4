// Owns `vpcbox nat-metrics`: what the NAT gateways counted, by CloudWatch's names.

import type { Command } from "commander";
import { ask } from "../control.ts";
import { inColumns } from "../terminal.ts";

interface Gateway { readonly natGateway: string; readonly name: string; readonly metrics: Readonly<Record<string, number>> }
interface Options { readonly box: string; readonly json?: boolean }

export function addNatMetrics(program: Command): void {
  program.command("nat-metrics")
    .description("show what NAT gateways counted, by the names of CloudWatch's metrics: sums since the gateway's first packet, ActiveConnectionCount as it is now")
    .argument("[natgateway]", "only this one's: its id or Name tag", "")
    .option("--json", "print JSON on one line")
    .action(async (wanted: string, _options, command: Command) => {
      const { box, json } = command.optsWithGlobals<Options>();
      const answer = await ask<{ natGateways: Gateway[] }>(box, "GET", "/nat-metrics", wanted === "" ? {} : { natGateway: wanted });
      console.log(json ? JSON.stringify(answer) : table(answer.natGateways));
    });
}

/** A column for each gateway. */
function table(gateways: readonly Gateway[]): string {
  if (gateways.length === 0) return "there is no NAT gateway";
  const heads = gateways.map(({ natGateway, name }) => (name === "" ? natGateway : `${natGateway} (${name})`)), names = Object.keys(gateways[0]!.metrics);
  return inColumns([["METRIC", ...heads], ...names.map((name) => [name, ...gateways.map((gateway) => String(gateway.metrics[name]))])], 1);
}
