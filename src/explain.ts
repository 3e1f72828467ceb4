// Owns the question of `vpcbox explain`: what its words name (instances by id or tag, interfaces, gateways, addresses, names of the box's
// internet), what is wrong usage, and the analyzer's answer to it.

import { findInstance } from "./box-views.ts";
import { ControlError } from "./control.ts";
import { lookingIntoGuests, type ReadFacts } from "./guest-reading.ts";
import { laptopAddress } from "./internet/addresses.ts";
import { answerPublic } from "./internet/public-names.ts";
import { parseIp } from "./lib/ip.ts";
import { attachedInterfaces } from "./model/lifecycle.ts";
import { readNetwork, type Network } from "./model/network.ts";
import { isPrivateAddress } from "./model/packet.ts";
import type { Snapshot } from "./model/snapshot.ts";
import { analyze } from "./reach/analyze.ts";
import { interfaceOf } from "./reach/endpoints.ts";
import type { Answer, Endpoint, Question } from "./reach/question.ts";

/** Wrong usage is an answer, too: one line, status 2. */
export type Explained = { readonly wrong: string } | { readonly question: Question; readonly answer: Answer; readonly unread: readonly string[] };

/** What the words ask. @throws ControlError with status 400 for wrong usage */
export function explainQuestion(snapshot: Snapshot, words: URLSearchParams): { readonly network: Network; readonly question: Question } {
  const network = readNetwork(snapshot);
  const source = endpointOf(network, words.get("from") ?? "", "--from"), destination = endpointOf(network, words.get("to") ?? "", "--to");
  const protocol = words.get("protocol") ?? "icmp";
  if (protocol !== "icmp" && protocol !== "tcp" && protocol !== "udp") throw wrong(`--protocol is icmp, tcp or udp, not "${protocol}"`);
  const port = portOf(words.get("port"), protocol);
  if (sameEnd(network, source, destination)) throw wrong("--from and --to are the same thing: a packet to oneself never leaves the instance");
  const isOutside = (end: Endpoint): boolean => end.kind === "internet-gateway" || end.kind === "peering" || end.kind === "address";
  if (isOutside(source) && isOutside(destination) && !(destination.kind === "address" && network.translation.ownerOf(parseIp(destination.address)!))) throw wrong("one end must be in a VPC: an instance or a network interface");
  for (const [end, other, option] of [[source, destination, "--from"], [destination, source, "--to"]] as const)
    if (end.kind === "address" && option === "--from" && isPrivateAddress(parseIp(end.address)!) && !interfaceOf(network, end, other)) throw wrong(`${option} ${end.address}: nobody in the VPC of the other end has this address`);
  return { network, question: { source, destination, protocol, ...(port === undefined ? {} : { port }) } };
}

export async function explain(snapshot: Snapshot, words: URLSearchParams, facts: ReadFacts): Promise<Explained> {
  try {
    const { network, question } = explainQuestion(snapshot, words);
    const { answer, problems } = await lookingIntoGuests(snapshot, facts, (guests) => analyze(network, question, guests));
    return { question, answer, unread: problems };
  } catch (error) {
    if (error instanceof ControlError && error.status === 400) return { wrong: error.message };
    throw error;
  }
}

const wrong = (message: string): ControlError => new ControlError(400, message);

function portOf(text: string | null, protocol: string): number | undefined {
  if (text === null || text === "") return undefined;
  const port = Number(text);
  if (protocol === "icmp") throw wrong("--port goes with --protocol tcp or udp: ICMP has no ports");
  if (!/^\d+$/.test(text) || port < 1 || port > 65535) throw wrong(`--port is a number from 1 to 65535, not "${text}"`);
  return port;
}

function endpointOf(network: Network, word: string, option: string): Endpoint {
  const { snapshot } = network;
  if (word === "") throw wrong(`${option} is empty: give an instance, an interface, a gateway or an address`);
  const known = { "eni-": ["network-interface", "interface"], "igw-": ["internet-gateway", "internet-gateway"], "pcx-": ["vpc-peering-connection", "peering"] } as const;
  for (const [prefix, [table, kind]] of Object.entries(known)) {
    if (!new RegExp(`^${prefix}[0-9a-f]+$`).test(word)) continue;
    if (!snapshot.get(table, word)) throw wrong(`${option}: there is no ${word}; list what there is with: aws ec2 describe-${kind === "interface" ? "network-interfaces" : kind === "peering" ? "vpc-peering-connections" : "internet-gateways"}`);
    return { kind, id: word };
  }
  const address = parseIp(word);
  if (address !== undefined) {
    const owner = option === "--from" ? network.translation.ownerOf(address) : undefined;
    return owner ? { kind: "interface", id: owner.interface.id } : { kind: "address", address: word };
  }
  return instanceEnd(snapshot, word, option) ?? namedEnd(word) ?? unknownEnd(word, option);
}

function instanceEnd(snapshot: Snapshot, word: string, option: string): Endpoint | undefined {
  try {
    const instance = findInstance(snapshot, word);
    const primary = attachedInterfaces(snapshot, instance.id)[0];
    if (!primary) throw wrong(`${option}: ${instance.id} is ${instance.state} and has no network interface`);
    return { kind: "interface", id: primary.id };
  } catch (error) {
    if (!(error instanceof ControlError) || error.status !== 404) throw error instanceof ControlError ? wrong(error.message) : error;
    return undefined;
  }
}

/** A name of the box's internet, or the laptop in it. */
function namedEnd(word: string): Endpoint | undefined {
  if (word === "laptop") return { kind: "address", address: laptopAddress };
  const reply = answerPublic({ name: word.toLowerCase().replace(/\.$/, ""), type: "A", class: "IN" });
  const found = reply.answers.find((answer) => answer.type === "A");
  return found?.type === "A" ? { kind: "address", address: found.data } : undefined;
}

function unknownEnd(word: string, option: string): never {
  throw wrong(/^i-[0-9a-f]+$/.test(word)
    ? `${option}: there is no instance ${word}; list them with: aws ec2 describe-instances`
    : `${option}: "${word}" is no instance (id or Name tag), interface, gateway, peering connection, address, nor a name of the box's internet`);
}

function sameEnd(network: Network, a: Endpoint, b: Endpoint): boolean {
  if (a.kind === "address" && b.kind === "address") return a.address === b.address;
  const one = interfaceOf(network, a, b), other = interfaceOf(network, b, a);
  if (one && other) return one.id === other.id;
  return a.kind !== "address" && b.kind !== "address" && a.id === b.id;
}
