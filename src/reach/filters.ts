// Owns whether a packet that got there looks as the question wants it at both ends (CreateNetworkInsightsPath, FilterAtSource and
// FilterAtDestination). Pure.

import { contains, parseCidr, parseIp } from "../lib/ip.ts";
import { ICMP, type Packet } from "../model/packet.ts";
import type { Explanation, PacketFilter, Question } from "./question.ts";
import { headerOf, text } from "./texts.ts";

export function filterExplanations(question: Question, sent: Packet, arrived: Packet): Explanation[] {
  return [...mismatches("SOURCE", question.filterAtSource, sent), ...mismatches("DESTINATION", question.filterAtDestination, arrived)];
}

function mismatches(end: "SOURCE" | "DESTINATION", filter: PacketFilter | undefined, packet: Packet): Explanation[] {
  if (!filter) return [];
  const found: string[] = [];
  if (!inBlock(filter.sourceAddress, packet.source)) found.push("SOURCE_ADDRESS");
  if (!inBlock(filter.destinationAddress, packet.destination)) found.push("DESTINATION_ADDRESS");
  const hasPorts = packet.protocol !== ICMP;
  if (filter.sourcePorts && hasPorts && !inRange(filter.sourcePorts, packet.sourcePort)) found.push("SOURCE_PORT_RANGE");
  if (filter.destinationPorts && hasPorts && !inRange(filter.destinationPorts, packet.destinationPort)) found.push("DESTINATION_PORT_RANGE");
  const header = headerOf(packet);
  return found.map((field) => ({
    code: `FILTER_AT_${end}_${field}`, direction: "forward", component: { kind: "internet", id: end === "SOURCE" ? header.source : header.destination }, header, flow: end === "SOURCE" ? "egress" : "ingress",
    message: text(`the packet gets there, but its ${field.toLowerCase().replaceAll("_", " ")} at the ${end.toLowerCase()} is not what the filter asks`, `パケットは到達しますが、${end} での ${field} がフィルターと一致しません`), mend: "",
  }));
}

function inBlock(text: string | undefined, address: number): boolean {
  if (text === undefined) return true;
  const block = parseCidr(text);
  return block ? contains(block, address) : parseIp(text) === address;
}
const inRange = ({ from, to }: { readonly from: number; readonly to: number }, port: number): boolean => port >= from && port <= to;
