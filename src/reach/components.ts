// Owns the step from a hop's checks to the components that the answer shows: one for each thing that looked at the packet and let it
// on, with what decided. Pure.

import { formatIp } from "../lib/ip.ts";
import type { Check, Hop } from "../model/hop.ts";
import type { Network } from "../model/network.ts";
import type { Packet } from "../model/packet.ts";
import type { NetworkInterface } from "../model/records.ts";
import type { PathComponent } from "./question.ts";
import { entryText, headerOf, ruleText, targetText, text } from "./texts.ts";

/** All that the hop passed; what stopped it is left out. */
export function hopComponents(network: Network, hop: Hop): PathComponent[] {
  const passed = hop.drop && !(hop.drop.reason === "NO_SUCH_ADDRESS" && hop.checks.at(-1)?.what === "route") ? hop.checks.slice(0, -1) : hop.checks;
  return passed.flatMap((check, i) => componentOf(network, check, hop.checks[i + 1]?.packet ?? hop.packet) ?? []);
}

function componentOf(network: Network, check: Check, next: Packet): PathComponent | undefined {
  const inbound = headerOf(check.packet);
  switch (check.what) {
    case "groups": {
      const id = check.group?.id ?? check.interface.groupIds[0] ?? "";
      const note = check.byFlow ? text("an answer: its connection is tracked", "追跡中の接続への応答") : check.rule && ruleText(check.rule);
      return { component: { kind: "security-group", id }, inbound, securityGroupRuleId: check.rule?.id, note };
    }
    case "acl":
      return check.acl && check.entry && {
        component: { kind: "network-acl", id: check.acl.id }, inbound, subnetId: check.subnetId, note: entryText(check.entry),
        aclEntry: { networkAclId: check.acl.id, egress: check.direction === "egress", ruleNumber: check.entry.ruleNumber },
      };
    case "route":
      return check.route && {
        component: { kind: "route-table", id: check.table.id }, vpcId: check.table.vpcId, route: { routeTableId: check.table.id, destination: check.route.destination },
        note: text(`${check.route.destination} -> ${targetText(check.route.target)}`, `${check.route.destination} -> ${targetText(check.route.target)}`),
      };
    case "internet-gateway": {
      const outside = check.direction === "egress", outbound = headerOf(outside ? translated(network, check, next) : next);
      const [from, to] = outside ? [inbound.source, outbound.source] : [inbound.destination, outbound.destination];
      return check.gateway && { component: { kind: "internet-gateway", id: check.gateway.id }, vpcId: check.gateway.vpcId, inbound, outbound, note: text(`${from} becomes ${to}`, `${from} を ${to} に変換`) };
    }
    case "peering": return peeringComponent(network, check.peeringId, check.vpcId ?? "", { inbound });
    case "service": return undefined;
    case "source-dest-check": case "local-address": return undefined;
  }
}

/** Out of a gateway: the next check's packet, or the public source where the packet turned round at once. */
function translated(network: Network, check: Check & { what: "internet-gateway" }, next: Packet): Packet {
  const mapping = check.gateway?.vpcId === undefined ? undefined : network.translation.publicOf(check.gateway.vpcId, check.packet.source);
  return mapping ? { ...check.packet, source: mapping.publicAddress } : next;
}

/** @param into the VPC that the packet comes into */
export function peeringComponent(network: Network, id: string, into: string, headers: Pick<PathComponent, "inbound" | "outbound">): PathComponent {
  const peering = network.snapshot.get("vpc-peering-connection", id);
  const from = peering?.accepter.vpcId === into ? peering.requester.vpcId : peering?.accepter.vpcId;
  return { component: { kind: "peering", id }, ...headers, ...(from === undefined ? {} : { between: { from, to: into } }), note: text(`into ${into}`, `${into} へ`) };
}

export function interfaceComponent(eni: NetworkInterface, packet: Packet, way: "in" | "out"): PathComponent {
  const header = headerOf(packet);
  return {
    component: { kind: "interface", id: eni.id }, ...(way === "in" ? { inbound: header } : { outbound: header }), subnetId: eni.subnetId, vpcId: eni.vpcId,
    ...(eni.attachment ? { attachedTo: { kind: "instance", id: eni.attachment.instanceId } as const } : {}),
  };
}

export const internetComponent = (address: number, packet: Packet, way: "in" | "out"): PathComponent =>
  ({ component: { kind: "internet", id: formatIp(address) }, ...(way === "in" ? { inbound: headerOf(packet) } : { outbound: headerOf(packet) }) });
