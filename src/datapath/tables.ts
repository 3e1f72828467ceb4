// Owns the tables the kernel program interprets, as TypeScript sees them: what `plan` makes and the loader writes. Numbers name
// things (the records' `index`); addresses are unsigned 32-bit numbers in host order. Knows nothing of EC2's API.

/** Ports below 16 are the box's own. */
export const INTERNET_PORT = 1;
export const SERVICES_PORT = 2;

/** Idle times of tracked flows (EC2 user guide, "Connection tracking timeouts"). What is not named here is the program's: see groups.bpf.h. */
export interface Timeouts {
  readonly tcpEstablishedSeconds: number; // answered and not closed; 60-432,000
  readonly udpStreamSeconds: number; // answered; 60-180
  readonly udpSeconds: number; // one way only; 30-60
}
export const defaultTimeouts: Timeouts = { tcpEstablishedSeconds: 432_000, udpStreamSeconds: 180, udpSeconds: 30 };

/** A place where packets leave and arrive: a network interface. That of a NAT gateway ("nat") has no link: it is in the tables only. */
export interface PortEntry {
  readonly port: number;
  readonly link: string; // name of the veth's outer end in the fabric namespace; the loader's caller resolves its ifindex; "" for "nat"
  readonly kind: "interface" | "internet" | "services" | "nat";
  readonly mac: string; // of the inner end, "02:..."
  readonly sourceDestCheck: boolean;
  readonly vpc: number; // 0 for the box's own ports, as all below
  readonly subnet: number; // no network ACL stands, and no route table is asked, between ports of one subnet
  readonly routeTable: number; // of its subnet
  readonly networkAcl: number; // of its subnet; 0: none, everything passes
  readonly router: number; // its subnet's base+1: where ICMP errors of the VPC come from
  readonly primaryAddress: number;
  readonly groups: readonly number[]; // at most 16; a NAT gateway's has none and no verdict of groups is asked
  readonly timeouts: Timeouts;
  readonly logs?: "ACCEPT" | "REJECT" | "ALL" | undefined; // verdicts that flow logs want of it; none: nothing is accounted
}
/** Who has an address in a VPC: local delivery, and what the source/destination check compares with. */
export interface AddressEntry { readonly vpc: number; readonly address: number; readonly port: number }
export interface RouteEntry {
  readonly routeTable: number;
  readonly address: number;
  readonly prefixLength: number;
  /**
   * local: whoever has the address in the table's VPC. port: that interface whatever the address (an instance's, or a NAT gateway's).
   * peering: whoever has the address in that other VPC, when the source lies in a block of the sender's VPC and the destination in one of the other's.
   */
  readonly target: { readonly kind: "local" | "internet" | "blackhole" } | { readonly kind: "port"; readonly port: number } | { readonly kind: "peering"; readonly vpc: number };
}
/** 1:1 translation at the internet gateway, used in both directions. */
export interface PublicEntry { readonly publicAddress: number; readonly vpc: number; readonly privateAddress: number; readonly port: number }
export interface VpcEntry {
  readonly vpc: number;
  readonly internetGateway: boolean; // attached
  readonly dns: boolean; // enableDnsSupport: base+2 and 169.254.169.253 answer
  readonly dnsAddress: number; // base+2 of the primary block
  readonly blocks: readonly { readonly address: number; readonly prefixLength: number }[];
  readonly edgeRouteTable: number; // associated with its internet gateway: asked for what comes in, after translation; its targets are local or an interface with a public address; 0: none
}
export interface Rule {
  readonly protocol: number; // 0-255, or -1 for all
  readonly from: number; // TCP/UDP: first port; ICMP: type, -1 any
  readonly to: number; // TCP/UDP: last port; ICMP: code, -1 any
  readonly remote: { readonly kind: "cidr"; readonly address: number; readonly prefixLength: number } | { readonly kind: "group"; readonly group: number };
}
/**
 * Stateful, each interface by itself. Tracked is what a rule let through: TCP from its SYN on (a segment of no known flow passes by the
 * rules and is not remembered), all else from its first packet; ICMP echo by its identifier, other protocols by their addresses.
 * Not tracked is TCP or UDP that a rule for 0.0.0.0/0 let through, if a rule of the other direction lets all of that protocol through
 * to 0.0.0.0/0 (any port); nor what answers such a flow: the rules are asked for each packet.
 */
export interface GroupEntry { readonly group: number; readonly ingress: readonly Rule[]; readonly egress: readonly Rule[] }
export interface MemberEntry { readonly group: number; readonly address: number }
/**
 * A network ACL: entries in order of their rule numbers, the first that matches decides, and none denies. Fields as in Rule. Stateless:
 * every packet is judged by itself, except that later fragments share the verdict of the first.
 */
export interface AclRule { readonly protocol: number; readonly from: number; readonly to: number; readonly address: number; readonly prefixLength: number; readonly allow: boolean }
export interface AclEntry { readonly acl: number; readonly ingress: readonly AclRule[]; readonly egress: readonly AclRule[] }
/** A NAT gateway: its port is its network interface's. With a public one, each address has an entry in `publics`. */
export interface NatEntry { readonly port: number; readonly connectivity: "public" | "private"; readonly addresses: readonly number[] } // 1 to 8, private ones

export interface DesiredTables {
  readonly ports: readonly PortEntry[];
  readonly addresses: readonly AddressEntry[];
  readonly routes: readonly RouteEntry[];
  readonly publics: readonly PublicEntry[];
  readonly vpcs: readonly VpcEntry[];
  readonly groups: readonly GroupEntry[];
  readonly members: readonly MemberEntry[];
  readonly acls: readonly AclEntry[];
  readonly nats: readonly NatEntry[];
  /** Every interface there is, plugged in or not: what was counted at it stays. Not given: those of `ports` alone. */
  readonly counted?: readonly number[] | undefined;
}

/** Why a packet was dropped. The numbers are the program's (port.bpf.c, enum reason); a test holds them together. */
export const dropReasons = {
  MALFORMED: 1, // too short for its headers, no such port, not IPv4 or ARP
  UNSUPPORTED_PROTOCOL: 2, // IPv6, VLAN and other ethertypes
  WRONG_SOURCE_MAC: 3,
  SOURCE_CHECK: 4, // source/destination check, as sender
  DESTINATION_CHECK: 5, // source/destination check, as receiver
  GROUP_EGRESS: 6,
  GROUP_INGRESS: 7,
  NO_ROUTE: 8,
  BLACKHOLE: 9,
  NO_SUCH_ADDRESS: 10, // local route, nobody has the address (or its instance is not running)
  GATEWAY_DETACHED: 11,
  NO_PUBLIC_ADDRESS: 12, // at the internet gateway: the source has no public mapping
  UNKNOWN_PUBLIC_ADDRESS: 13, // from the internet: nobody has it
  DNS_DISABLED: 14,
  LINK_LOCAL: 15, // 169.254.0.0/16 that no service answers, multicast, broadcast
  PRIVATE_DESTINATION: 16, // RFC 1918 or RFC 6598 towards the internet
  FRAGMENT: 17, // its first piece was not seen
  ARP: 18, // not a request the fabric answers
  ACL_EGRESS: 19, // counted at the sender
  ACL_INGRESS: 20, // counted at the receiver
  PEERING: 21, // the source lies outside the sender's VPC, or the destination outside the other one: peering is not transitive
  NAT_PROTOCOL: 22, // NAT gateways carry TCP, UDP and ICMP echo (and errors about those)
  NAT_FRAGMENT: 23, // a piece of TCP or ICMP at a NAT gateway; UDP's pass
  NAT_PORTS: 24, // ErrorPortAllocation: 55,000 connections to this destination from each of its addresses
  NAT_SOURCE: 25, // a NAT gateway serves its own VPC only
  NAT_NO_CONNECTION: 26, // to a NAT gateway itself and of no connection it knows: pings, and what goes on after 350 idle seconds
  PACKET_TOO_BIG: 27, // more than 1,500 bytes that may not be fragmented, towards the internet: answered with an ICMP error
  TRACKING_FULL: 28, // the interface's allowance of tracked flows is full of answered ones: none begins until one ends
} as const;
export type DropReason = keyof typeof dropReasons;
/** What a NAT gateway counts, by CloudWatch's names (VPC user guide, "NAT gateway metrics and dimensions"), in the program's order (nat.bpf.h, enum nat_metric). */
export const natMetricNames = [
  "ActiveConnectionCount", "ConnectionAttemptCount", "ConnectionEstablishedCount", "ErrorPortAllocation", "IdleTimeoutCount", "PacketsDropCount", "PacketsInFromSource",
  "BytesInFromSource", "PacketsOutToDestination", "BytesOutToDestination", "PacketsInFromDestination", "BytesInFromDestination", "PacketsOutToSource", "BytesOutToSource",
] as const;
export type NatMetricName = (typeof natMetricNames)[number];
/** Sums since the gateway's first packet; ActiveConnectionCount is now's. `port` is its network interface's. */
export interface NatMetrics { readonly port: number; readonly metrics: Readonly<Record<NatMetricName, number>> }
export interface DropCount { readonly port: number; readonly reason: DropReason; readonly packets: number; readonly bytes: number }
