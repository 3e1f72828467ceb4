// Owns the picture of the guide's network at its end, with ids and addresses, in letters that every terminal has.

import type { Instance } from "@aws-sdk/client-ec2";
import { hosts, laptopAddress } from "../src/internet/addresses.ts";
import { PRIVATE_CIDR, PUBLIC_CIDR, VPC_CIDR, type GuideNetwork } from "./guide-network.ts";
import type { Report } from "./guide-report.ts";

/** Columns a text takes: Japanese letters take two. */
export const columns = (text: string): number => [...text].reduce((n, letter) => n + (/[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/.test(letter) ? 2 : 1), 0);

/** A box around lines, its title in the upper edge. */
export function frame(title: string, lines: readonly string[], width: number): string[] {
  const inner = width - 4;
  const edge = `+-- ${title} `;
  return [
    `${edge}${"-".repeat(Math.max(0, width - 1 - columns(edge)))}+`,
    ...lines.map((line) => `| ${line}${" ".repeat(Math.max(0, inner - columns(line)))} |`),
    `+${"-".repeat(width - 2)}+`,
  ];
}

export function picture(report: Report, n: GuideNetwork, instance: Instance): string {
  const say = report.say.bind(report);
  const nat = n.nat;
  const publicLines = [
    `${say("natInstance")} ${nat.InstanceId}, NATSG ${n.natGroup}`,
    `${nat.PrivateIpAddress} <-> ${n.publicAddress}, ${say("checkOff")}`,
    `${say("customTable")} ${n.publicTable}: 0.0.0.0/0 -> ${n.gateway}`,
  ];
  const privateLines = [
    `${say("privateInstance")} ${instance.InstanceId}`,
    `${instance.PrivateIpAddress}, ${say("noPublicAddress")}`,
    `${say("mainTable")} ${n.mainTable}: 0.0.0.0/0 -> ${nat.InstanceId}`,
  ];
  const width = Math.max(76, ...[...publicLines, ...privateLines].map((line) => columns(line) + 8));
  const inside = [
    ...frame(`${say("publicSubnet")} ${n.publicSubnet} ${PUBLIC_CIDR}`, publicLines, width - 4),
    "        ^",
    "        | 0.0.0.0/0",
    ...frame(`${say("privateSubnet")} ${n.privateSubnet} ${PRIVATE_CIDR}`, privateLines, width - 4),
  ];
  return [
    `  ${say("internet")}: ietf.org ${hosts["ietf.org"]!.address}, ${say("laptop")} ${laptopAddress}`,
    "          ^",
    `          | ${say("gateway")} ${n.gateway}`,
    ...frame(`${n.vpc} ${VPC_CIDR}`, inside, width),
  ].join("\n");
}
