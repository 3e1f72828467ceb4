// Owns how packets are drawn: fresh ones between whatever the network has, and answers to, errors about and later pieces of those that
// arrived, and the same by a connection beside theirs; sound, spoofed, cut short. frameOf says which frame a draw means, in its network.

import fc from "fast-check";
import { ICMP, ICMP_ECHO, ICMP_ECHO_REPLY, TCP, UDP, type Packet } from "../../src/model/packet.ts";
import type { NetworkInterface } from "../../src/model/records.ts";
import { ARP, IPV4, type Frame, type Inner } from "./frame.ts";
import { ports, type Ref } from "./network-spec.ts";
import { ipNumber, macOf, type Drawn } from "./records-of.ts";

export interface PacketSpec {
  readonly kind: "fresh" | "reply" | "again" | "error" | "piece" | "beside" | "reply-beside"; // beside: from or to another port of the client's
  readonly of: number; // which of those that arrived, from the last
  readonly sender: number; // interface; modulo its count and the internet
  readonly spoof: "no" | "address" | "mac";
  readonly address: Ref; // the source when spoofed, and from the internet
  readonly destination: Ref;
  readonly protocol: number;
  readonly ports: readonly [number, number];
  readonly flags: number;
  readonly icmp: readonly [number, number];
  readonly shape: { readonly payload: number; readonly options: number; readonly fragment: "first" | "later" | undefined; readonly firstPiece: number; readonly padding: number; readonly noChecksum: boolean; readonly id: number };
  readonly broken: { readonly etherType: number | undefined; readonly version: number; readonly ihlError: number; readonly lengthError: number; readonly cut: number | undefined } | undefined;
  readonly inner: { readonly type: number; readonly ihl: number; readonly version: number; readonly bytes: number };
}
const n = fc.nat(7);
const weighted = <T>(...rows: readonly [number, T][]): fc.Arbitrary<T> => fc.constantFrom(...rows.flatMap(([weight, value]) => Array.from({ length: weight }, () => value)));
const rarely = <T>(percent: number, arb: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.oneof({ arbitrary: fc.constant(undefined), weight: 100 - percent }, { arbitrary: arb, weight: percent });
const ref = (kinds: fc.Arbitrary<Ref["kind"]>): fc.Arbitrary<Ref> => fc.tuple(kinds, n).map(([kind, i]) => ({ kind, n: i }));
const FIN = 1, SYN = 2, RST = 4, ACK = 16;
export const packetSpec: fc.Arbitrary<PacketSpec> = fc.record({
  kind: weighted<PacketSpec["kind"]>([10, "fresh"], [6, "reply"], [2, "again"], [3, "error"], [1, "piece"], [3, "beside"], [1, "reply-beside"]),
  of: n,
  sender: fc.nat(19),
  spoof: weighted<PacketSpec["spoof"]>([18, "no"], [3, "address"], [1, "mac"]),
  address: ref(weighted<Ref["kind"]>([4, "address"], [6, "internet"], [2, "public"], [1, "private"], [1, "unused"], [1, "odd"])),
  destination: ref(weighted<Ref["kind"]>([20, "address"], [6, "internet"], [8, "public"], [2, "unused"], [2, "private"], [2, "odd"], [1, "other-vpc"], [1, "base2"], [1, "metadata"], [1, "resolver"])),
  protocol: weighted([6, TCP], [4, UDP], [5, ICMP], [1, 47], [1, 50]),
  ports: fc.tuple(fc.constantFrom(...ports, 40000), fc.constantFrom(...ports)),
  flags: weighted([6, SYN], [4, ACK], [2, SYN | ACK], [2, FIN | ACK], [1, RST], [1, 0], [1, 255]),
  icmp: weighted<readonly [number, number]>([8, [8, 0]], [3, [0, 0]], [1, [8, 1]], [2, [3, 4]], [1, [11, 0]], [1, [13, 0]], [1, [5, 1]], [1, [12, 0]], [1, [4, 0]]),
  shape: fc.record({ payload: fc.nat(40), options: weighted([12, 0], [1, 1], [1, 10]), fragment: weighted<"first" | "later" | undefined>([14, undefined], [2, "first"], [1, "later"]), firstPiece: weighted([3, 3], [1, 1], [1, 2]), padding: weighted([8, 0], [1, 1], [1, 20]), noChecksum: weighted([6, false], [1, true]), id: n }),
  broken: rarely(5, fc.record({ etherType: weighted<number | undefined>([6, undefined], [1, ARP], [1, 0x86dd], [1, 0x8100]), version: weighted([6, 4], [1, 6], [1, 0]), ihlError: weighted([6, 0], [1, -1], [1, 5], [1, -5]), lengthError: weighted([6, 0], [1, -1], [1, -9], [1, 1], [1, 5], [1, -40]), cut: rarely(30, fc.integer({ min: 34, max: 80 })) })),
  inner: fc.record({ type: weighted([6, 8], [1, 0], [1, 13]), ihl: weighted([12, 5], [1, 6], [1, 15], [1, 4]), version: weighted([20, 4], [1, 6]), bytes: weighted([16, 8], [1, 7], [1, 0]) }),
});

/** Where a frame comes from. */
export type Sender = { readonly kind: "interface"; readonly interface: NetworkInterface } | { readonly kind: "internet" };
/** A packet that arrived somewhere which can answer it. */
export interface Arrival { readonly at: Sender; readonly from: Sender; readonly sent: Frame; readonly packet: Packet }

export const INTERNET_MAC = "02:00:00:00:01:01", SERVICES_MAC = "02:00:00:00:01:02", ROUTER_MAC = "02:00:00:00:00:01";
const vpcNumber = (eni: NetworkInterface): number => Number(eni.vpcId.slice(4));
const macOfSender = (sender: Sender): string => (sender.kind === "internet" ? INTERNET_MAC : sender.interface.macAddress);

/** @param arrivals the last one first */
export function frameOf(drawn: Drawn, present: readonly NetworkInterface[], spec: PacketSpec, arrivals: readonly Arrival[]): { readonly sender: Sender; readonly frame: Frame } {
  const arrival = arrivals.length > 0 && spec.kind !== "fresh" ? arrivals[spec.of % arrivals.length]! : undefined;
  const made = arrival ? related(spec, arrival) : fresh(drawn, present, spec);
  const mac = spec.spoof === "mac" ? macOf(9, spec.of) : macOfSender(made.sender);
  const broken = spec.broken ? { etherType: spec.broken.etherType ?? IPV4, version: spec.broken.version, ihlError: spec.broken.ihlError, lengthError: spec.broken.lengthError, cut: spec.broken.cut } : {};
  return { sender: made.sender, frame: { ...made.frame, sourceMac: mac, ...broken } };
}

function plain(spec: PacketSpec): Omit<Frame, "source" | "destination"> {
  const { shape } = spec;
  const id = spec.protocol === ICMP ? [shape.id + 1, shape.id + 1] as const : spec.ports;
  return {
    destinationMac: ROUTER_MAC, sourceMac: "", etherType: IPV4, version: 4, options: shape.options, ihlError: 0, lengthError: 0, identification: shape.id, ttl: 64, protocol: spec.protocol,
    sourcePort: id[0], destinationPort: id[1], tcpFlags: spec.flags, icmpType: spec.icmp[0], icmpCode: spec.icmp[1], payload: shape.payload, noChecksum: shape.noChecksum,
    fragment: shape.fragment, firstPiece: shape.firstPiece, padding: shape.padding,
  };
}

function fresh(drawn: Drawn, present: readonly NetworkInterface[], spec: PacketSpec): { sender: Sender; frame: Frame } {
  const eni = present[spec.sender % (present.length + 1)];
  const sender: Sender = eni ? { kind: "interface", interface: eni } : { kind: "internet" };
  const v = eni ? vpcNumber(eni) : 0;
  const own = eni && spec.spoof !== "address" ? ipNumber(eni.privateAddresses[spec.of % eni.privateAddresses.length]!.address) : undefined;
  const source = own ?? (eni || spec.spoof === "address" ? drawn.address(v, spec.address) : ipNumber("192.0.2.80"));
  const publicOne = drawn.publicAddresses.length > 0 ? { kind: "public" as const, n: spec.destination.n + spec.of } : spec.destination;
  const destination = drawn.address(v, eni || spec.spoof === "address" ? spec.destination : publicOne);
  const isError = spec.protocol === ICMP && [3, 4, 5, 11, 12].includes(spec.icmp[0]);
  const about = isError ? innerOf(spec, { source: destination, destination: source, protocol: spec.ports[0] % 2 ? TCP : UDP, sourcePort: spec.ports[1], destinationPort: spec.ports[0] }) : undefined;
  return { sender, frame: { ...plain(spec), source, destination, about } };
}

const innerOf = (spec: PacketSpec, headers: Omit<Inner, "icmpType" | "ihl" | "version" | "bytes">): Inner => ({ ...headers, icmpType: spec.inner.type, ihl: spec.inner.ihl, version: spec.inner.version, bytes: spec.inner.bytes });

function related(spec: PacketSpec, { at, from, sent, packet }: Arrival): { sender: Sender; frame: Frame } {
  const whole = { fragment: undefined, padding: spec.shape.padding, options: spec.shape.options };
  switch (spec.kind) {
    case "again": return { sender: from, frame: { ...sent, tcpFlags: spec.flags, payload: spec.shape.payload } };
    case "beside": return { sender: from, frame: { ...sent, sourcePort: spec.ports[0], tcpFlags: spec.flags } };
    case "piece": return { sender: from, frame: { ...sent, fragment: "later", payload: Math.max(24, sent.payload) } };
    case "error": {
      const about = innerOf(spec, { source: packet.source, destination: packet.destination, protocol: packet.protocol, sourcePort: packet.sourcePort, destinationPort: packet.destinationPort });
      return { sender: at, frame: { ...plain(spec), ...whole, protocol: ICMP, icmpType: spec.flags % 2 ? 11 : 3, icmpCode: spec.icmp[1], source: packet.destination, destination: packet.source, about } };
    }
    default: {
      const icmpType = packet.icmpType === ICMP_ECHO ? ICMP_ECHO_REPLY : ICMP_ECHO;
      return { sender: at, frame: { ...sent, ...whole, identification: spec.shape.id, source: packet.destination, destination: packet.source, sourcePort: packet.destinationPort, destinationPort: spec.kind === "reply" ? packet.sourcePort : spec.ports[0], icmpType, icmpCode: 0, tcpFlags: spec.flags, about: undefined, cut: undefined } };
    }
  }
}
