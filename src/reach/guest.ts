// Owns what the analyzer asks of a guest's inside: what it does with a packet that arrives, and how it sends one of its own. The facts
// are read by src/instances (raw, as the guest's kernel says them); what they mean is decided here, purely.

import type { Packet } from "../model/packet.ts";
import type { GuestCode } from "./codes.ts";

/** One route of `ip -j route show table all`; destinations are blocks, "0.0.0.0/0" for the default. */
export interface RouteFact { readonly table: string; readonly type: string; readonly destination: string; readonly gateway?: string | undefined; readonly device?: string | undefined; readonly source?: string | undefined; readonly metric: number }
/** One rule of `ip -j rule`. `not`: its selectors are turned round. `unknown`: selectors that are not among these, by name. */
export interface RuleFact {
  readonly priority: number;
  readonly not?: boolean | undefined;
  readonly from: string; // block, or "all"
  readonly to?: string | undefined;
  readonly iif?: string | undefined;
  readonly oif?: string | undefined;
  readonly fwmark?: string | undefined; // "0x1", "0x1/0xff"
  readonly protocol?: string | undefined;
  readonly sourcePorts?: string | undefined; // "80", "80-90"
  readonly destinationPorts?: string | undefined;
  readonly table: string;
  readonly action?: string | undefined; // "blackhole", "unreachable", "prohibit": instead of a table
  readonly suppressPrefixLength?: number | undefined;
  readonly unknown?: readonly string[] | undefined;
}

/** What was read in one running guest. Read again for every question: a guest's root changes it at will. */
export interface GuestFacts {
  readonly instanceId: string;
  readonly ipForward: boolean; // net.ipv4.ip_forward
  readonly echoIgnored: boolean; // net.ipv4.icmp_echo_ignore_all
  readonly devices: readonly { readonly name: string; readonly mac: string; readonly up: boolean; readonly addresses: readonly { readonly address: string; readonly prefixLength: number }[]; readonly reversePathFilter: 0 | 1 | 2; readonly forwarding: boolean }[]; // reversePathFilter: the effective one, the higher of all and its own
  readonly routes: readonly RouteFact[];
  readonly rules: readonly RuleFact[];
  readonly iptables: string; // iptables-save: nft and legacy, one after the other
  readonly nftables: unknown; // `nft -j list ruleset`, whose tables of iptables are not read twice; undefined: no such program here
  readonly listeners: readonly { readonly protocol: "tcp" | "udp"; readonly address: string; readonly port: number }[];
  readonly conntrack: { readonly count: number; readonly max: number };
}

/** A network interface of the instance, as the network has it: what the guest should have, too. */
export interface OwnInterface { readonly mac: string; readonly addresses: readonly { readonly address: string; readonly prefixLength: number }[] }

export interface GuestCause {
  readonly code: GuestCode;
  readonly message: { readonly en: string; readonly ja: string };
  readonly mend: string; // the whole command line: "vpcbox exec i-... -- sysctl -w net.ipv4.ip_forward=1"
}
/** What a guest did with a packet. Causes do not end the walk: the analyzer goes on as if they were mended, to find the rest. */
export interface GuestStep {
  readonly causes: readonly GuestCause[];
  readonly notes: readonly { readonly en: string; readonly ja: string }[];
  /** Taken in by the guest itself; or sent on by a device, as `packet`; or nowhere to go on, even mended. */
  /**
   * Sent on with a source that is nobody's translation. That is right for a firewall, so it is no cause by itself: the walk decides.
   * Where, later on the way, this packet is stopped because its source is not the sender's interface's or has no public address there
   * (internet gateway, source check), `cause` takes that explanation's place, and the walk goes on from here with `packet`.
   */
  readonly untranslated?: { readonly cause: GuestCause; readonly packet: Packet } | undefined;
  readonly to: { readonly kind: "local" } | { readonly kind: "device"; readonly mac: string; readonly packet: Packet } | { readonly kind: "nowhere" };
}
export interface Guest {
  /**
   * A packet that came in by the device of this MAC address. A guest remembers what it translated: give `replyOf`, the packet as it
   * left this guest on the way there and as it had come (or as it was given to `send`), so that an answer is turned back (RFC 3022).
   */
  receive(mac: string, packet: Packet, replyOf?: { readonly cameAs: Packet; readonly leftAs: Packet }): GuestStep;
  /**
   * A packet of its own; its source is chosen by the guest's routes when it is 0. Answers the device by its MAC address. For an
   * answer, `packet` is replyTo() of `answers`, the packet as it had come to `receive`.
   */
  send(packet: Packet, answers?: Packet): GuestStep;
}
/** The analyzer's eyes in guests: by instance id; undefined: nothing is known of its inside, it is taken to forward, translate nothing and answer. */
export type Guests = (instanceId: string) => Guest | undefined;
