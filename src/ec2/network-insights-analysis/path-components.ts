// Owns a way that a packet took as EC2 shows it (EC2 API reference, PathComponent; Reachability Analyzer guide, "Getting started using
// the AWS CLI"): what it met in order, headers where it begins, ends or is translated.

import type * as ec2 from "@aws-sdk/client-ec2";
import type { ComponentKind, PathComponent } from "../../reach/question.ts";
import { changedHeaderView, headerView, type ComponentViews } from "./components.ts";

/** They look at a packet and let it on as it is: EC2 shows no header there. */
const transparent: readonly ComponentKind[] = ["network-acl", "security-group", "route-table", "subnet", "vpc"];

/**
 * The internet itself is no component of EC2's: what is there has its header at the gateway.
 * @param ends instances that were asked about as such: they stand before or after their interface
 */
export function pathComponentViews(views: ComponentViews, way: readonly PathComponent[], ends: { readonly from?: string | undefined; readonly to?: string | undefined } = {}): ec2.PathComponent[] {
  const path = withInstances(way, ends);
  const shown = path.filter((c, i) => c.component.kind !== "internet" && !isMoreOfGuest(path, i));
  return shown.map((c, i): ec2.PathComponent => ({
    SequenceNumber: i + 1,
    AclRule: c.aclEntry && views.aclRule(c.aclEntry),
    AttachedTo: c.attachedTo && views.component(c.attachedTo),
    Component: views.component(c.component),
    ...headers(c, i === 0),
    RouteTableRoute: c.route && views.route(c.route),
    SecurityGroupRule: c.securityGroupRuleId === undefined ? undefined : views.groupRule(c.securityGroupRuleId),
    SourceVpc: c.between && views.component({ kind: "vpc", id: c.between.from }),
    DestinationVpc: c.between && views.component({ kind: "vpc", id: c.between.to }),
    Subnet: c.subnetId === undefined ? undefined : views.component({ kind: "subnet", id: c.subnetId }),
    Vpc: c.vpcId === undefined ? undefined : views.component({ kind: "vpc", id: c.vpcId }),
    AdditionalDetails: c.component.kind === "guest" ? notesOf(path, c).map((note) => ({ AdditionalDetailType: note, Component: views.component(c.component) })) : undefined,
  }));
}

function withInstances(way: readonly PathComponent[], { from, to }: { readonly from?: string | undefined; readonly to?: string | undefined }): PathComponent[] {
  const first = way.findIndex((c) => c.attachedTo !== undefined), last = way.findLastIndex((c) => c.attachedTo !== undefined);
  const path = [...way];
  if (to !== undefined && last > 0 && path[last]!.attachedTo!.id === to) {
    const { inbound, ...eni } = path[last]!;
    path.splice(last, path.length - last, eni, { component: { kind: "instance", id: to }, inbound }, ...path.slice(last + 1).filter((c) => c.component.kind !== "guest"));
  }
  if (from !== undefined && first >= 0 && path[first]!.attachedTo!.id === from) {
    const { outbound, ...eni } = path[first]!;
    path.splice(0, first + 1, { component: { kind: "instance", id: from }, outbound }, eni);
  }
  return path;
}

/** A guest says several things about one packet: they are one component's details. */
const isMoreOfGuest = (path: readonly PathComponent[], i: number): boolean => path[i]!.component.kind === "guest" && path[i - 1]?.component.kind === "guest" && path[i - 1]!.component.id === path[i]!.component.id;
function notesOf(path: readonly PathComponent[], first: PathComponent): string[] {
  const from = path.indexOf(first);
  const rest = path.slice(from + 1);
  const more = rest.findIndex((_, i) => !isMoreOfGuest(path, from + 1 + i));
  return [first, ...(more < 0 ? rest : rest.slice(0, more))].flatMap((c) => c.note?.en ?? []);
}

/** @param first where it begins: an instance or interface sends it, a gateway got it */
function headers({ component, inbound, outbound }: PathComponent, first: boolean): Pick<ec2.PathComponent, "InboundHeader" | "OutboundHeader"> {
  if (transparent.includes(component.kind)) return {};
  const sends = first && (component.kind === "instance" || component.kind === "interface" || component.kind === "guest");
  if (sends) return { OutboundHeader: outbound ?? inbound ? headerView((outbound ?? inbound)!) : undefined };
  return {
    InboundHeader: inbound && headerView(inbound),
    OutboundHeader: outbound && (inbound ? changedHeaderView(inbound, outbound) : headerView(outbound)),
  };
}
