// Owns `vpcbox explain --probe`: sends the real packet, looks at it in every guest it enters and leaves, and holds what happened against
// what the analyzer said. Where the two differ, vpcbox has a defect: a file has all that is needed to find it.

import { createSocket } from "node:dgram";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { DropCount } from "./datapath/tables.ts";
import { laptopAddress } from "./internet/addresses.ts";
import { formatIp, parseIp } from "./lib/ip.ts";
import { run } from "./linux/exec.ts";
import { watchFrames, type FrameWatch } from "./linux/frame-watch.ts";
import { boundSocket } from "./linux/libc.ts";
import { inNetns } from "./linux/netns.ts";
import type { Network } from "./model/network.ts";
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

const WAIT_MS = 1500, SETTLE_MS = 60;

export async function probe(deps: ProbeDeps, network: Network, question: Question, answer: Answer, facts: readonly GuestFacts[], nameOf: (drop: DropCount) => string): Promise<Probe> {
  const { snapshot } = network;
  const port = question.port ?? answer.forward.find((one) => one.inbound?.destinationPort !== undefined)?.inbound?.destinationPort;
  const asked = { ...question, port };
  const start = startOf(network, asked, { client: 40_000 + Number.parseInt(deps.randomHex(3), 16), nat: 40_000 });
  const sender = "missing" in start || start.at === "peering" ? undefined
    : start.at === "internet" ? deps.netnsOfInternet(formatIp(start.packet.source) === laptopAddress ? "laptop" : "internet")
      : snapshot.get("instance", start.interface.attachment?.instanceId ?? "")?.state === "running" ? deps.netnsOfGuest(start.interface.attachment!.instanceId) : undefined;
  const before = new Map(deps.drops().map((one) => [keyOf(one), one.packets]));
  if ("missing" in start || sender === undefined || (port === undefined && question.protocol !== "icmp"))
    return judged(deps, network, asked, answer, facts, { sent: false, arrived: false, answered: false, seen: [], dropped: [] });
  const watched = watch(deps, network, facts);
  const mark = { marker: deps.randomHex(32), port: start.packet.sourcePort };
  const { destination } = start.packet;
  const source = start.at === "interface" && start.ownAddress ? undefined : formatIp(start.packet.source);
  try {
    const answered = await send(deps, sender, question.protocol, source, formatIp(destination), port ?? 0, mark);
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    const frames = watched.flatMap(({ where, macs, frames: links }) => links.take().flatMap((bytes) => readFrame(bytes, macs, where) ?? []));
    const seen = sightings(frames, mark);
    const dropped = deps.drops().map((one) => ({ interface: nameOf(one), reason: one.reason, packets: one.packets - (before.get(keyOf(one)) ?? 0) })).filter((one) => one.packets > 0);
    const arrived = answered || answer.reachable && question.protocol === "udp" && reachedEnd(seen, network);
    return judged(deps, network, asked, answer, facts, { sent: true, arrived, answered, seen, dropped });
  } finally {
    for (const { frames } of watched) frames.close();
  }
}

const keyOf = (drop: DropCount): string => `${drop.port} ${drop.reason}`;

interface Watched { readonly where: string; readonly macs: ReadonlySet<string>; readonly frames: FrameWatch }
/** Every guest that the analysis looked into, and the box's internet. */
function watch(deps: ProbeDeps, network: Network, facts: readonly GuestFacts[]): Watched[] {
  const guests = facts.filter((one) => network.snapshot.get("instance", one.instanceId)?.state === "running");
  return [
    ...guests.map((one) => ({ where: one.instanceId, macs: new Set(one.devices.map((device) => device.mac)), frames: watchFrames(deps.netnsOfGuest(one.instanceId)) })),
    { where: "internet", macs: new Set(["02:00:00:00:01:01"]), frames: watchFrames(deps.netnsOfInternet("internet")) },
  ];
}

/** @returns whether the answer came */
async function send(deps: ProbeDeps, netns: string, protocol: Question["protocol"], source: string | undefined, destination: string, port: number, mark: Mark): Promise<boolean> {
  const around = <T>(fn: () => T): T => inNetns(netns, fn);
  const program = (name: string): string => ["/usr/bin", join(deps.guestUsr, "bin")].map((directory) => join(directory, name)).find(existsSync) ?? name;
  const bound = source === undefined ? [] : [protocol === "icmp" ? "-I" : "-s", source];
  if (protocol === "icmp") return succeeds(await run([program("ping"), "-n", "-c", "1", "-W", "1", "-s", "56", "-p", mark.marker, ...bound, destination], { around, okStatuses: [0, 1, 2], timeoutMs: WAIT_MS + 1000 }));
  if (protocol === "tcp") return succeeds(await run([program("nc.openbsd"), "-n", "-z", "-w", "1", "-p", String(mark.port), ...bound, destination, String(port)], { around, okStatuses: [0, 1], timeoutMs: WAIT_MS + 1000 }));
  const socket = createSocket("udp4").bind({ fd: around(() => boundSocket("udp", source === undefined ? 0 : parseIp(source)!, mark.port)) });
  try {
    return await new Promise<boolean>((resolve) => {
      const end = setTimeout(() => resolve(false), WAIT_MS);
      socket.on("message", () => { clearTimeout(end); resolve(true); });
      socket.on("error", () => resolve(false));
      socket.send(Buffer.from(mark.marker, "hex"), port, destination, (error) => { if (error) resolve(false); });
    });
  } finally {
    socket.close();
  }
}
const succeeds = (finished: { readonly status: number }): boolean => finished.status === 0;

/** The way there in the order of the places that are watched, then the way back. */
function sightings(frames: readonly Frame[], mark: Mark): Sighting[] {
  const sequence = frames.find((frame) => frame.protocol === "tcp" && frame.sourcePort === mark.port && frame.syn && !frame.ack)?.sequence;
  const mine = frames.flatMap((frame): Sighting[] => {
    const answer = frame.protocol === "tcp" ? sequence !== undefined && frame.acknowledges === ((sequence + 1) >>> 0) && (frame.ack || frame.reset) : frame.echoReply || (frame.protocol === "udp" && frame.destinationPort === mark.port);
    const question = frame.protocol === "tcp" ? frame.syn && !frame.ack && frame.sequence === sequence : !answer && frame.payload.includes(mark.marker);
    if (!(frame.protocol === "tcp" ? answer && (frame.syn || frame.reset) || question : question || (answer && (frame.protocol === "udp" || frame.payload.includes(mark.marker))))) return [];
    return [{ where: frame.where, way: frame.way, packet: frame.text, answer: answer && !question }];
  });
  const there = mine.filter((one) => !one.answer).map((one) => one.where);
  const rank = (one: Sighting): number => (one.answer ? 1000 - 2 * there.indexOf(one.where) + Number(one.way === "out") : 0); // back by the same places
  return mine.filter((one, i) => mine.findIndex((other) => JSON.stringify(other) === JSON.stringify(one)) === i).sort((a, b) => rank(a) - rank(b));
}

/** Into whoever has the address that it is for by now. */
function reachedEnd(seen: readonly Sighting[], network: Network): boolean {
  const addressesOf = (instanceId: string): string[] => network.snapshot.list("network-interface").filter((eni) => eni.attachment?.instanceId === instanceId).flatMap((eni) => eni.privateAddresses.map((one) => one.address));
  return seen.some((one) => !one.answer && one.way === "in" && (one.where === "internet" || addressesOf(one.where).some((address) => one.packet.includes(`-> ${address}:`))));
}

/** A UDP answer is the application's to give: there, that it arrived is what can be held against the analysis. */
function judged(deps: ProbeDeps, network: Network, question: Question, answer: Answer, facts: readonly GuestFacts[], found: Omit<Probe, "agrees" | "file">): Probe {
  const happened = question.protocol === "udp" ? found.arrived || found.answered : found.answered;
  const agrees = happened === answer.reachable || (question.protocol === "udp" && !answer.reachable && !found.answered);
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
