// Owns what the analyzer's findings name, as EC2 names it (EC2 API reference, AnalysisComponent, AnalysisRouteTableRoute,
// AnalysisSecurityGroupRule, AnalysisAclRule, AnalysisPacketHeader). Made at once after the analysis, out of the same snapshot.

import type * as ec2 from "@aws-sdk/client-ec2";
import { protocolNumber } from "../../model/protocols.ts";
import { isPrefixListId } from "../../model/prefix-lists.ts";
import type { NetworkAclEntry, SecurityGroupRule } from "../../model/records.ts";
import { routeState } from "../../model/routing.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import type { ComponentKind, ComponentRef, Header, PathComponent } from "../../reach/question.ts";
import { ec2Arn, type Owner } from "../arn.ts";
import type { NamedById } from "../resource.ts";

const FINAL_DENY = 32767;
const tables: Readonly<Record<Exclude<ComponentKind, "internet">, NamedById>> = {
  "interface": "network-interface", "instance": "instance", "guest": "instance", "security-group": "security-group", "network-acl": "network-acl", "subnet": "subnet",
  "route-table": "route-table", "internet-gateway": "internet-gateway", "nat-gateway": "natgateway", "peering": "vpc-peering-connection", "vpc": "vpc",
};

export interface ComponentViews {
  /** Its id, ARN and Name tag. An address of the internet has an id alone. */
  component(ref: ComponentRef): ec2.AnalysisComponent;
  state(instanceId: string): string | undefined;
  route(of: NonNullable<PathComponent["route"]>): ec2.AnalysisRouteTableRoute | undefined;
  groupRule(ruleId: string): ec2.AnalysisSecurityGroupRule | undefined;
  aclRule(of: NonNullable<PathComponent["aclEntry"]>): ec2.AnalysisAclRule | undefined;
}

export function componentViews(snapshot: Snapshot, owner: Owner): ComponentViews {
  return {
    component: ({ kind, id }) => {
      if (kind === "internet") return { Id: id };
      const table = tables[kind];
      return { Id: id, Arn: ec2Arn(owner, table, id), Name: snapshot.get(table, id)?.tags.Name };
    },
    state: (instanceId) => snapshot.get("instance", instanceId)?.state,
    route: ({ routeTableId, destination }) => {
      const table = snapshot.get("route-table", routeTableId);
      const route = table?.routes.find((r) => r.destination === destination);
      if (!table || !route) return undefined;
      const target = route.target;
      return {
        ...(isPrefixListId(destination) ? { DestinationPrefixListId: destination } : { DestinationCidr: destination }),
        GatewayId: target.kind === "gateway" ? target.gatewayId : target.kind === "local" ? "local" : undefined,
        NetworkInterfaceId: target.kind === "interface" ? target.networkInterfaceId : undefined,
        InstanceId: target.kind === "interface" ? target.instanceId : undefined,
        NatGatewayId: target.kind === "nat-gateway" ? target.natGatewayId : undefined,
        VpcPeeringConnectionId: target.kind === "peering" ? target.vpcPeeringConnectionId : undefined,
        Origin: route.origin.toLowerCase(),
        State: routeState(snapshot, table, route),
      };
    },
    groupRule: (ruleId) => {
      const rule = snapshot.list("security-group").flatMap((group) => group.rules).find((r) => r.id === ruleId);
      return rule && groupRuleView(rule);
    },
    aclRule: ({ networkAclId, egress, ruleNumber }) => {
      const entry = snapshot.get("network-acl", networkAclId)?.entries.find((e) => e.egress === egress && e.ruleNumber === ruleNumber);
      if (entry) return aclRuleView(entry);
      return ruleNumber === FINAL_DENY ? { Cidr: "0.0.0.0/0", Egress: egress, Protocol: "all", RuleAction: "deny", RuleNumber: FINAL_DENY } : undefined;
    },
  };
}

const protocolText = (protocol: string): string => (protocol === "-1" ? "all" : Object.entries({ tcp: "6", udp: "17", icmp: "1" }).find(([, number]) => number === protocol)?.[0] ?? protocol);
const portRange = (from: number | undefined, to: number | undefined): ec2.PortRange | undefined => (from === undefined || from < 0 ? undefined : { From: from, To: to });

const groupRuleView = (rule: SecurityGroupRule): ec2.AnalysisSecurityGroupRule => ({
  Cidr: rule.cidrIpv4,
  Direction: rule.isEgress ? "egress" : "ingress",
  SecurityGroupId: rule.referencedGroupId,
  PortRange: rule.protocol === "-1" ? undefined : portRange(rule.fromPort, rule.toPort),
  PrefixListId: rule.prefixListId,
  Protocol: protocolText(rule.protocol),
});

const aclRuleView = (entry: NetworkAclEntry): ec2.AnalysisAclRule => ({
  Cidr: entry.cidrBlock,
  Egress: entry.egress,
  PortRange: portRange(entry.fromPort, entry.toPort),
  Protocol: protocolText(entry.protocol),
  RuleAction: entry.action,
  RuleNumber: entry.ruleNumber,
});

/** One packet's header: EC2 shows sets of addresses and ports, of which this is one. */
export const headerView = (header: Header): ec2.AnalysisPacketHeader => ({
  DestinationAddresses: [`${header.destination}/32`],
  DestinationPortRanges: header.destinationPort === undefined ? undefined : [{ From: header.destinationPort, To: header.destinationPort }],
  Protocol: String(protocolNumber(header.protocol)),
  SourceAddresses: [`${header.source}/32`],
  SourcePortRanges: header.sourcePort === undefined ? undefined : [{ From: header.sourcePort, To: header.sourcePort }],
});

/** What a translation changed. */
export function changedHeaderView(before: Header, after: Header): ec2.AnalysisPacketHeader {
  const view = headerView(after);
  return {
    DestinationAddresses: before.destination === after.destination ? undefined : view.DestinationAddresses,
    DestinationPortRanges: before.destinationPort === after.destinationPort ? undefined : view.DestinationPortRanges,
    SourceAddresses: before.source === after.source ? undefined : view.SourceAddresses,
    SourcePortRanges: before.sourcePort === after.sourcePort ? undefined : view.SourcePortRanges,
  };
}
