// Owns `vpcbox explain --probe`: sends the real packet, looks at it in every guest it enters and leaves, and holds what happened against
// what the analyzer said. Where the two differ, vpcbox has a defect: a file has all that is needed to find it.

import { createSocket } from "node:dgram";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { Socket } from "node:net";
import { join } from "node:path";
import type { DropCount } from "./datapath/tables.ts";
import { laptopAddress } from "./internet/addresses.ts";
import { formatIp, parseIp } from "./lib/ip.ts";
import { run } from "./linux/exec.ts";
import { watchFrames, type FrameWatch } from "./linux/frame-watch.ts";
import { boundSocket } from "./linux/libc.ts";
import { inNetns } from "./linux/netns.ts";
import type { Network } from "./model/network.ts";
import { isPrivateAddress, isUnroutable } from "./model/packet.ts";
import type { Kind, Snapshot } from "./model/snapshot.ts";
import { readFrame, type Frame, type Mark } from "./probe-frames.ts";
import { startOf } from "./reach/endpoints.ts";
import type { GuestFacts } from "./reach/guest.ts";
import type { Answer, Question } from "./reach/question.ts";
import { version } from "./version.ts";

export interface ProbeDeps {
  readonly netnsOfGuest: (instanceId: string) => string;
  readonly netnsOfInternet: (name: "internet" | "laptop") => string;
  readonly guestUsr: string;
  readonly stateDir: string;
  readonly drops: () => readonly DropCount[];
  readonly now: () => Date;
  readonly randomHex: (digits: number) => string;
}
/** The packet, or its answer, at one link: `out`: it left there. */
export interface Sighting { readonly where: string; readonly way: "in" | "out"; readonly packet: string; readonly answer: boolean }
export interface Probe {
  readonly sent: boolean;
  readonly arrived: boolean; // at whom it was for
  readonly answered: boolean;
  readonly seen: readonly Sighting[];
  readonly dropped: readonly { readonly interface: string; readonly reason: string; readonly packets: number }[];
  readonly agrees: boolean;
  readonly file?: string | undefined; // where they differ
}

const WAIT_MS = 1500, SETTLE_MS = 60, DNS = 53;

export async function probe(deps: ProbeDeps, network: Network, question: Question, answer: Answer, facts: readonly GuestFacts[], nameOf: (drop: DropCount) => string): Promise<Probe> {
  const { snapshot } = network;
  const port = question.port ?? answer.forward.find((one) => one.inbound?.destinationPort !== undefined)?.inbound?.destinationPort;
  const asked = { ...question, port };
  const start = startOf(network, asked, { client: 40_000 + Number.parseInt(deps.randomHex(3), 16), nat: 40_000 });
  const fromLaptop = !("missing" in start) && start.at === "internet" && formatIp(start.packet.source) === laptopAddress;
  const sender = "missing" in start || start.at === "peering" ? undefined
    : start.at === "internet" ? deps.netnsOfInternet(fromLaptop ? "laptop" : "internet")
      : snapshot.get("instance", start.interface.attachment?.instanceId ?? "")?.state === "running" ? deps.netnsOfGuest(start.interface.attachment!.instanceId) : undefined;
  const before = new Map(deps.drops().map((one) => [keyOf(one), one.packets]));
  if ("missing" in start || sender === undefined || (port === undefined && question.protocol !== "icmp"))
    return judged(deps, network, asked, answer, facts, { sent: false, arrived: false, answered: false, seen: [], dropped: [] });
  const watched = watch(deps, network, facts, fromLaptop || formatIp(start.packet.destination) === laptopAddress);
  const mark = { marker: deps.randomHex(32), port: start.packet.sourcePort };
  const { destination } = start.packet;
  const source = start.at === "interface" && start.ownAddress ? undefined : formatIp(start.packet.source);
  try {
    const answered = await send(deps, sender, question.protocol, source, formatIp(destination), port ?? 0, mark);
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    const frames = watched.flatMap(({ where, frames: links }) => links.take().flatMap((frame) => readFrame(frame, where) ?? []));
    const seen = sightings(frames, mark);
    const dropped = deps.drops().map((one) => ({ interface: nameOf(one), reason: one.reason, packets: one.packets - (before.get(keyOf(one)) ?? 0) })).filter((one) => one.packets > 0);
    const end = endOf(network, answer, destination);
    return judged(deps, network, asked, answer, facts, { sent: true, arrived: answered || reached(seen, end), answered, seen, dropped }, end);
  } finally {
    for (const { frames } of watched) frames.close();
  }
}

const keyOf = (drop: DropCount): string => `${drop.port} ${drop.reason}`;

interface Watched { readonly where: string; readonly frames: FrameWatch }
/** Every guest that the analysis looked into, the box's internet, and the laptop where it is one of the ends. */
function watch(deps: ProbeDeps, network: Network, facts: readonly GuestFacts[], laptop: boolean): Watched[] {
  const guests = facts.map((one) => one.instanceId).filter((id) => network.snapshot.get("instance", id)?.state === "running");
  const outside = laptop ? ["internet", "laptop"] as const : ["internet"] as const;
  return [...guests.map((where) => ({ where, frames: watchFrames(deps.netnsOfGuest(where)) })), ...outside.map((where) => ({ where, frames: watchFrames(deps.netnsOfInternet(where)) }))];
}

/** @returns whether the answer came */
async function send(deps: ProbeDeps, netns: string, protocol: Question["protocol"], source: string | undefined, destination: string, port: number, mark: Mark): Promise<boolean> {
  const around = <T>(fn: () => T): T => inNetns(netns, fn);
  const program = (name: string): string => ["/usr/bin", join(deps.guestUsr, "bin")].map((directory) => join(directory, name)).find(existsSync) ?? name;
  const bound = source === undefined ? [] : ["-I", source];
  if (protocol === "icmp") return succeeds(await run([program("ping"), "-n", "-c", "1", "-W", "1", "-s", "56", "-p", mark.marker, ...bound, destination], { around, okStatuses: [0, 1, 2], timeoutMs: WAIT_MS + 1000 }));
  const own = source === undefined ? 0 : parseIp(source)!;
  if (protocol === "tcp") return connects(around(() => boundSocket("tcp-client", own, mark.port)), destination, port);
  const socket = createSocket("udp4").bind({ fd: around(() => boundSocket("udp", own, mark.port)) });
  try {
    return await new Promise<boolean>((resolve) => {
      const end = setTimeout(() => resolve(false), WAIT_MS);
      socket.on("message", () => { clearTimeout(end); resolve(true); });
      socket.on("error", () => resolve(false));
      socket.send(port === DNS ? dnsQuestion(mark.marker) : Buffer.from(mark.marker, "hex"), port, destination, (error) => { if (error) resolve(false); });
    });
  } finally {
    socket.close();
  }
}

/** A connection is made, and reset at once. */
function connects(fd: number, destination: string, port: number): Promise<boolean> {
  const socket = new Socket({ fd, manualStart: true } as object);
  return new Promise<boolean>((resolve) => {
    const end = setTimeout(() => { socket.destroy(); resolve(false); }, WAIT_MS);
    const over = (made: boolean): void => { clearTimeout(end); resolve(made); };
    socket.on("connect", () => { socket.resetAndDestroy(); over(true); }).on("error", () => over(false));
    socket.connect({ host: destination, port });
  });
}

/** A name server answers questions alone: for a name in which the marker is known again (RFC 1035, 4.1). */
function dnsQuestion(marker: string): Buffer {
  const label = Buffer.concat([Buffer.of(16), Buffer.from(marker, "hex"), Buffer.of(0)]);
  return Buffer.concat([Buffer.from([0x76, 0x62, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]), label, Buffer.of(0, 1, 0, 1)]);
}
const succeeds = (finished: { readonly status: number }): boolean => finished.status === 0;

/** The way there, then the way back, in the order of the packet: who sends it on takes one from its TTL, and it leaves before it comes in. */
function sightings(frames: readonly Frame[], mark: Mark): Sighting[] {
  const sequence = frames.find((frame) => frame.protocol === "tcp" && frame.sourcePort === mark.port && frame.syn && !frame.ack)?.sequence;
  const isQuestion = (frame: Frame): boolean => (frame.protocol === "tcp" ? frame.syn && !frame.ack && frame.sequence === sequence : !frame.echoReply && !isUdpAnswer(frame) && frame.payload.includes(mark.marker));
  const isUdpAnswer = (frame: Frame): boolean => frame.protocol === "udp" && frame.destinationPort === mark.port;
  const isAnswer = (frame: Frame): boolean => frame.protocol === "tcp"
    ? sequence !== undefined && frame.acknowledges === ((sequence + 1) >>> 0) && ((frame.syn && frame.ack) || frame.reset)
    : isUdpAnswer(frame) || (frame.echoReply && frame.payload.includes(mark.marker));
  const rank = (frame: Frame): number => (isQuestion(frame) ? 0 : 1000) - 2 * frame.ttl + Number(frame.way === "in");
  const mine = frames.filter((frame) => isQuestion(frame) || isAnswer(frame)).sort((a, b) => rank(a) - rank(b)).map((frame): Sighting => ({ where: frame.where, way: frame.way, packet: frame.text, answer: !isQuestion(frame) }));
  return mine.filter((one, i) => mine.findIndex((other) => JSON.stringify(other) === JSON.stringify(one)) === i);
}

/** Where it is for: the guest, the internet; undefined: the VPC's services, at which nobody looks. */
function endOf({ snapshot, translation }: Network, answer: Answer, destination: number): string | undefined {
  if (answer.reachable) {
    const last = answer.forward.findLast((one) => one.component.kind !== "guest");
    return last?.component.kind === "internet" ? (last.component.id === laptopAddress ? "laptop" : "internet") : last?.attachedTo?.id;
  }
  const address = formatIp(destination);
  const owner = translation.ownerOf(destination)?.interface ?? snapshot.list("network-interface").find((eni) => eni.attachment !== undefined && eni.privateAddresses.some((one) => one.address === address));
  return owner?.attachment?.instanceId ?? (isPrivateAddress(destination) || isUnroutable(destination) ? undefined : address === laptopAddress ? "laptop" : "internet");
}
const reached = (seen: readonly Sighting[], end: string | undefined): boolean => seen.some((one) => !one.answer && one.way === "in" && one.where === end);

/**
 * What happened, held against the analysis. A UDP answer is the application's to give: there, that it arrived is what counts. And what
 * something on the way is said to stop must not be seen at its end.
 */
function judged(deps: ProbeDeps, network: Network, question: Question, answer: Answer, facts: readonly GuestFacts[], found: Omit<Probe, "agrees" | "file">, end?: string): Probe {
  const service = answer.forward.at(-1)?.component.kind === "vpc";
  const happened = question.protocol === "udp" && !service ? found.arrived || found.answered : found.answered;
  const cause = answer.explanations[0];
  const stoppedBefore = cause?.direction === "forward" && cause.component.kind !== "internet" && cause.component.id !== end && !cause.code.startsWith("FILTER_");
  const agrees = answer.reachable ? happened : !found.answered && !(stoppedBefore && reached(found.seen, end));
  return agrees ? { ...found, agrees } : { ...found, agrees, file: report(deps, network, question, answer, facts, found) };
}

const concerned: readonly Kind[] = ["vpc", "subnet", "route-table", "internet-gateway", "natgateway", "vpc-peering-connection", "security-group", "network-acl", "network-interface", "elastic-ip", "instance", "prefix-list"];

function report(deps: ProbeDeps, network: Network, question: Question, answer: Answer, facts: readonly GuestFacts[], found: object): string {
  const directory = join(deps.stateDir, "probes");
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const file = join(directory, `probe-${deps.now().toISOString().replaceAll(/[-:]|\.\d+/g, "")}-${deps.randomHex(4)}.json`);
  writeFileSync(file, JSON.stringify({ vpcbox: version, at: deps.now(), question, analysis: answer, happened: found, facts, records: records(network.snapshot) }, undefined, 1), { mode: 0o600 });
  return file;
}

/** Without what is nobody's business: user data and keys. */
function records(snapshot: Snapshot): Record<string, unknown[]> {
  const without = (record: object): object => Object.fromEntries(Object.entries(record).filter(([name]) => name !== "userData" && name !== "publicKey"));
  return Object.fromEntries(concerned.map((kind) => [kind, snapshot.list(kind).map(without)]));
}
