// Owns what the analyzer asks of a guest's inside: what it does with a packet that arrives, and how it sends one of its own. The facts
// are read by src/instances (raw, as the guest's kernel says them); what they mean is decided here, purely.

import type { Packet } from "../model/packet.ts";

/** What was read in one running guest. Read again for every question: a guest's root changes it at will. */
export interface GuestFacts {
  readonly instanceId: string;
  readonly ipForward: boolean; // net.ipv4.ip_forward
  readonly echoIgnored: boolean; // net.ipv4.icmp_echo_ignore_all
  readonly devices: readonly { readonly name: string; readonly mac: string; readonly up: boolean; readonly addresses: readonly { readonly address: string; readonly prefixLength: number }[]; readonly reversePathFilter: 0 | 1 | 2; readonly forwarding: boolean }[]; // reversePathFilter: the effective one, the higher of all and its own
  readonly routes: readonly { readonly table: string; readonly type: string; readonly destination: string; readonly gateway?: string | undefined; readonly device?: string | undefined; readonly source?: string | undefined; readonly metric: number }[]; // `ip -j route show table all`
  readonly rules: readonly { readonly priority: number; readonly from: string; readonly to?: string | undefined; readonly iif?: string | undefined; readonly fwmark?: string | undefined; readonly table: string }[]; // `ip -j rule`
  readonly iptables: string; // iptables-save: nft and legacy
  readonly nftables: unknown; // `nft -j list ruleset`; iptables' own tables are in it too
  readonly listeners: readonly { readonly protocol: "tcp" | "udp"; readonly address: string; readonly port: number }[];
  readonly conntrack: { readonly count: number; readonly max: number };
}

export interface GuestCause {
  readonly code: "GUEST_IP_FORWARDING_DISABLED" | "GUEST_NAT_MISSING" | "GUEST_NAT_WRONG_INTERFACE" | "GUEST_FIREWALL_DROPS" | "GUEST_PORT_CLOSED" | "GUEST_PING_IGNORED" | "GUEST_NO_ROUTE" | "GUEST_REVERSE_PATH_FILTER" | "GUEST_CONNTRACK_FULL" | "GUEST_INTERFACE_DOWN" | "GUEST_NOT_RUNNING";
  readonly message: { readonly en: string; readonly ja: string };
  readonly mend: string; // a command to be run with `vpcbox exec`
}
/** What a guest did with a packet. Causes do not end the walk: the analyzer goes on as if they were mended, to find the rest. */
export interface GuestStep {
  readonly causes: readonly GuestCause[];
  readonly notes: readonly { readonly en: string; readonly ja: string }[];
  /** Taken in by the guest itself; or sent on by a device, as `packet`; or nowhere to go on, even mended. */
  readonly to: { readonly kind: "local" } | { readonly kind: "device"; readonly mac: string; readonly packet: Packet } | { readonly kind: "nowhere" };
}
export interface Guest {
  /**
   * A packet that came in by the device of this MAC address. A guest remembers what it translated: give `replyOf`, the packet as it
   * left this guest on the way there and as it had come, so that an answer is turned back (RFC 3022).
   */
  receive(mac: string, packet: Packet, replyOf?: { readonly cameAs: Packet; readonly leftAs: Packet }): GuestStep;
  /** A packet of its own; its source is chosen by the guest's routes when it is 0. Answers the device by its MAC address. */
  send(packet: Packet): GuestStep;
}
/** The analyzer's eyes in guests: by instance id; undefined: nothing is known of its inside, it is taken to forward, translate nothing and answer. */
export type Guests = (instanceId: string) => Guest | undefined;
