// Owns the comparison on real wires: where TestRuns hands a frame to the program, here it is sent by a socket in the sender's namespace,
// crosses real veth pairs with the program on them, and is read by a socket of the namespace that it arrives in. What can be said by a
// plain UDP or ping socket is sent by one (the kernel's own headers, checksums left to the device), and heard by one; the rest as frames.
// Nothing is waited for that does not come: a packet arrives or is counted as dropped.

import { writeFileSync } from "node:fs";
import { TC_ACT_REDIRECT, TC_ACT_SHOT, TestRuns } from "../../src/datapath/test-run.ts";
import type { Datapath } from "../../src/datapath/loader.ts";
import { addVethPairs, ipBatch, readLinks } from "../../src/linux/link.ts";
import { createNetns, inNetns } from "../../src/linux/netns.ts";
import { must } from "../../src/lib/assert.ts";
import { ICMP, ICMP_ECHO, UDP, isUnroutable, type Packet } from "../../src/model/packet.ts";
import { DatagramSocket, FrameSocket } from "../support/raw-sockets.ts";
import { ETHERNET, IPV4, checksum, decode, macBytes, pseudoHeader } from "./frame.ts";
import { ports } from "./network-spec.ts";
import { ROUTER_MAC } from "./packet-spec.ts";

const MOST_MS = 10_000; // of a machine that is very busy
/** Ping sockets for root; nobody answers of its own accord, for the model would have to know. */
const settings = { "ping_group_range": "0 0", "icmp_echo_ignore_all": "1", "conf/all/rp_filter": "0", "conf/eth0/rp_filter": "0" };
const pause = new Int32Array(new SharedArrayBuffer(4));

/** The inner end of a link: a namespace of its own that takes every address for its own, so that its sockets hear whatever arrives. */
interface End { readonly name: string; readonly netns: string; readonly mac: Buffer; readonly frames: FrameSocket; readonly udp: ReadonlyMap<number, DatagramSocket> }

export async function makeEnds(fabric: string, directory: string, links: readonly { readonly outer: string; readonly mac: string }[]): Promise<void> {
  for (const { outer, mac } of links) {
    const netns = `${directory}/${outer}`;
    await createNetns(netns);
    addVethPairs(fabric, [{ outer, inner: "eth0", innerNetns: netns, innerMac: mac, mtu: 1500, addresses: [], routes: [] }]);
    inNetns(netns, () => { for (const [name, value] of Object.entries(settings)) writeFileSync(`/proc/sys/net/ipv4/${name}`, value); });
    await ipBatch(netns, ["route add default via 169.254.0.1 dev eth0 onlink", "route add local default dev lo table 100", "rule add iif eth0 lookup 100", `neigh add 169.254.0.1 lladdr ${ROUTER_MAC} dev eth0 nud permanent`]);
  }
}

export class WireRuns extends TestRuns {
  readonly #datapath: Datapath;
  readonly #ends = new Map<number, End>(); // by ifindex of the outer end
  #arrived: Buffer = Buffer.alloc(0);
  /** Of the packets so far: sent by a socket that knows nothing of frames; heard by one. */
  said = 0;
  heard = 0;

  constructor(datapath: Datapath, fabric: string, directory: string, links: readonly { readonly outer: string; readonly mac: string }[]) {
    super(datapath);
    this.#datapath = datapath;
    const indexes = readLinks(fabric);
    for (const { outer, mac } of links) {
      const netns = `${directory}/${outer}`, ifindex = must(indexes.get(outer), outer);
      inNetns(fabric, () => datapath.attach(ifindex));
      this.#ends.set(ifindex, { name: outer, netns, mac: macBytes(mac), frames: new FrameSocket(netns, "eth0"), udp: new Map(ports.filter((port) => port > 0).map((port) => [port, new DatagramSocket(netns, "udp", 0, port)])) });
    }
  }

  override run(bytes: Uint8Array, ifindex: number): number {
    const end = must(this.#ends.get(ifindex), `link ${ifindex}`), frame = Buffer.from(bytes);
    for (const one of this.#ends.values()) if (one.frames.receive()) throw new Error(`a frame at ${one.name} that nobody sent`);
    const plain = plainPacket(frame, end.mac), dropped = this.#dropped();
    const speaker = plain ? this.#say(end, plain, frame) : undefined;
    if (!plain) end.frames.send(frame);
    try {
      return this.#until("neither arrived nor was counted as dropped", () => {
        for (const one of this.#ends.values()) {
          const got = one.frames.receive();
          if (!got) continue;
          if (!got.subarray(0, 6).equals(one.mac)) throw new Error(`it arrived at ${one.name}, addressed to another`);
          this.#arrived = plain ? asSent(got, frame) : got;
          if (plain) this.#hear(one, got, one === end ? speaker : undefined);
          return TC_ACT_REDIRECT;
        }
        return this.#dropped() > dropped ? TC_ACT_SHOT : undefined;
      });
    } finally {
      speaker?.close();
    }
  }

  override get frame(): Buffer { return this.#arrived; }

  close(): void {
    for (const end of this.#ends.values()) for (const socket of [end.frames, ...end.udp.values()]) socket.close();
  }

  #dropped(): number { return this.#datapath.drops().reduce((sum, d) => sum + d.packets, 0); }

  #until<T>(otherwise: string, ask: () => T | undefined): T {
    for (const deadline = performance.now() + MOST_MS; performance.now() < deadline; Atomics.wait(pause, 0, 0, 0.05)) {
      const answer = ask();
      if (answer !== undefined) return answer;
    }
    throw new Error(`the packet ${otherwise}`);
  }

  /** Answers the socket that said it: the caller's to close. */
  #say(end: End, packet: Packet, frame: Buffer): DatagramSocket {
    const icmp = packet.protocol === ICMP;
    const socket = new DatagramSocket(end.netns, icmp ? "icmp" : "udp", packet.source, packet.sourcePort);
    try {
      socket.sendTo(frame.subarray(ETHERNET + 20 + (icmp ? 0 : 8)), packet.destination, icmp ? 0 : packet.destinationPort);
    } catch (error) {
      socket.close();
      throw error;
    }
    this.said++;
    return socket;
  }

  /**
   * The very datagram at the socket of its port; or at the one that said it, when it went to its sender's own public address and port:
   * of two sockets with a port, the kernel prefers the one with the address, too.
   */
  #hear(end: End, frame: Buffer, speaker: DatagramSocket | undefined): void {
    const { packet } = decode(frame) as { packet: Packet };
    const socket = packet.protocol === UDP ? end.udp.get(packet.destinationPort) : undefined;
    if (!socket) return;
    const payload = frame.subarray(ETHERNET + 28);
    this.#until(`arrived at ${end.name}, and no socket heard it`, () => {
      return [socket, speaker].some((each) => {
        const got = each?.receive();
        return got && got.address === packet.source && got.port === packet.sourcePort && got.data.equals(payload);
      }) || undefined;
    });
    this.heard++;
  }
}

/** What a program without privileges of the wire would send: whole, sound, from its own MAC address. */
function plainPacket(frame: Buffer, mac: Buffer): Packet | undefined {
  if (frame.readUInt16BE(12) !== IPV4 || !frame.subarray(6, 12).equals(mac) || frame[ETHERNET] !== 0x45 || frame.readUInt16BE(ETHERNET + 2) !== frame.length - ETHERNET) return undefined;
  const decoded = decode(frame);
  if (decoded.malformed) return undefined;
  const { packet } = decoded, icmp = packet.protocol === ICMP && packet.icmpType === ICMP_ECHO && packet.icmpCode === 0;
  if (packet.fragment || packet.source === packet.destination || isUnroutable(packet.destination) || packet.source === 0 || isUnroutable(packet.source)) return undefined;
  if (icmp) return packet.sourcePort > 0 && checksum(frame, ETHERNET + 20, frame.length) === 0 ? packet : undefined;
  return packet.protocol === UDP && packet.sourcePort > 0 && packet.destinationPort > 0 && frame.readUInt16BE(ETHERNET + 26) !== 0 && frame.readUInt16BE(ETHERNET + 24) === frame.length - ETHERNET - 20 ? packet : undefined;
}

/**
 * What the sending kernel chose itself (TTL, identification, who completes the checksum) as the drawn frame has it; a wrong checksum stays
 * wrong. A checksum that is left to the device holds the pseudo-header's sum alone.
 */
function asSent(got: Buffer, sent: Buffer): Buffer {
  const out = Buffer.from(got), ip = out.subarray(ETHERNET), l4 = ip.subarray(20);
  if (checksum(ip, 0, 20) !== 0) return out;
  for (const at of [1, 4, 5, 6, 7, 8]) ip[at] = sent[ETHERNET + at]!;
  ip.writeUInt16BE(0, 10);
  ip.writeUInt16BE(checksum(ip, 0, 20), 10);
  if (ip[9] !== UDP) return out;
  const pseudo = pseudoHeader({ source: ip.readUInt32BE(12), destination: ip.readUInt32BE(16), protocol: UDP }, l4.length), field = l4.readUInt16BE(6);
  const partial = ~checksum(Buffer.alloc(0), 0, 0, pseudo) & 0xffff;
  l4.writeUInt16BE(0, 6);
  const whole = checksum(l4, 0, l4.length, pseudo) || 0xffff;
  l4.writeUInt16BE(field === partial ? whole : field, 6);
  return out;
}
