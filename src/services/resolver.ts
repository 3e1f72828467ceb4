// Owns the resolver at base+2 and 169.254.169.253 (Amazon VPC user guide, "DNS attributes for your VPC"): private names of the
// asker's VPC, public names with a split horizon, everything else asked of the box's internet.

import { createSocket } from "node:dgram";
import dnsPacket, { type Answer, type Packet, type Question } from "dns-packet";
import { contains, parseCidr, parseIp } from "../lib/ip.ts";
import { privateDnsName, privateDomain } from "../lib/dns-names.ts";
import { peeringsOf, peerOf } from "../model/peering.ts";
import type { NetworkInterface } from "../model/records.ts";
import type { Snapshot } from "../model/snapshot.ts";
import { dnsRoot } from "../internet/addresses.ts";
import { addressInReverseName, answerAddress, answerName, noSuchName } from "../internet/dns-answers.ts";
import type { DnsAnswerer, DnsReply } from "../internet/dns-server.ts";
import { addressInName } from "../internet/public-names.ts";
import { askerOf } from "./askers.ts";

const UPSTREAM_MS = 2000;
const MAX_WAITING = 4096;

export interface Resolver { readonly answer: DnsAnswerer; close(): void }

/** @param upstreamFd a UDP socket of the internet's namespace */
export function createResolver(options: { snapshot(): Snapshot }, upstreamFd: number): Resolver {
  const waiting = new Map<number, (reply: Packet) => void>();
  const upstream = createSocket("udp4");
  let lastId = 0;
  upstream.on("error", () => undefined);
  upstream.on("message", (message) => {
    try {
      const reply = dnsPacket.decode(message) as Packet;
      waiting.get(reply.id ?? -1)?.(reply);
    } catch {
      // not a DNS message: the question times out
    }
  });
  upstream.bind({ fd: upstreamFd });

  const ask = (question: Question): Promise<DnsReply> => new Promise((resolve) => {
    if (waiting.size >= MAX_WAITING) return resolve({ code: "SERVFAIL", answers: [], authoritative: false });
    do lastId = (lastId + 1) & 0xffff; while (waiting.has(lastId));
    const id = lastId;
    const done = (reply: DnsReply): void => {
      clearTimeout(timer);
      waiting.delete(id);
      resolve(reply);
    };
    const timer = setTimeout(() => done({ code: "SERVFAIL", answers: [], authoritative: false }), UPSTREAM_MS);
    waiting.set(id, (reply) => done({ code: codeOf(reply), answers: (reply.answers ?? []) as Answer[], authoritative: false }));
    upstream.send(dnsPacket.encode({ type: "query", id, flags: dnsPacket.RECURSION_DESIRED, questions: [question] }), 53, dnsRoot, () => undefined);
  });

  return {
    answer: async (question, from) => {
      const snapshot = options.snapshot();
      const asker = askerOf(snapshot, from);
      if (!asker) return { code: "REFUSED", answers: [], authoritative: false };
      return answerPrivate(snapshot, asker.networkInterface, question) ?? ask(question);
    },
    close: () => upstream.close(),
  };
}

const codeOf = (reply: Packet): DnsReply["code"] => {
  const code = (reply as unknown as { rcode?: string }).rcode;
  return code === "NXDOMAIN" || code === "SERVFAIL" || code === "REFUSED" ? code : "NOERROR";
};

/** What the VPC itself knows; undefined: ask the internet. */
export function answerPrivate(snapshot: Snapshot, from: NetworkInterface, question: Question): DnsReply | undefined {
  const inVpc = snapshot.list("network-interface", from.region).filter((eni) => eni.vpcId === from.vpcId);
  const isThere = (address: string): boolean => inVpc.some((eni) => eni.privateAddresses.some((p) => p.address === address));
  const reversed = addressInReverseName(question.name);
  if (reversed !== undefined) {
    const named = snapshot.list("elastic-ip").find((e) => e.publicIp === reversed)?.ptrRecord; // ModifyAddressAttribute
    if (named !== undefined) return answerName(question, named.replace(/\.$/, ""));
    if (!vpcContains(snapshot, from, reversed)) return undefined;
    return isThere(reversed) ? answerName(question, privateDnsName(reversed, from.region)) : noSuchName;
  }
  const domain = `.${privateDomain(from.region)}`;
  if (question.name.endsWith(domain)) {
    const m = /^ip-(\d+)-(\d+)-(\d+)-(\d+)$/.exec(question.name.slice(0, -domain.length));
    const address = m ? `${m[1]}.${m[2]}.${m[3]}.${m[4]}` : undefined;
    return address !== undefined && isThere(address) ? answerAddress(question, address) : noSuchName;
  }
  const publicIp = addressInName(question.name);
  if (publicIp === undefined) return undefined;
  const inside = privateOf(snapshot, seenFrom(snapshot, from), publicIp);
  return inside === undefined ? undefined : answerAddress(question, inside);
}

/** Interfaces whose public names mean private addresses to the asker: of its own VPC, and of peers that allow it; where public names are given out. */
function seenFrom(snapshot: Snapshot, from: NetworkInterface): readonly NetworkInterface[] {
  const open = peeringsOf(snapshot, from.vpcId).filter((p) => p.status === "active").map((p) => peerOf(p, from.vpcId)!).filter((side) => side.allowDnsResolution);
  const vpcs = new Set([from.vpcId, ...open.map((side) => side.vpcId)].filter((id) => { const vpc = snapshot.get("vpc", id); return vpc?.enableDnsHostnames && vpc.enableDnsSupport; }));
  return snapshot.list("network-interface").filter((eni) => vpcs.has(eni.vpcId));
}

function vpcContains(snapshot: Snapshot, eni: NetworkInterface, address: string): boolean {
  const ip = parseIp(address);
  return ip !== undefined && (snapshot.get("vpc", eni.vpcId)?.cidrAssociations ?? []).some((c) => contains(parseCidr(c.cidrBlock)!, ip));
}

function privateOf(snapshot: Snapshot, inVpc: readonly NetworkInterface[], publicIp: string): string | undefined {
  const eip = snapshot.list("elastic-ip").find((e) => e.publicIp === publicIp && inVpc.some((eni) => eni.id === e.networkInterfaceId));
  if (eip) return eip.privateIp;
  return inVpc.flatMap((eni) => eni.privateAddresses).find((p) => p.publicIp === publicIp)?.address;
}
