// Owns what the analyzer is asked and what it answers: plain data, JSON-safe, shared by the API's NetworkInsights operations and by
// `vpcbox explain`. Codes are AWS's where AWS has one (Reachability Analyzer guide, "Explanation codes"); GUEST_* are our own, for what
// AWS cannot see. Addresses are text here: nothing below this file needs them as numbers twice.

import type { Code } from "./codes.ts";

export type Endpoint =
  | { readonly kind: "interface"; readonly id: string } // an instance is asked about by its primary interface
  | { readonly kind: "internet-gateway"; readonly id: string } // as source: the internet behind it; as destination: out through it
  | { readonly kind: "peering"; readonly id: string }
  | { readonly kind: "address"; readonly address: string }; // an address of the internet, or a private one in the other end's VPC

/** What the packet must look like at one end (CreateNetworkInsightsPath, FilterAtSource and FilterAtDestination). */
export interface PacketFilter {
  readonly sourceAddress?: string | undefined; // address or CIDR
  readonly destinationAddress?: string | undefined;
  readonly sourcePorts?: { readonly from: number; readonly to: number } | undefined;
  readonly destinationPorts?: { readonly from: number; readonly to: number } | undefined;
}
export interface Question {
  readonly source: Endpoint;
  readonly destination?: Endpoint | undefined; // none: filterAtSource.destinationAddress says where to
  readonly protocol: "icmp" | "tcp" | "udp";
  readonly port?: number | undefined; // destination port; none: any, the analyzer takes one that gets through where there is one
  readonly sourceIp?: string | undefined;
  readonly destinationIp?: string | undefined;
  readonly filterAtSource?: PacketFilter | undefined;
  readonly filterAtDestination?: PacketFilter | undefined;
}

/** Headers at one place, as EC2's AnalysisPacketHeader has them. Ports are absent where the protocol has none. */
export interface Header {
  readonly protocol: "icmp" | "tcp" | "udp";
  readonly source: string;
  readonly destination: string;
  readonly sourcePort?: number | undefined;
  readonly destinationPort?: number | undefined;
}
export type ComponentKind = "interface" | "instance" | "security-group" | "network-acl" | "subnet" | "route-table" | "internet-gateway" | "nat-gateway" | "peering" | "vpc" | "internet" | "guest";
export interface ComponentRef { readonly kind: ComponentKind; readonly id: string } // internet: id is the address

/** One thing that a packet met and that let it on, in order. `rule`, `entry`, `route`: what decided, by value, as the records have it. */
export interface PathComponent {
  readonly component: ComponentRef;
  readonly inbound?: Header | undefined; // as it came; absent where nothing looks at headers
  readonly outbound?: Header | undefined; // as it left, where that is otherwise: a translation
  readonly subnetId?: string | undefined;
  readonly vpcId?: string | undefined;
  readonly attachedTo?: ComponentRef | undefined; // an interface's instance
  readonly between?: { readonly from: string; readonly to: string } | undefined; // VPCs, of a peering connection
  readonly securityGroupRuleId?: string | undefined;
  readonly aclEntry?: { readonly networkAclId: string; readonly egress: boolean; readonly ruleNumber: number } | undefined;
  readonly route?: { readonly routeTableId: string; readonly destination: string } | undefined;
  /** What a guest did, in words for people: "forwards by its route default via 10.0.0.1 dev eth0", "MASQUERADE: leaves as 10.0.0.10". */
  readonly note?: { readonly en: string; readonly ja: string } | undefined;
}

/** One independent cause: mending all of them, and nothing else, makes it reachable. */
export interface Explanation {
  readonly code: Code;
  readonly direction: "forward" | "return";
  readonly component: ComponentRef; // who stops it
  readonly header?: Header | undefined; // the packet that it stopped
  readonly securityGroupIds?: readonly string[] | undefined;
  readonly networkAcl?: { readonly id: string; readonly egress: boolean; readonly ruleNumber: number } | undefined; // 32767: the final deny
  readonly routeTableId?: string | undefined;
  readonly routeDestination?: string | undefined;
  readonly subnetId?: string | undefined;
  readonly vpcId?: string | undefined;
  readonly networkInterfaceId?: string | undefined;
  readonly missing?: "internet-gateway" | "nat-gateway" | "route" | "public-address" | undefined; // EC2's MissingComponent
  readonly flow: "ingress" | "egress"; // EC2's Direction, at that component
  readonly message: { readonly en: string; readonly ja: string }; // one line: what is wrong
  readonly mend: string; // the one command that mends it; "" where none does
}

export interface Answer {
  readonly reachable: boolean;
  readonly forward: readonly PathComponent[]; // as far as the packet truly gets
  readonly return: readonly PathComponent[]; // empty when the packet did not arrive
  readonly explanations: readonly Explanation[]; // every independent cause, in the order of the way; empty when reachable
}
