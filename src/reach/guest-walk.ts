// Owns what a guest does with a packet, decided from its facts (guest.ts says what is asked): received, forwarded, taken in, sent. Linux's
// order: raw, conntrack, mangle, prerouting translation, route, reverse path, forwarding, filter, postrouting translation.

import { formatIp } from "../lib/ip.ts";
import { ICMP, ICMP_ECHO, TCP, UDP, replyTo, type Packet } from "../model/packet.ts";
import * as cause from "./guest-causes.ts";
import type { Guest, GuestCause, GuestFacts, GuestStep, OwnInterface } from "./guest.ts";
import type { Doubt, Judgement, Ruleset } from "./guest-firewall.ts";
import { readIptables } from "./guest-iptables.ts";
import { readNftables } from "./guest-nftables.ts";
import { Passage, type Connection } from "./guest-passage.ts";
import type { Device, Way } from "./guest-routing.ts";
import { answers, translated } from "./guest-translation.ts";

const nowhere = { kind: "nowhere" } as const, local = { kind: "local" } as const;
interface Inside { readonly facts: GuestFacts; readonly own: readonly OwnInterface[] | undefined; readonly rules: Ruleset; readonly doubt: Doubt }
interface Outcome { readonly step: GuestStep; readonly seen: Packet } // seen: as a process in the guest sees it

/** @param own the instance's network interfaces; undefined: every device is taken to be one, with the addresses that it has */
export function readGuest(facts: GuestFacts, own?: readonly OwnInterface[]): Guest {
  const iptables = readIptables(facts.iptables);
  const nftables = readNftables(facts.nftables, iptables.nftTables);
  const rules: Ruleset = { chains: [...iptables.chains, ...nftables.chains], unread: [...iptables.unread, ...nftables.unread] };
  return {
    receive: (mac, packet, replyOf) => inDoubt(rules, (doubt) => receive({ facts, own, rules, doubt }, mac, packet, replyOf && answers(packet, replyOf.leftAs) ? replyOf : undefined).step),
    send: (packet, asked) => inDoubt(rules, (doubt) => send({ facts, own, rules, doubt }, packet, asked)),
  };
}

/** An instance that is not running. */
export function absentGuest(instanceId: string, state: string): Guest {
  const step: GuestStep = { causes: [cause.notRunning(instanceId, state)], notes: [], to: nowhere };
  return { receive: () => step, send: () => step };
}

/** Where rules are not understood: asked as if they were not about the packet, and, if the contrary would change anything, that is said. */
function inDoubt(rules: Ruleset, decide: (doubt: Doubt) => GuestStep): GuestStep {
  const met = new Set<string>();
  const step = decide({ unknownMatches: false, met });
  const notes = [...step.notes, ...rules.unread.map((text) => ({ en: `not read: ${text}`, ja: `読めません: ${text}` }))];
  if (met.size === 0) return { ...step, notes };
  if (essence(step) === essence(decide({ unknownMatches: true, met }))) return { ...step, notes };
  const list = [...met].join("; ");
  return { ...step, notes: [...notes, { en: `taken as not matching, for vpcbox does not understand it: ${list}`, ja: `vpcbox が理解できないため、一致しないものとして扱いました: ${list}` }] };
}
const essence = (step: GuestStep): string => JSON.stringify([step.causes.map((one) => [one.code, one.mend]), step.to, step.untranslated?.cause.code]);

function receive({ facts, own, rules, doubt }: Inside, mac: string, packet: Packet, replyOf: Connection | undefined): Outcome {
  const id = facts.instanceId;
  const passage = new Passage(facts, own, rules, doubt, packet, replyOf);
  let device = facts.devices.find((one) => one.mac.toLowerCase() === mac.toLowerCase());
  if (!device) return { step: { causes: [cause.noSuchDevice(id, mac)], notes: [], to: nowhere }, seen: packet };
  if (!device.up) { passage.raise(device); device = { ...device, up: true }; }
  passage.pass("prerouting", device, undefined);
  const missing = passage.missing(passage.packet.destination);
  if (missing) passage.give(missing);
  const way = passage.route(device.name);
  const end = (to: GuestStep["to"], untranslated?: GuestStep["untranslated"]): Outcome => ({ step: { causes: passage.causes, notes: withRules(passage), to, untranslated }, seen: passage.packet });
  if (!way) return end(nowhere);
  reversePath(passage, device);
  if (way.type === "local") {
    passage.pass("input", device, undefined);
    if (!replyOf) process(passage);
    return end(local);
  }
  if (way.type !== "unicast") return end(nowhere);
  if (!device.forwarding) passage.add(cause.forwardingOff(id, device, !facts.ipForward));
  const out = outDevice(passage, way);
  if (!out) return end(nowhere);
  passage.notes.push({ en: `forwards by its route ${routeText(way)}`, ja: `ルート ${routeText(way)} で転送します` });
  passage.pass("forward", device, out);
  const before = passage.packet;
  const judgement = passage.pass("postrouting", undefined, out);
  const unchanged = before.source === passage.packet.source && !passage.routing.isLocal(before.source);
  const untranslated = unchanged && passage.state !== "invalid" && !replyOf && !packet.about ? withoutTranslation(passage, out, judgement) : undefined;
  return end({ kind: "device", mac: out.mac, packet: passage.packet }, untranslated);
}

function send({ facts, own, rules, doubt }: Inside, packet: Packet, asked: Packet | undefined): GuestStep {
  const changed = own?.find((one) => !facts.devices.some((device) => device.mac.toLowerCase() === one.mac.toLowerCase()));
  if (changed && own!.length === 1) return { causes: [cause.noSuchDevice(facts.instanceId, changed.mac)], notes: [], to: nowhere };
  const seen = asked && seenInside({ facts, own, rules, doubt }, asked);
  const passage = new Passage(facts, own, rules, doubt, seen ? replyTo(seen) : packet, asked && { cameAs: asked, leftAs: seen! });
  const end = (to: GuestStep["to"]): GuestStep => ({ causes: passage.causes, notes: withRules(passage), to });
  let way = passage.route("lo");
  if (!way) return end(nowhere);
  if (passage.packet.source === 0) {
    passage.packet = { ...passage.packet, source: sourceOf(passage, way) };
    if (packet.protocol !== ICMP) way = passage.route("lo") ?? way; // connect(2) looks again, with the source it found
  }
  const first = outDevice(passage, way);
  const key = (): string => `${cause.describe(passage.packet)} ${passage.mark}`;
  const before = key();
  passage.pass("output", undefined, first);
  if (key() !== before) way = passage.route("lo") ?? way;
  if (way.type === "local") return end(local);
  const out = outDevice(passage, way);
  if (!out) return end(nowhere);
  passage.pass("postrouting", undefined, out);
  return end({ kind: "device", mac: out.mac, packet: passage.packet });
}

/** What a process here sees of a packet that came in: translations on the way in are silent. */
function seenInside({ facts, own, rules }: Inside, asked: Packet): Packet {
  const device = facts.devices.find((one) => one.addresses.some(({ address }) => address === formatIp(asked.destination))) ?? facts.devices.find((one) => one.name !== "lo");
  return device ? receive({ facts, own, rules, doubt: { unknownMatches: false, met: new Set() } }, device.mac, asked, undefined).seen : asked;
}

function sourceOf(passage: Passage, way: Way): number {
  const chosen = way.route?.source === undefined ? undefined : passage.facts.devices.flatMap((one) => one.addresses).find(({ address }) => address === way.route!.source)?.address;
  const ip = (text: string | undefined): number | undefined => text?.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
  return ip(chosen) ?? (way.route?.device === undefined ? undefined : passage.routing.addressOf(way.route.device, ip(way.route.gateway) ?? passage.packet.destination)) ?? 0;
}

const outDevice = (passage: Passage, way: Way): Device | undefined => passage.facts.devices.find((one) => one.name === way.route?.device);
const routeText = ({ route }: Way): string =>
  `${route?.destination === "0.0.0.0/0" ? "default" : route?.destination ?? ""}${route?.gateway === undefined ? "" : ` via ${route.gateway}`}${route?.device === undefined ? "" : ` dev ${route.device}`}`;
const withRules = (passage: Passage): GuestStep["notes"] =>
  [...passage.notes, ...[...passage.routing.unclear].map((text) => ({ en: `passed over, for vpcbox does not understand it: ${text}`, ja: `vpcbox が理解できないため飛ばしました: ${text}` }))];

/** Whether the guest believes that the packet came in by the right device (RFC 3704; fib_validate_source). */
function reversePath(passage: Passage, device: Device): void {
  if (device.reversePathFilter === 0) return;
  const { packet } = passage;
  const back = { ...packet, source: packet.destination, destination: packet.source, sourcePort: packet.destinationPort, destinationPort: packet.sourcePort };
  const way = passage.routing.lookup({ packet: back, in: "lo", mark: 0 });
  const found = way.type === "unicast" ? way.route?.device : undefined;
  if (found === device.name || (found !== undefined && device.reversePathFilter === 2)) return;
  passage.add(cause.reversePathFilter(passage.facts.instanceId, device, packet.source, found));
}

/** Whether somebody here takes the packet. */
function process(passage: Passage): void {
  const { facts, packet } = passage;
  if (packet.protocol === ICMP && packet.icmpType === ICMP_ECHO && facts.echoIgnored) passage.add(cause.pingIgnored(facts.instanceId));
  if ((packet.protocol !== TCP && packet.protocol !== UDP) || packet.fragment === "later") return;
  const protocol = packet.protocol === TCP ? "tcp" : "udp";
  const there = facts.listeners.filter((one) => one.protocol === protocol && one.port === packet.destinationPort);
  if (there.some((one) => cause.isAnyAddress(one.address) || one.address === formatIp(packet.destination))) return;
  passage.add(cause.portClosed(facts.instanceId, packet, there.length === 0 ? undefined : there.map((one) => one.address).join(", ")));
}

function withoutTranslation(passage: Passage, out: Device, judgement: Judgement | undefined): GuestStep["untranslated"] {
  const { packet, routing, facts } = passage;
  const own = { outgoing: routing.addressOf(out.name, packet.destination), incoming: undefined };
  return { cause: whyNot(passage, out, judgement, facts.instanceId), packet: translated(packet, { kind: "masquerade" }, "source", own) };
}

function whyNot(passage: Passage, out: Device, judgement: Judgement | undefined, id: string): GuestCause {
  for (const name of passage.otherOutNames(out.name)) {
    const other = passage.tryTranslation("postrouting", undefined, { name }).translation;
    if (other) return cause.natWrongInterface(id, other.by, name, out.name);
  }
  return cause.natMissing(id, passage.packet.source, out.name, judgement?.ended === true);
}
