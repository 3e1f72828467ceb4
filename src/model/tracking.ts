// Owns what a network interface remembers of a flow that its groups let through, and for how long (EC2 user guide, "Security group
// connection tracking", "Connection tracking timeouts"). Pure: whoever keeps flows asks here what the next packet makes of them.

import { ACK, FIN, ICMP, RST, SYN, TCP, UDP, type Headers, type Packet } from "./packet.ts";
import type { NetworkInterface } from "./records.ts";

export interface Flow {
  readonly protocol: number;
  readonly beganBy: "lower" | "upper"; // whose end of the flow, see flowKey
  readonly answered: boolean;
  readonly finished: { readonly lower: boolean; readonly upper: boolean }; // TCP: who has sent FIN
  readonly reset: boolean;
}
type Timeouts = NetworkInterface["connectionTracking"];

/** What hop.ts asks of an interface's memory. The analyzer has none: it asks about a first packet, or keeps its own. */
export interface FlowState {
  /** The interface remembers the flow of this packet, either way round, or of the packet that an ICMP error is about. */
  tracks(eni: NetworkInterface, packet: Packet): boolean;
  /** The interface's groups have let the packet through. @param untracked see Filtering.untracked */
  passed(eni: NetworkInterface, packet: Packet, untracked: boolean): void;
  /** The first piece of the datagram that this later fragment belongs to went all the way lately. @param from undefined: the internet */
  tracksFragment(from: NetworkInterface | undefined, packet: Packet): boolean;
  /** A first piece went all the way. */
  arrived(from: NetworkInterface | undefined, packet: Packet): void;
}
export const noFlows: FlowState = { tracks: () => false, passed: () => undefined, tracksFragment: () => false, arrived: () => undefined };

/** One name for both directions, and which end the packet comes from. Protocols without ports are known by their addresses. */
export function flowKey(h: Headers): { readonly key: string; readonly from: "lower" | "upper" } {
  const lower = h.source < h.destination || (h.source === h.destination && h.sourcePort <= h.destinationPort);
  return lower
    ? { key: `${h.protocol} ${h.source}:${h.sourcePort} ${h.destination}:${h.destinationPort}`, from: "lower" }
    : { key: `${h.protocol} ${h.destination}:${h.destinationPort} ${h.source}:${h.sourcePort}`, from: "upper" };
}

const CLOSED_SECONDS = 10; // our own figure: AWS names none for a TCP connection that both ends have closed
const closed = (flow: Flow): boolean => flow.reset || (flow.finished.lower && flow.finished.upper);

export function timeoutSeconds(flow: Flow, own: Timeouts): number {
  if (flow.protocol === TCP) {
    if (closed(flow)) return CLOSED_SECONDS;
    return flow.answered ? (own?.tcpEstablishedTimeoutSeconds ?? 432_000) : 60;
  }
  if (flow.protocol === UDP) return flow.answered ? (own?.udpStreamTimeoutSeconds ?? 180) : (own?.udpTimeoutSeconds ?? 30);
  return flow.protocol === ICMP ? 30 : 600;
}

/** A SYN on a closed connection begins another one on the same ports: the rules are asked anew. */
export const beginsAnew = (flow: Flow, packet: Packet): boolean => packet.protocol === TCP && ((packet.tcpFlags ?? 0) & (SYN | ACK)) === SYN && closed(flow);

/** Whether a packet of no known flow begins one: TCP does by a SYN alone. What does not is judged by the rules and forgotten. */
export const beginsFlow = (packet: Packet): boolean => packet.protocol !== TCP || ((packet.tcpFlags ?? 0) & (SYN | ACK)) === SYN;

/** The flow after this packet. @param flow the one it belongs to, undefined when it begins one */
export function nextFlow(flow: Flow | undefined, packet: Packet): Flow {
  const { from } = flowKey(packet);
  const flags = packet.protocol === TCP ? (packet.tcpFlags ?? 0) : 0;
  const finished = flow?.finished ?? { lower: false, upper: false };
  return {
    protocol: packet.protocol,
    beganBy: flow?.beganBy ?? from,
    answered: (flow?.answered ?? false) || (flow !== undefined && flow.beganBy !== from),
    finished: flags & FIN ? { ...finished, [from]: true } : finished,
    reset: (flow?.reset ?? false) || (flags & RST) !== 0,
  };
}
