// Owns one packet's way through a guest's hooks and routes (netfilter's hook order; RFC 1812 for what forwarding is). Each obstacle is
// written down and the packet goes on as if it were mended, so that the next ones are found too.

import { ACK, ICMP, ICMP_ECHO, RST, SYN, TCP, type Packet } from "../model/packet.ts";
import * as cause from "./guest-causes.ts";
import { describe, type Words } from "./guest-causes.ts";
import type { GuestCause, GuestFacts, OwnInterface, RouteFact } from "./guest.ts";
import { judge, natPriority, translate, type Doubt, type Hook, type Judgement, type Ruleset, type Sight, type TrackState } from "./guest-firewall.ts";
import { defaultRoute, readRouting, withDevicesUp, type Device, type Routing, type Way } from "./guest-routing.ts";
import { destinationTurnedBack, sourceTurnedBack, translated } from "./guest-translation.ts";
import { formatIp } from "../lib/ip.ts";

/** An answer's connection: its first packet as it had come, and as it left. */
export interface Connection { readonly cameAs: Packet; readonly leftAs: Packet }
const CONNTRACK_PRIORITY = -200;
const OBSTACLES = 6;
const ICMP_QUESTIONS: readonly (number | undefined)[] = [ICMP_ECHO, 13, 15, 17]; // echo, timestamp, information, address mask
/** Whether a connection may begin with it. What answers one that this guest never saw is invalid, and translated by no rule (nf_conntrack_proto_tcp, _icmp). */
const begins = ({ protocol, tcpFlags, icmpType }: Packet): boolean =>
  protocol === TCP ? ((tcpFlags ?? SYN) & RST) === 0 && ((tcpFlags ?? SYN) & (SYN | ACK)) !== (SYN | ACK) : protocol !== ICMP || ICMP_QUESTIONS.includes(icmpType);
const refusals = new Set(["blackhole", "unreachable", "prohibit"]);

export class Passage {
  readonly causes: GuestCause[] = [];
  readonly notes: Words[] = [];
  facts: GuestFacts;
  routing: Routing;
  packet: Packet;
  state: TrackState;
  mark = 0;
  readonly #rules: Ruleset;
  readonly #doubt: Doubt;
  readonly #connection: Connection | undefined;
  readonly #first: Packet;
  readonly #own: readonly OwnInterface[] | undefined;

  /** @param own undefined: every device is taken to be the VPC's */
  constructor(facts: GuestFacts, own: readonly OwnInterface[] | undefined, rules: Ruleset, doubt: Doubt, packet: Packet, connection: Connection | undefined) {
    this.facts = facts;
    this.routing = readRouting(facts);
    this.packet = packet;
    this.state = connection ? "established" : packet.about ? "related" : begins(packet) ? "new" : "invalid";
    this.#rules = rules;
    this.#doubt = doubt;
    this.#connection = connection;
    this.#first = connection?.cameAs ?? packet;
    this.#own = own;
  }

  get isAnswer(): boolean { return this.#connection !== undefined; }

  /** A hook with all its chains. @returns how its translating chains ended, for the first packet of a connection */
  pass(hook: Hook, incoming: Device | undefined, outgoing: Device | undefined): Judgement | undefined {
    const begins = hook === "prerouting" || hook === "output";
    const tracked = this.state;
    if (begins) {
      this.state = "invalid"; // nobody has looked it up yet
      this.#filter(hook, incoming, outgoing, -Infinity, CONNTRACK_PRIORITY);
      if (this.#isUntracked()) { this.#filter(hook, incoming, outgoing, CONNTRACK_PRIORITY, Infinity); return undefined; }
      this.state = tracked;
      this.#track();
    }
    const at = natPriority(hook);
    this.#filter(hook, incoming, outgoing, begins ? CONNTRACK_PRIORITY : -Infinity, at);
    const judgement = this.#translate(hook, incoming, outgoing);
    this.#filter(hook, incoming, outgoing, at, Infinity);
    return judgement;
  }

  #isUntracked(): boolean { return this.state === "untracked"; }

  #track(): void {
    const { count, max } = this.facts.conntrack;
    if (this.state === "new" && count > 0 && max > 0 && count >= max) this.#add(cause.conntrackFull(this.facts.instanceId, count, max));
  }

  #sight(hook: Hook, incoming: Device | undefined, outgoing: Device | undefined): Sight {
    const { cameAs, leftAs } = this.#connection ?? { cameAs: this.#first, leftAs: this.packet };
    const translatedNow = { source: cameAs.source !== leftAs.source || cameAs.sourcePort !== leftAs.sourcePort, destination: cameAs.destination !== leftAs.destination || cameAs.destinationPort !== leftAs.destinationPort };
    return { hook, packet: this.packet, in: incoming?.name, out: outgoing?.name, original: this.#first, translated: translatedNow, isLocal: this.routing.isLocal, state: this.state, mark: this.mark };
  }

  #filter(hook: Hook, incoming: Device | undefined, outgoing: Device | undefined, from: number, to: number): void {
    const sight = this.#sight(hook, incoming, outgoing);
    this.#blame(judge(this.#rules, sight, from, to, this.#doubt));
    this.state = sight.state;
    this.mark = sight.mark;
  }

  #translate(hook: Hook, incoming: Device | undefined, outgoing: Device | undefined): Judgement | undefined {
    if (hook === "forward" || this.#isUntracked()) return undefined;
    const at = hook === "prerouting" || hook === "output" ? "destination" : "source";
    if (this.#connection) {
      const before = this.packet;
      this.packet = (at === "destination" ? destinationTurnedBack : sourceTurnedBack)(this.packet, this.#connection.cameAs);
      if (describe(before) !== describe(this.packet)) this.notes.push({ en: `turns the answer back: ${describe(this.packet)}`, ja: `応答を元に戻します: ${describe(this.packet)}` });
      return undefined;
    }
    if (this.state !== "new") return undefined;
    const judgement = this.tryTranslation(hook, incoming, outgoing);
    this.#blame(judgement);
    if (judgement.translation) {
      const { how } = judgement.translation;
      const own = { outgoing: outgoing && this.routing.addressOf(outgoing.name, this.packet.destination), incoming: incoming && this.routing.addressOf(incoming.name, this.packet.source) };
      this.packet = translated(this.packet, how, at, own);
      const name = how.kind.toUpperCase();
      this.notes.push(at === "source" ? { en: `${name}: leaves as ${formatIp(this.packet.source)}`, ja: `${name}: ${formatIp(this.packet.source)} として出ます` } : { en: `${name}: goes to ${describe(this.packet).split("-> ")[1]}`, ja: `${name}: 宛先は ${describe(this.packet).split("-> ")[1]} になります` });
      if ("choices" in how && how.choices === true) this.notes.push({ en: `it may take another address of that range`, ja: `範囲の別のアドレスになることもあります` });
    }
    return judgement;
  }

  /** What the translating chains of a hook say, without doing it. */
  tryTranslation(hook: Hook, incoming: Device | undefined, outgoing: Pick<Device, "name"> | undefined): Judgement {
    return translate(this.#rules, this.#sight(hook, incoming, outgoing as Device | undefined), this.#doubt);
  }

  /** Devices that translating rules name, other than `out`. */
  otherOutNames(out: string): string[] {
    const named = this.#rules.chains.filter(({ table }) => /nat/i.test(table) || this.#rules.chains.some((one) => one.table === table && one.base?.nat === true)).flatMap(({ rules }) => rules.flatMap((rule) => rule.outNames));
    return [...new Set(named)].filter((name) => name !== out && name !== "");
  }

  #blame(judgement: Judgement): void {
    for (const { chain, rule } of judgement.drops) this.#add(cause.firewallDrops(this.facts.instanceId, chain, rule, this.packet, this.isAnswer));
  }

  #add(one: GuestCause): void {
    if (!this.causes.some((other) => other.code === one.code && other.mend === one.mend)) this.causes.push(one);
  }

  add(one: GuestCause): void { this.#add(one); }

  /** Brings a device up, in thought. */
  raise(device: Device): void {
    this.#add(cause.interfaceDown(this.facts.instanceId, device));
    this.#take(withDevicesUp(this.facts, [device.name]));
  }

  #take(facts: GuestFacts): void {
    this.facts = facts;
    this.routing = readRouting(facts);
  }

  /** A route, with what stands in its way mended; undefined: even so there is none. */
  route(incoming: string, packet = this.packet): Way | undefined {
    for (let i = 0; i < OBSTACLES; i++) {
      const way = this.routing.lookup({ packet, in: incoming, mark: this.mark });
      const elsewhere = way.type === "unicast" && this.#leadsElsewhere(way.route!);
      if (way.type !== "none" && !refusals.has(way.type) && !elsewhere) return way;
      if (!this.#mendRoute(way, packet)) return undefined;
    }
    return undefined;
  }

  #ownOf(device: Device): OwnInterface | undefined { return this.#own?.find((one) => one.mac.toLowerCase() === device.mac.toLowerCase()); }

  #leadsElsewhere({ device }: RouteFact): boolean {
    const found = this.facts.devices.find((one) => one.name === device);
    return this.#own !== undefined && found !== undefined && this.#ownOf(found) === undefined;
  }

  /** The address, if the network has it here and the guest does not; and on which of its devices it should be. */
  missing(address: number): { readonly device: Device; readonly address: string; readonly prefixLength: number } | undefined {
    if (this.routing.isLocal(address)) return undefined;
    for (const device of this.facts.devices) {
      const found = this.#ownOf(device)?.addresses.find((one) => one.address === formatIp(address));
      if (found) return { device, ...found };
    }
    return undefined;
  }

  /** Gives a device an address, in thought. */
  give({ device, address, prefixLength }: NonNullable<ReturnType<Passage["missing"]>>): void {
    this.#add(cause.addressMissing(this.facts.instanceId, device, address, prefixLength));
    const facts = { ...this.facts, devices: this.facts.devices.map((one) => (one === device ? { ...one, addresses: [...one.addresses, { address, prefixLength }] } : one)) };
    this.#take(withDevicesUp({ ...facts, routes: [...facts.routes, { table: "local", type: "local", destination: `${address}/32`, device: device.name, metric: 0 }] }, [device.name]));
  }

  #mendRoute(way: Way, packet: Packet): boolean {
    const { facts } = this;
    const id = facts.instanceId;
    if (way.type === "unicast") {
      this.#add(cause.routeElsewhere(id, packet.destination, way.route!));
      this.#take({ ...facts, routes: facts.routes.filter((one) => one !== way.route) });
      return true;
    }
    if (refusals.has(way.type)) {
      const rule = way.route ? undefined : facts.rules.find((one) => one.action === way.type);
      this.#add(cause.routeRefuses(id, packet.destination, way.type, way.route, rule?.priority));
      this.#take({ ...facts, routes: facts.routes.filter((one) => one !== way.route), rules: facts.rules.filter((one) => one !== rule) });
      return true;
    }
    const down = facts.devices.find((device) => !device.up && device.name !== "lo" && device.addresses.length > 0);
    if (down) { this.raise(down); return true; }
    const bare = facts.devices.find((device) => device.addresses.length === 0 && this.#ownOf(device) !== undefined);
    if (bare) { this.give({ device: bare, ...this.#ownOf(bare)!.addresses[0]! }); return true; }
    const device = facts.devices.find((one) => one.name !== "lo" && one.up && one.addresses.length > 0 && (this.#own === undefined || this.#ownOf(one) !== undefined));
    const added = device && defaultRoute(device);
    if (!device || !added || facts.routes.some((route) => route.table === "main" && route.destination === added.destination && route.gateway === added.gateway && route.device === added.device)) return false;
    const reached = facts.routes.some((route) => route.table === "main" && route.device === device.name && route.gateway === undefined);
    this.#add(cause.noRoute(id, packet.destination, device, !reached));
    this.#take({ ...facts, routes: [...facts.routes, added] });
    return true;
  }
}
