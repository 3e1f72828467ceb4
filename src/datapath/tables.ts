// Owns the tables the kernel program interprets, as TypeScript sees them: what `plan` makes and the loader writes. Numbers name
// things (the records' `index`); addresses are unsigned 32-bit numbers in host order. Knows nothing of EC2's API.

/** Ports below 16 are the box's own. */
export const INTERNET_PORT = 1;
export const SERVICES_PORT = 2;

export interface PortEntry {
  readonly port: number;
  readonly link: string; // name of the veth's outer end in the fabric namespace; the loader's caller resolves its ifindex
  readonly kind: "interface" | "internet" | "services";
  readonly mac: string; // of the inner end, "02:..."
  readonly sourceDestCheck: boolean;
  readonly vpc: number; // 0 for the box's own ports, as all below
  readonly subnet: number;
  readonly routeTable: number;
  readonly primaryAddress: number;
  readonly groups: readonly number[]; // at most 16
}
/** Who has an address in a VPC: local delivery, and what the source/destination check compares with. */
export interface AddressEntry { readonly vpc: number; readonly address: number; readonly port: number }
export interface RouteEntry {
  readonly routeTable: number;
  readonly address: number;
  readonly prefixLength: number;
  readonly target: { readonly kind: "local" | "internet" | "blackhole" } | { readonly kind: "port"; readonly port: number };
}
/** 1:1 translation at the internet gateway, used in both directions. */
export interface PublicEntry { readonly publicAddress: number; readonly vpc: number; readonly privateAddress: number; readonly port: number }
export interface VpcEntry {
  readonly vpc: number;
  readonly internetGateway: boolean; // attached
  readonly dns: boolean; // enableDnsSupport: base+2 and 169.254.169.253 answer
  readonly dnsAddress: number; // base+2 of the primary block
}
export interface Rule {
  readonly protocol: number; // 0-255, or -1 for all
  readonly from: number; // TCP/UDP: first port; ICMP: type, -1 any
  readonly to: number; // TCP/UDP: last port; ICMP: code, -1 any
  readonly remote: { readonly kind: "cidr"; readonly address: number; readonly prefixLength: number } | { readonly kind: "group"; readonly group: number };
}
export interface GroupEntry { readonly group: number; readonly ingress: readonly Rule[]; readonly egress: readonly Rule[] }
export interface MemberEntry { readonly group: number; readonly address: number }

export interface DesiredTables {
  readonly ports: readonly PortEntry[];
  readonly addresses: readonly AddressEntry[];
  readonly routes: readonly RouteEntry[];
  readonly publics: readonly PublicEntry[];
  readonly vpcs: readonly VpcEntry[];
  readonly groups: readonly GroupEntry[];
  readonly members: readonly MemberEntry[];
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
} as const;
export type DropReason = keyof typeof dropReasons;
export interface DropCount { readonly port: number; readonly reason: DropReason; readonly packets: number; readonly bytes: number }
