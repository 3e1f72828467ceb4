// Owns the answer to "does the packet get there, and its answer back?": walks; mends in thought what stops the walk; walks again, until
// nothing stops it. So every cause is found, and mending all of them, and nothing else, makes it reachable. Pure.

import { formatIp } from "../lib/ip.ts";
import { readNetwork, type Network } from "../model/network.ts";
import { changed } from "../model/overlay.ts";
import { causesOf, guestExplanation, hostExplanation, type Cause } from "./causes.ts";
import { interfaceOf, type Ports } from "./endpoints.ts";
import { filterExplanations } from "./filters.ts";
import type { Guests } from "./guest.ts";
import type { Answer, Explanation, PathComponent, Question } from "./question.ts";
import { headerOf, text } from "./texts.ts";
import { walk, type Place, type Stop, type Walked, type World } from "./walk.ts";

const MOST_CAUSES = 16, MOST_WALKS = 120;
/** A client's and a NAT gateway's own ports are any of a range: asked with both ends of it. */
const lowPorts: Ports = { client: 32768, nat: 1024 }, highPorts: Ports = { client: 60999, nat: 65535 };
const commonPorts = [443, 80, 22];

/** @param guests what is known of the insides of running guests */
export function analyze(network: Network, question: Question, guests: Guests): Answer {
  return analyzed(worldOf(network), question, guests).answer;
}

/** And the network as its mends make it. */
export function analyzeAndMend(network: Network, question: Question, guests: Guests): { readonly answer: Answer; readonly mended: Network } {
  const { answer, after } = analyzed(worldOf(network), question, guests);
  return { answer, mended: after.network };
}

/** Each in the network as it is once what was found before is mended: so the mends of all can be run one after the other. */
export function analyzeInTurn(network: Network, questions: readonly Question[], guests: Guests): Answer[] {
  let world = worldOf(network);
  return questions.map((question) => {
    const { answer, after } = analyzed(world, question, guests);
    world = after;
    return answer;
  });
}

/** Of a stopped instance's inside nothing is known until it starts: it is not accused of anything. */
const worldOf = (network: Network): World => ({ network, translating: new Set(network.snapshot.list("instance").filter((one) => one.state === "stopped").map((one) => one.id)) });

interface Analyzed { readonly answer: Answer; readonly after: World } // after: what was found is mended

function analyzed(world: World, question: Question, guests: Guests): Analyzed {
  if (question.protocol === "icmp" || portOf(question) !== undefined) return analyzePort(world, question, guests);
  const found = portsToTry(world.network, question).map((port) => analyzePort(world, { ...question, port }, guests));
  return found.find(({ answer }) => answer.reachable) ?? found[0]!;
}

const portOf = (question: Question): number | undefined => question.port ?? question.filterAtSource?.destinationPorts?.from;

/** Those that the destination's groups name, and common ones. */
function portsToTry(network: Network, question: Question): number[] {
  const target = question.destination && interfaceOf(network, question.destination, question.source);
  const rules = (target?.groupIds ?? []).flatMap((id) => network.snapshot.get("security-group", id)?.rules ?? []);
  const named = rules.filter((rule) => !rule.isEgress && rule.protocol === question.protocol && rule.fromPort >= 0).flatMap((rule) => (rule.fromPort === 0 ? [] : [rule.fromPort]));
  const filtered = question.filterAtDestination?.destinationPorts?.from;
  return [...new Set([...(filtered === undefined ? [] : [filtered]), ...named, ...(question.protocol === "udp" ? [53] : []), ...commonPorts])].slice(0, 6);
}

function analyzePort(world: World, question: Question, guests: Guests): Analyzed {
  const search: Search = { question, guests, walks: 0 };
  const first = walk(world, guests, question, lowPorts);
  let solved = solve(search, world, lowPorts, [], first);
  if (question.protocol !== "icmp" && solved.done) solved = solve(search, solved.world, highPorts, solved.causes);
  const told = inOrder(solved, question, world.network);
  const filtered = told.length === 0 && first.arrived && first.sent ? filterExplanations(question, first.sent, first.arrived) : [];
  const explanations = [...told.map((one) => one.explanation), ...filtered, ...(told.length === 0 && first.stop ? [unexplained(first.stop)] : [])];
  return { answer: { reachable: explanations.length === 0, ...asFarAsItGets(first, told), explanations }, after: solved.world };
}

/** It was stopped, and nothing says why: that is never reachable. */
function unexplained({ direction, packet }: Stop): Explanation {
  const address = packet === undefined ? "" : formatIp(packet.destination);
  return {
    code: "NO_PATH", direction, component: { kind: "internet", id: address }, flow: "egress", mend: "", ...(packet ? { header: headerOf(packet) } : {}),
    message: text(`the packet to ${address} gets no further, and what stops it is not known`, `${address} へのパケットは先へ進めません (原因は不明です)`),
  };
}

interface Search { readonly question: Question; readonly guests: Guests; walks: number }
interface Solved { readonly world: World; readonly causes: readonly Cause[]; readonly last: Walked; readonly done: boolean }

function solve(search: Search, world: World, ports: Ports, causes: readonly Cause[], known?: Walked): Solved {
  const last = known ?? walk(world, search.guests, search.question, ports);
  search.walks++;
  if (!last.stop) return { world, causes, last, done: true };
  const options = causesOf(last.stop, world, search.guests, search.question);
  const tried = (option: Cause): Solved => {
    const next = mended(world, option);
    return !next || causes.length >= MOST_CAUSES ? { world, causes: [...causes, option], last, done: false } : solve(search, next, ports, [...causes, option]);
  };
  let best: Solved | undefined;
  for (const option of options.filter((one) => one.instead !== true)) {
    if (best?.done || (best && search.walks >= MOST_WALKS)) break;
    const result = tried(option);
    if (result.done || !best) best = result;
  }
  for (const option of options.filter((one) => one.instead === true)) {
    if (search.walks >= MOST_WALKS || (best?.done && best.causes.length <= causes.length + 1)) break;
    const result = tried(option);
    if (result.done && (!best?.done || result.causes.length < best.causes.length)) best = result;
  }
  return best ?? { world, causes, last, done: false };
}

/** The world without that cause; undefined when nothing lifts it. */
function mended(world: World, cause: Cause): World | undefined {
  if (cause.translates !== undefined) return { ...world, translating: new Set([...world.translating, cause.translates]) };
  return cause.changes.length === 0 ? undefined : { ...world, network: readNetwork(changed(world.network.snapshot, cause.changes)) };
}

interface Told { readonly place: Place; readonly explanation: Explanation }

/** Causes in the order of the way, each once. */
function inOrder({ causes, last }: Solved, question: Question, network: Network): Told[] {
  const source = question.source.kind === "interface" ? network.snapshot.get("network-interface", question.source.id)?.attachment?.instanceId : undefined;
  const told: Told[] = [
    ...last.guests.map((finding) => ({ place: finding, explanation: guestExplanation(finding) })),
    ...last.hosts.map((finding) => ({ place: finding, explanation: hostExplanation(finding, source) })),
    ...causes,
  ];
  const rank = ({ direction, at }: Place): number => (direction === "forward" ? 0 : 1_000_000) + at;
  const key = ({ explanation: e }: Told): string => `${e.code} ${e.component.id} ${e.mend} ${e.flow}`;
  return told.sort((a, b) => rank(a.place) - rank(b.place)).filter((one, i, all) => all.findIndex((other) => key(other) === key(one)) === i);
}

/** What the packet truly passed: up to the first cause. */
function asFarAsItGets(first: Walked, told: readonly Told[]): { forward: readonly PathComponent[]; return: readonly PathComponent[] } {
  const cause = told[0]?.place;
  if (!cause) return { forward: first.forward, return: first.return };
  if (cause.direction === "forward") return { forward: first.forward.slice(0, cause.at), return: [] };
  return { forward: first.forward, return: first.return.slice(0, cause.at) };
}
