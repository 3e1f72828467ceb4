// Owns the names that the box's internet knows: its hosts, and EC2's public names, which say their address themselves (Amazon VPC
// user guide, "DNS attributes for your VPC").

import type { Question } from "dns-packet";
import { publicDnsName } from "../lib/dns-names.ts";
import { contains, parseCidr, parseIp } from "../lib/ip.ts";
import { apiAddress, apiServices, dnsRoot, hosts, laptopAddress, publicPools } from "./addresses.ts";
import { addressInReverseName, answerAddress, answerName, noSuchName } from "./dns-answers.ts";
import type { DnsReply } from "./dns-server.ts";

const named: Readonly<Record<string, string>> = {
  ...Object.fromEntries(Object.entries(hosts).map(([name, host]) => [name, host.address])),
  "resolver.example.net": dnsRoot,
  "laptop.example.net": laptopAddress,
};
const pools = publicPools.map((pool) => parseCidr(pool)!);
const REVERSE_REGION = "us-east-1"; // the internet does not see where an address is in use; inside a VPC the resolver knows

export function answerPublic(question: Question): DnsReply {
  const { name } = question;
  const reversed = addressInReverseName(name);
  if (reversed !== undefined) {
    const hostname = nameOf(reversed);
    return hostname === undefined ? noSuchName : answerName(question, hostname);
  }
  const address = Object.hasOwn(named, name) ? named[name]! : isApiName(name) ? apiAddress : addressInName(name);
  return address === undefined ? noSuchName : answerAddress(question, address);
}

function nameOf(address: string): string | undefined {
  const host = Object.keys(named).find((name) => named[name] === address);
  return host ?? (isPublic(address) ? publicDnsName(address, REVERSE_REGION) : undefined);
}

function isPublic(address: string): boolean {
  const value = parseIp(address);
  return value !== undefined && pools.some((pool) => contains(pool, value));
}

/** "ec2.us-east-1.amazonaws.com", "sts.amazonaws.com", "ec2.us-east-1.api.aws": of the services that the box has. */
export function isApiName(name: string): boolean {
  const m = /^([a-z0-9-]+)(?:\.[a-z]{2}(?:-[a-z]+)+-\d)?\.(?:amazonaws\.com|api\.aws)$/.exec(name);
  return m !== null && (apiServices as readonly string[]).includes(m[1]!);
}

/** "ec2-203-0-113-10.compute-1.amazonaws.com" -> "203.0.113.10"; undefined for another form, or an address that is not the box's. */
export function addressInName(name: string): string | undefined {
  const m = /^ec2-(\d+)-(\d+)-(\d+)-(\d+)\.(?:compute-1|([a-z]{2}(?:-[a-z]+)+-\d)\.compute)\.amazonaws\.com$/.exec(name);
  if (!m) return undefined;
  const address = `${m[1]}.${m[2]}.${m[3]}.${m[4]}`;
  const region = m[5] ?? "us-east-1"; // which alone has a domain of its own form
  return isPublic(address) && name === publicDnsName(address, region) ? address : undefined;
}
