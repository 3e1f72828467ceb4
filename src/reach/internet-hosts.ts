// Owns what the analyzer knows of the box's internet: who is there, and what answers. The address plan is data
// (internet/addresses.ts); what its hosts serve stands in internet/server-process.ts.

import { apiAddress, dnsRoot, hosts, internetGateway, laptopAddress } from "../internet/addresses.ts";

/** Who a question without an address is about, on either side of an internet gateway. */
export const someHost = "192.0.2.80";
export const someClient = laptopAddress;
export const pingableName = "ietf.org";

export type HostAnswer = "answers" | "nobody" | "ignores-ping" | "port-closed";

export function hostAnswers(address: string, protocol: "icmp" | "tcp" | "udp", port: number): HostAnswer {
  if (address === laptopAddress) return "answers"; // what listens there is the user's business
  const own = Object.values(hosts).filter((host) => host.address === address);
  if (own.length === 0 && ![apiAddress, dnsRoot, internetGateway].includes(address)) return "nobody";
  if (protocol === "icmp") return own.some((host) => !host.icmp) ? "ignores-ping" : "answers";
  if (address === dnsRoot && port === 53) return "answers";
  if (protocol === "udp") return "port-closed";
  return port === 80 || (address === apiAddress && port === 443) ? "answers" : "port-closed";
}
