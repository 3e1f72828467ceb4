// Owns whether a packet that got there looks as the question wants it at both ends (CreateNetworkInsightsPath, FilterAtSource and
// FilterAtDestination). Pure.

import { contains, parseCidr, parseIp } from "../lib/ip.ts";
import { ICMP, type Packet } from "../model/packet.ts";
import type { ComponentFilterCode, FilterCode } from "./codes.ts";
import type { Explanation, PathComponent, Question } from "./question.ts";
import { headerOf, text } from "./texts.ts";

export function filterExplanations({ filterAtSource, filterAtDestination: wanted }: Question, sent: Packet, arrived: Packet): Explanation[] {
  const found: Explanation[] = [];
  const say = (code: FilterCode, packet: Packet): void => {
    const [end, field] = /^FILTER_AT_(SOURCE|DESTINATION)_(.*)$/.exec(code)!.slice(1) as [string, string];
    const header = headerOf(packet);
    found.push({
      code, direction: "forward", component: { kind: "internet", id: end === "SOURCE" ? header.source : header.destination }, header, flow: end === "SOURCE" ? "egress" : "ingress", mend: "",
      message: text(`the packet gets there, but its ${field.toLowerCase().replaceAll("_", " ")} at the ${end.toLowerCase()} is not what the filter asks`, `パケットは到達しますが、${end === "SOURCE" ? "送信元" : "送信先"}での ${field} がフィルターと一致しません`),
    });
  };
  if (!inBlock(filterAtSource?.destinationAddress, sent.destination)) say("FILTER_AT_SOURCE_DESTINATION_ADDRESS", sent);
  if (!inBlock(wanted?.sourceAddress, arrived.source)) say("FILTER_AT_DESTINATION_SOURCE_ADDRESS", arrived);
  if (!inBlock(wanted?.destinationAddress, arrived.destination)) say("FILTER_AT_DESTINATION_DESTINATION_ADDRESS", arrived);
  if (arrived.protocol === ICMP) return found;
  if (wanted?.sourcePorts && !inRange(wanted.sourcePorts, arrived.sourcePort)) say("FILTER_AT_DESTINATION_SOURCE_PORT_RANGE", arrived);
  if (wanted?.destinationPorts && !inRange(wanted.destinationPorts, arrived.destinationPort)) say("FILTER_AT_DESTINATION_DESTINATION_PORT_RANGE", arrived);
  return found;
}

/** There is one way through a network for a packet: it meets what it must and nothing that it must not, or there is none. */
export function componentFilters(forward: readonly PathComponent[], must: readonly string[], mustNot: readonly string[]): { readonly code: ComponentFilterCode; readonly id: string }[] {
  const met = new Set(forward.flatMap((c) => [c.component.id, c.attachedTo?.id, c.subnetId, c.vpcId]));
  return [
    ...must.filter((id) => !met.has(id)).map((id) => ({ code: "COMPONENT_FILTER_RESTRICTION" as const, id })),
    ...mustNot.filter((id) => met.has(id)).map((id) => ({ code: "COMPONENT_FILTER_RESTRICTION_REMOVED_COMPONENT" as const, id })),
  ];
}

function inBlock(text: string | undefined, address: number): boolean {
  if (text === undefined) return true;
  const block = parseCidr(text);
  return block ? contains(block, address) : parseIp(text) === address;
}
const inRange = ({ from, to }: { readonly from: number; readonly to: number }, port: number): boolean => port >= from && port <= to;
