// Owns what must become of a frame: the reading of the model (src/model/hop.ts) for what is AWS's, of RFC 826 for ARP, and of
// docs/datapath.md for what is the box's own (services' addresses). Remembers flows as AWS describes them, by a clock of its own.

import { metadataAddress, resolverAddress, resolverSourceBase, serviceSourceBase } from "../../src/internet/addresses.ts";
import { arriveFromInternet, leaveInterface, type Hop } from "../../src/model/hop.ts";
import type { Network } from "../../src/model/network.ts";
import { TCP, type Packet } from "../../src/model/packet.ts";
import type { NetworkInterface } from "../../src/model/records.ts";
import { beginsAnew, beginsFlow, flowKey, nextFlow, timeoutSeconds, type Flow, type FlowState } from "../../src/model/tracking.ts";
import type { DropReason } from "../../src/datapath/tables.ts";
import { ARP, IPV4, decode, encode, macBytes, type Frame } from "./frame.ts";
import { INTERNET_MAC, ROUTER_MAC, SERVICES_MAC, type Arrival, type Sender } from "./packet-spec.ts";
import { ipNumber } from "./records-of.ts";

const METADATA = ipNumber(metadataAddress), RESOLVER = ipNumber(resolverAddress), BY_LINK_LOCAL = ipNumber(serviceSourceBase), BY_BASE = ipNumber(resolverSourceBase);
const INTERNET_PORT = 1, FRAGMENT_SECONDS = 30;

/** The memory of every interface. */
export class TrackedFlows implements FlowState {
  nowSeconds = 0;
  /** A TCP connection began where packets of its header had passed before: see program.ts. */
  renewed = false;
  readonly #passed = new Set<string>();
  readonly #flows = new Map<string, { readonly flow: Flow; readonly seen: number }>();
  readonly #pieces = new Map<string, number>();

  #live(eni: NetworkInterface, key: string): Flow | undefined {
    const found = this.#flows.get(`${eni.id} ${key}`);
    return found && this.nowSeconds - found.seen < timeoutSeconds(found.flow, eni.connectionTracking) ? found.flow : undefined;
  }

  tracks(eni: NetworkInterface, packet: Packet): boolean {
    if (packet.about) return this.#live(eni, flowKey(packet.about).key) !== undefined;
    const flow = this.#live(eni, flowKey(packet).key);
    return flow !== undefined && !beginsAnew(flow, packet);
  }

  tracksFragment(from: NetworkInterface | undefined, packet: Packet): boolean {
    const seen = this.#pieces.get(pieceKey(from, packet));
    return seen !== undefined && this.nowSeconds - seen < FRAGMENT_SECONDS;
  }

  /** An instance that stops loses what its interfaces remembered: it starts on a host that never saw them. */
  forget(isThere: (id: string) => boolean): void {
    for (const key of this.#flows.keys()) if (!isThere(key.slice(0, key.indexOf(" ")))) this.#flows.delete(key);
  }

  arrived(from: NetworkInterface | undefined, packet: Packet): void {
    this.#pieces.set(pieceKey(from, packet), this.nowSeconds);
  }

  passed(eni: NetworkInterface, packet: Packet, untracked: boolean): void {
    if (packet.about) return;
    const { key } = flowKey(packet), passedBefore = this.#passed.has(`${eni.id} ${key}`);
    this.#passed.add(`${eni.id} ${key}`);
    const live = this.#live(eni, key);
    const known = live && !beginsAnew(live, packet) ? live : undefined;
    if (!known && (untracked || !beginsFlow(packet))) return;
    if (!known && packet.protocol === TCP && passedBefore) this.renewed = true;
    this.#flows.set(`${eni.id} ${key}`, { flow: nextFlow(known, packet), seen: this.nowSeconds });
  }
}
const pieceKey = (from: NetworkInterface | undefined, p: Packet): string => `${from?.id} ${p.source} ${p.destination} ${p.identification} ${p.protocol}`;

export type Expected =
  | { readonly drop: { readonly port: number; readonly reason: DropReason } }
  | { readonly drop?: undefined; readonly frame: Buffer; readonly answered?: boolean; readonly arrival?: Arrival | undefined; readonly hop?: Hop };

export function expect(network: Network, flows: FlowState, sender: Sender, frame: Frame, bytes: Buffer): Expected {
  const at = sender.kind === "internet" ? INTERNET_PORT : sender.interface.index;
  const mac = sender.kind === "internet" ? INTERNET_MAC : sender.interface.macAddress;
  const drop = (reason: DropReason, port = at): Expected => ({ drop: { port, reason } });
  const etherType = bytes.readUInt16BE(12);
  if (etherType === ARP) return expectArp(network, sender, bytes, macBytes(mac), drop);
  if (etherType !== IPV4) return drop("UNSUPPORTED_PROTOCOL");
  const decoded = decode(bytes);
  if (decoded.malformed) return drop("MALFORMED");
  if (!bytes.subarray(6, 12).equals(macBytes(mac))) return drop("WRONG_SOURCE_MAC");
  const hop = sender.kind === "internet" ? arriveFromInternet(network, decoded.packet, flows) : leaveInterface(network, sender.interface, decoded.packet, flows);
  if (hop.drop) return drop(hop.drop.reason as DropReason, hop.drop.at?.index ?? INTERNET_PORT);
  const to = hop.to!;
  const about = frame.about && hop.packet.about ? { ...frame.about, source: hop.packet.about.source, destination: hop.packet.about.destination } : frame.about;
  const arrived = { ...frame, source: hop.packet.source, destination: hop.packet.destination, about, sourceMac: ROUTER_MAC };
  switch (to.kind) {
    case "interface": return { hop, frame: encode({ ...arrived, destinationMac: to.interface.macAddress }), arrival: { at: { kind: "interface", interface: to.interface }, from: sender, sent: frame, packet: hop.packet } };
    case "internet": return { hop, frame: encode({ ...arrived, destinationMac: INTERNET_MAC }), arrival: { at: { kind: "internet" }, from: sender, sent: frame, packet: hop.packet } };
    case "nat-gateway": return { hop, frame: encode({ ...arrived, destinationMac: to.interface.macAddress }) };
    case "service": {
      const byBase = hop.packet.destination !== METADATA && hop.packet.destination !== RESOLVER;
      return { hop, frame: encode({ ...arrived, destinationMac: SERVICES_MAC, source: (byBase ? BY_BASE : BY_LINK_LOCAL) + at, destination: byBase ? RESOLVER : hop.packet.destination }) };
    }
  }
}

/** RFC 826: a request for anything but the asker's own address is answered with the router's MAC address. */
function expectArp(network: Network, sender: Sender, bytes: Buffer, mac: Buffer, drop: (reason: DropReason) => Expected): Expected {
  if (bytes.length < 42) return drop("MALFORMED");
  const asker = bytes.readUInt32BE(28), asked = bytes.readUInt32BE(38);
  if (bytes.readUInt16BE(20) !== 1 || bytes.readUInt16BE(16) !== IPV4 || asker === 0 || asker === asked) return drop("ARP");
  if (!bytes.subarray(22, 28).equals(mac) || !bytes.subarray(6, 12).equals(mac)) return drop("WRONG_SOURCE_MAC");
  if (sender.kind === "interface" && network.has(sender.interface, asked)) return drop("ARP");
  const frame = Buffer.from(bytes);
  frame.set(mac, 0);
  frame.set(macBytes(ROUTER_MAC), 6);
  frame.writeUInt16BE(2, 20);
  frame.set(macBytes(ROUTER_MAC), 22);
  frame.writeUInt32BE(asked, 28);
  frame.set(mac, 32);
  frame.writeUInt32BE(asker, 38);
  return { frame, answered: true };
}
