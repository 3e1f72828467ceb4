// Owns one walk there and back over a world: hop after hop by model/hop.ts, through guests and NAT gateways, until the answer is home or
// something of the network stops it. What guests do wrong is noted and taken as mended; what the network stops ends the walk, and
// analyze.ts walks again in a world where that is mended. Pure.

import { formatIp } from "../lib/ip.ts";
import { arriveFromInternet, arriveFromPeering, leaveInterface, leaveNatGateway, type Check, type Hop, type Reason } from "../model/hop.ts";
import { answers, throughNatGateway, type NatReason } from "../model/nat-gateway.ts";
import type { Network } from "../model/network.ts";
import { replyTo, type Packet } from "../model/packet.ts";
import type { NatGateway, NetworkInterface } from "../model/records.ts";
import { hopComponents, interfaceComponent, internetComponent, peeringComponent } from "./components.ts";
import { natPort, startOf, type NoStart, type Ports, type Start } from "./endpoints.ts";
import { FlowMemory } from "./flow-memory.ts";
import type { Guest, GuestCause, Guests, GuestStep } from "./guest.ts";
import { unknownGuest } from "./guest-unknown.ts";
import { hostAnswers, type HostAnswer } from "./internet-hosts.ts";
import type { PathComponent, Question } from "./question.ts";
import { headerOf, text } from "./texts.ts";

export interface World { readonly network: Network; readonly translating: ReadonlySet<string> } // guests that are taken to translate
type Direction = "forward" | "return";
/** Where on the way something is: causes are told in this order. */
export interface Place { readonly direction: Direction; readonly at: number }
export interface GuestFinding extends Place { readonly instanceId: string; readonly cause: GuestCause; readonly packet: Packet }
export interface HostFinding extends Place { readonly host: Exclude<HostAnswer, "answers">; readonly packet: Packet }
export interface RouteTaken { readonly from: NetworkInterface | undefined; readonly check: Check & { what: "route" } }
export type Stop = Place & { readonly packet?: Packet | undefined; readonly untranslated?: GuestFinding | undefined; readonly routes: readonly RouteTaken[] } & (
  | { readonly what: "drop"; readonly reason: Reason; readonly check?: Check | undefined; readonly counted?: NetworkInterface | undefined; readonly from?: NetworkInterface | undefined; readonly packet: Packet }
  | { readonly what: "nat-gateway"; readonly reason: NatReason; readonly natGateway: NatGateway; readonly from?: NetworkInterface | undefined; readonly packet: Packet }
  | { readonly what: "no-start"; readonly why: NoStart }
  | { readonly what: "not-running"; readonly interface: NetworkInterface }
  | { readonly what: "loop" | "elsewhere" | "nowhere" | "other-address"; readonly packet: Packet });
export interface Walked {
  readonly forward: readonly PathComponent[];
  readonly return: readonly PathComponent[];
  readonly guests: readonly GuestFinding[];
  readonly hosts: readonly HostFinding[];
  readonly stop?: Stop | undefined;
  readonly arrived?: Packet | undefined; // at the destination
  readonly sent?: Packet | undefined;
}
type End = { readonly packet: Packet } & ({ readonly kind: "interface"; readonly interface: NetworkInterface } | { readonly kind: "internet" | "service" | "peering" });

const MOST_HOPS = 64; // a packet's TTL

export function walk(world: World, guests: Guests, question: Question, ports: Ports): Walked {
  return new Walker(world, guests, question, ports).run();
}

class Walker {
  readonly #world: World;
  readonly #network: Network;
  readonly #guests: Guests;
  readonly #question: Question;
  readonly #ports: Ports;
  readonly #memory = new FlowMemory();
  readonly #ways: Record<Direction, PathComponent[]> = { forward: [], return: [] };
  readonly #found: GuestFinding[] = [];
  readonly #hosts: HostFinding[] = [];
  #routes: RouteTaken[] = [];
  #direction: Direction = "forward";
  #untranslated: GuestFinding | undefined;
  #stop: Stop | undefined;

  constructor(world: World, guests: Guests, question: Question, ports: Ports) {
    this.#world = world;
    this.#network = world.network;
    this.#guests = guests;
    this.#question = question;
    this.#ports = ports;
  }

  run(): Walked {
    const start = startOf(this.#network, this.#question, this.#ports);
    if ("missing" in start) return this.#ended(this.#stopped({ what: "no-start", why: start }));
    const { packet: sent, hop, from } = this.#begin(start);
    const end = hop && this.#follow(hop, from);
    if (!end) return this.#ended(undefined, undefined, sent);
    if (!this.#isDestination(end)) return this.#ended(this.#stopped({ what: "elsewhere", packet: end.packet }), undefined, sent);
    this.#direction = "return";
    this.#routes = [];
    this.#untranslated = undefined;
    if (end.kind === "service") return this.#ended(undefined, end.packet, sent, [...(start.at === "interface" ? [interfaceComponent(start.interface, replyTo(end.packet), "in")] : [])]);
    const answer = this.#answer(end);
    const home = answer && this.#follow(answer.hop, answer.from);
    if (home && !isHome(start, home, sent)) this.#stopped({ what: "other-address", packet: home.packet });
    return this.#ended(undefined, end.packet, sent);
  }

  #ended(_stop?: void, arrived?: Packet, sent?: Packet, back: readonly PathComponent[] = []): Walked {
    return { forward: this.#ways.forward, return: [...this.#ways.return, ...back], guests: this.#found, hosts: this.#hosts, stop: this.#stop, arrived, sent };
  }

  #place(): Place { return { direction: this.#direction, at: this.#ways[this.#direction].length }; }
  #stopped(what: Unplaced): undefined {
    this.#stop ??= { ...what, ...this.#place(), untranslated: this.#untranslated, routes: this.#routes } as Stop;
    return undefined;
  }
  #add(...components: readonly PathComponent[]): void { this.#ways[this.#direction].push(...components); }

  #begin(start: Start): { readonly packet: Packet; readonly hop?: Hop | undefined; readonly from?: NetworkInterface | undefined } {
    const { packet } = start;
    if (start.at === "internet") {
      this.#add(internetComponent(packet.source, packet, "out"));
      return { packet, hop: arriveFromInternet(this.#network, packet, this.#memory) };
    }
    if (start.at === "peering") {
      this.#add(peeringComponent(this.#network, start.peeringId, start.vpcId, { outbound: headerOf(packet) }));
      return { packet, hop: arriveFromPeering(this.#network, start.vpcId, packet, this.#memory) };
    }
    if (!this.#network.isPresent(start.interface)) { this.#stopped({ what: "not-running", interface: start.interface }); return { packet }; }
    const instanceId = start.interface.attachment?.instanceId;
    const guest = instanceId === undefined ? undefined : this.#guests(instanceId);
    if (!guest || instanceId === undefined) {
      this.#add(interfaceComponent(start.interface, packet, "out"));
      return { packet, hop: leaveInterface(this.#network, start.interface, packet, this.#memory), from: start.interface };
    }
    const given = start.ownAddress && start.interface.attachment!.deviceIndex === 0 ? { ...packet, source: 0 } : packet;
    const step = guest.send(given);
    const left = this.#out(instanceId, step, start.interface, given);
    return left ? { packet: left.packet, hop: left.hop, from: left.from } : { packet };
  }

  /** Leaves a guest by the device it chose. */
  #out(instanceId: string, step: GuestStep, fallback: NetworkInterface, came: Packet): { readonly packet: Packet; readonly hop: Hop; readonly from: NetworkInterface } | undefined {
    const place = this.#place();
    for (const cause of step.causes) this.#found.push({ ...place, instanceId, cause, packet: came });
    const { to } = step;
    if (to.kind === "nowhere") return this.#stopped({ what: "nowhere", packet: came });
    if (to.kind === "local") { this.#addGuest(instanceId, step); return this.#stopped({ what: "elsewhere", packet: came }); }
    const taken = step.untranslated && this.#world.translating.has(instanceId);
    if (step.untranslated && !taken) this.#untranslated = { ...place, instanceId, cause: step.untranslated.cause, packet: to.packet };
    const packet = taken ? step.untranslated!.packet : to.packet;
    this.#addGuest(instanceId, step, came, packet);
    this.#memory.forwarded({ instanceId, cameAs: came.source === 0 ? { ...came, source: packet.source } : came, leftAs: packet });
    const eni = this.#network.snapshot.list("network-interface").find((one) => one.attachment?.instanceId === instanceId && one.macAddress === to.mac) ?? fallback;
    this.#add(interfaceComponent(eni, packet, "out"));
    return { packet, hop: leaveInterface(this.#network, eni, packet, this.#memory), from: eni };
  }

  /** What a guest says that it did; with the headers before and after where it translates what it sends on. */
  #addGuest(instanceId: string, { notes }: GuestStep, came?: Packet, left?: Packet): void {
    const [inbound, outbound] = [came, left].map((packet) => packet && headerOf(packet));
    const translated = came !== undefined && came.source !== 0 && JSON.stringify(inbound) !== JSON.stringify(outbound);
    notes.forEach((note, i) => this.#add({ component: { kind: "guest", id: instanceId }, note, ...(translated && i === 0 ? { inbound, outbound } : {}) }));
  }

  #follow(first: Hop, leftFrom: NetworkInterface | undefined): End | undefined {
    const seen = new Set<string>();
    for (let hop = first, from = leftFrom; ;) {
      this.#add(...hopComponents(this.#network, hop));
      this.#routes = [...this.#routes, ...hop.checks.flatMap((check) => (check.what === "route" ? [{ from, check }] : []))];
      if (this.#crossed(hop)) return { kind: "peering", packet: hop.packet };
      if (hop.drop) return this.#stopped({ what: "drop", reason: hop.drop.reason, counted: hop.drop.at, check: hop.checks.at(-1), from, packet: hop.packet });
      const to = hop.to!;
      if (to.kind === "internet") { this.#add(internetComponent(hop.packet.destination, hop.packet, "in")); return { kind: "internet", packet: hop.packet }; }
      if (to.kind === "service") { this.#addService(to.service, from, hop.packet); return { kind: "service", packet: hop.packet }; }
      const state = `${to.interface.id} ${JSON.stringify(headerOf(hop.packet))}`;
      if (seen.has(state) || seen.size > MOST_HOPS) return this.#stopped({ what: "loop", packet: hop.packet });
      seen.add(state);
      const next = to.kind === "nat-gateway" ? this.#throughNat(to.natGateway, to.interface, from, hop.packet) : this.#throughGuest(to.interface, hop.packet);
      if (!next || "kind" in next) return next;
      ({ hop, from } = next);
    }
  }

  #addService(service: "dns" | "metadata", from: NetworkInterface | undefined, packet: Packet): void {
    const what = service === "dns" ? text("the VPC's DNS server answers", "VPC の DNS サーバーが応答") : text("instance metadata answers", "インスタンスメタデータが応答");
    this.#add({ component: { kind: "vpc", id: from?.vpcId ?? "" }, inbound: headerOf(packet), note: what });
  }

  #throughNat(gateway: NatGateway, eni: NetworkInterface, from: NetworkInterface | undefined, packet: Packet): { readonly hop: Hop; readonly from: NetworkInterface } | undefined {
    const done = throughNatGateway(this.#network, gateway, packet, this.#memory.natConnections, natPort(this.#question, this.#ports.nat));
    if ("reason" in done) return this.#stopped({ what: "nat-gateway", reason: done.reason, natGateway: gateway, from, packet });
    if (done.connection) this.#memory.natConnections.push(done.connection);
    const [before, after] = [headerOf(packet), headerOf(done.packet)];
    this.#add({
      component: { kind: "nat-gateway", id: gateway.id }, subnetId: gateway.subnetId, vpcId: gateway.vpcId, inbound: before, outbound: after,
      note: done.connection ? text(`leaves as ${after.source}`, `${after.source} として送信`) : text(`back to ${after.destination}`, `${after.destination} へ戻す`),
    });
    return { hop: leaveNatGateway(this.#network, gateway, done.packet, this.#memory), from: eni };
  }

  #throughGuest(eni: NetworkInterface, packet: Packet): End | { readonly hop: Hop; readonly from: NetworkInterface } | undefined {
    this.#add(interfaceComponent(eni, packet, "in"));
    const instanceId = eni.attachment!.instanceId;
    const guest: Guest = this.#guests(instanceId) ?? unknownGuest(this.#network, eni);
    const before = this.#memory.answered(instanceId, packet);
    const step = guest.receive(eni.macAddress, packet, before && { cameAs: before.cameAs, leftAs: before.leftAs });
    if (step.to.kind !== "local") return this.#out(instanceId, step, eni, packet);
    const place = this.#place();
    for (const cause of step.causes) this.#found.push({ ...place, instanceId, cause, packet });
    this.#addGuest(instanceId, step);
    return { kind: "interface", interface: eni, packet };
  }

  /** What is sent back from where the packet ended. */
  #answer(end: End): { readonly hop: Hop; readonly from?: NetworkInterface | undefined } | undefined {
    const reply = replyTo(end.packet);
    if (end.kind === "interface") {
      const instanceId = end.interface.attachment!.instanceId;
      const guest = this.#guests(instanceId) ?? unknownGuest(this.#network, end.interface);
      return this.#out(instanceId, guest.send(reply, end.packet), end.interface, reply);
    }
    if (end.kind === "peering") {
      const peering = this.#network.snapshot.get("vpc-peering-connection", this.#question.destination!.kind === "peering" ? this.#question.destination!.id : "")!;
      const vpcId = this.#network.inVpc(peering.requester.vpcId, reply.destination) ? peering.requester.vpcId : peering.accepter.vpcId;
      this.#add(peeringComponent(this.#network, peering.id, vpcId, { outbound: headerOf(reply) }));
      return { hop: arriveFromPeering(this.#network, vpcId, reply, this.#memory) };
    }
    const { protocol, destination } = this.#question.destination?.kind === "internet-gateway" && this.#question.destinationIp === undefined ? { protocol: this.#question.protocol, destination: undefined } : { protocol: this.#question.protocol, destination: formatIp(end.packet.destination) };
    const host = destination === undefined ? "answers" : hostAnswers(destination, protocol, end.packet.destinationPort);
    if (host !== "answers") this.#hosts.push({ direction: "forward", at: this.#ways.forward.length, host, packet: end.packet });
    this.#add(internetComponent(reply.source, reply, "out"));
    return { hop: arriveFromInternet(this.#network, reply, this.#memory) };
  }

  /** On the way there, out of the VPC by the peering connection that is asked about; on the way back, by the one it came from. */
  #crossed(hop: Hop): boolean {
    const end = this.#direction === "forward" ? this.#question.destination : this.#question.source;
    return end?.kind === "peering" && hop.checks.some((check) => check.what === "peering" && check.peeringId === end.id && !(hop.drop?.reason === "PEERING"));
  }

  #isDestination(end: End): boolean {
    const { destination } = this.#question;
    const met = (id: string): boolean => this.#ways.forward.some(({ component, attachedTo }) => component.id === id || (attachedTo !== undefined && attachedTo.id === this.#network.snapshot.get("network-interface", id)?.attachment?.instanceId));
    switch (destination?.kind) {
      case "interface": case "internet-gateway": return met(destination.id);
      case "peering": return end.kind === "peering";
      default: return true;
    }
  }
}

type Unplaced = Stop extends infer S ? (S extends Stop ? Omit<S, "direction" | "at" | "untranslated" | "routes"> : never) : never;

/** The answer is where the question came from, and says it is of whom was asked. */
function isHome(start: Start, home: End, sent: Packet): boolean {
  if (start.at === "internet") return home.kind === "internet" && answers(home.packet, sent);
  if (start.at === "peering") return home.kind === "peering" && answers(home.packet, sent);
  return home.kind === "interface" && home.interface.attachment?.instanceId === start.interface.attachment?.instanceId && answers(home.packet, sent);
}
