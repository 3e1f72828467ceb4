// Owns how the analyzer writes packets, rules and routes in words, in both languages. Pure.

import { formatIp } from "../lib/ip.ts";
import { ICMP, TCP, UDP, type Packet } from "../model/packet.ts";
import type { NetworkAclEntry, RouteTarget, SecurityGroupRule } from "../model/records.ts";
import type { Header } from "./question.ts";

export interface Text { readonly en: string; readonly ja: string }
export const text = (en: string, ja: string): Text => ({ en, ja });

export function headerOf(packet: Packet): Header {
  const protocol = packet.protocol === TCP ? "tcp" : packet.protocol === UDP ? "udp" : "icmp";
  const ports = packet.protocol === ICMP ? {} : { sourcePort: packet.sourcePort, destinationPort: packet.destinationPort };
  return { protocol, source: formatIp(packet.source), destination: formatIp(packet.destination), ...ports };
}

/** "tcp 443 from 10.0.0.10 to 192.0.2.80" */
export function packetText(packet: Packet): Text {
  const { protocol, source, destination, destinationPort } = headerOf(packet);
  const what = destinationPort === undefined ? protocol : `${protocol} ${destinationPort}`;
  return text(`${what} from ${source} to ${destination}`, `${source} から ${destination} への ${what}`);
}

const protocolText = (protocol: string): string => ({ "-1": "all", "1": "icmp", "6": "tcp", "17": "udp" })[protocol] ?? protocol;
const portsText = (from: number | undefined, to: number | undefined): string =>
  from === undefined || to === undefined || from === -1 || (from === 0 && to === 65535) ? "" : from === to ? ` ${from}` : ` ${from}-${to}`;

export function ruleText(rule: SecurityGroupRule): Text {
  const remote = rule.cidrIpv4 ?? rule.prefixListId ?? rule.referencedGroupId ?? rule.cidrIpv6 ?? "";
  const what = protocolText(rule.protocol) + (rule.protocol === "icmp" ? (rule.fromPort === -1 ? "" : ` type ${rule.fromPort}`) : portsText(rule.fromPort, rule.toPort));
  return rule.isEgress ? text(`allows ${what} to ${remote}`, `${remote} への ${what} を許可`) : text(`allows ${what} from ${remote}`, `${remote} からの ${what} を許可`);
}

export function entryText(entry: NetworkAclEntry): Text {
  const what = protocolText(entry.protocol) + portsText(entry.fromPort, entry.toPort);
  const allows = entry.action === "allow";
  return entry.egress
    ? text(`entry ${entry.ruleNumber} ${allows ? "allows" : "denies"} ${what} to ${entry.cidrBlock}`, `ルール ${entry.ruleNumber} が ${entry.cidrBlock} への ${what} を${allows ? "許可" : "拒否"}`)
    : text(`entry ${entry.ruleNumber} ${allows ? "allows" : "denies"} ${what} from ${entry.cidrBlock}`, `ルール ${entry.ruleNumber} が ${entry.cidrBlock} からの ${what} を${allows ? "許可" : "拒否"}`);
}

export function targetText(target: RouteTarget): string {
  switch (target.kind) {
    case "local": return "local";
    case "gateway": return target.gatewayId;
    case "interface": return target.instanceId === undefined ? target.networkInterfaceId : `${target.networkInterfaceId} (${target.instanceId})`;
    case "nat-gateway": return target.natGatewayId;
    case "peering": return target.vpcPeeringConnectionId;
  }
}
