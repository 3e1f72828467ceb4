// Owns what an answer about one address looks like, forward and back, for the box's two name servers.

import type { Question } from "dns-packet";
import { formatIp, parseIp } from "../lib/ip.ts";
import type { DnsReply } from "./dns-server.ts";

const TTL_SECONDS = 60;

/** The name is known to have this address: no answer to another type than A. */
export const answerAddress = ({ name, type }: Question, address: string): DnsReply =>
  ({ code: "NOERROR", answers: type === "A" ? [{ type: "A", name, ttl: TTL_SECONDS, data: address }] : [], authoritative: true });

export const answerName = ({ name, type }: Question, hostname: string): DnsReply =>
  ({ code: "NOERROR", answers: type === "PTR" ? [{ type: "PTR", name, ttl: TTL_SECONDS, data: hostname }] : [], authoritative: true });

export const noSuchName: DnsReply = { code: "NXDOMAIN", answers: [], authoritative: true };

/** "10.113.0.203.in-addr.arpa" -> "203.0.113.10" */
export function addressInReverseName(name: string): string | undefined {
  const m = /^(\d+)\.(\d+)\.(\d+)\.(\d+)\.in-addr\.arpa$/.exec(name);
  const value = m ? parseIp(`${m[4]}.${m[3]}.${m[2]}.${m[1]}`) : undefined;
  return value === undefined ? undefined : formatIp(value);
}
