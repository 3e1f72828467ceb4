// Owns a cause as EC2 shows it (EC2 API reference, Explanation; Reachability Analyzer guide, "Explanation codes"). AWS names one cause;
// here is every independent one. Codes that begin with GUEST_ are the box's own: their State says in words what is wrong.

import type * as ec2 from "@aws-sdk/client-ec2";
import type { Code } from "../../reach/codes.ts";
import type { ComponentKind, ComponentRef, Explanation } from "../../reach/question.ts";
import type { ComponentViews } from "./components.ts";

/** The member that has the component which stops the packet. */
const memberOf: Readonly<Record<ComponentKind, keyof ec2.Explanation>> = {
  "interface": "NetworkInterface", "instance": "Component", "guest": "Component", "security-group": "SecurityGroup", "network-acl": "Acl", "subnet": "Subnet", "route-table": "RouteTable",
  "internet-gateway": "InternetGateway", "nat-gateway": "NatGateway", "peering": "VpcPeeringConnection", "vpc": "Vpc", "internet": "Destination",
};

/** Codes about one field of the header: which one, by the packet's direction at the component. */
const packetFields: Readonly<Partial<Record<Code, Readonly<Record<"ingress" | "egress", "source-address" | "destination-address" | "destination-port" | "source-port" | "protocol">>>>> = {
  ENI_ADDRESS_RESTRICTION: { ingress: "destination-address", egress: "source-address" },
  ENI_SOURCE_DEST_CHECK_RESTRICTION: { ingress: "destination-address", egress: "source-address" },
  IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS: { ingress: "source-address", egress: "source-address" },
  IGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS: { ingress: "destination-address", egress: "destination-address" },
  IGW_DESTINATION_ADDRESS_NOT_IN_RFC1918_EGRESS: { ingress: "destination-address", egress: "destination-address" },
  IGW_DESTINATION_ADDRESS_NOT_IN_RFC6598_EGRESS: { ingress: "destination-address", egress: "destination-address" },
  IGW_SOURCE_ADDRESS_NOT_IN_RFC1918_INGRESS: { ingress: "source-address", egress: "source-address" },
  IGW_SOURCE_ADDRESS_NOT_IN_RFC6598_INGRESS: { ingress: "source-address", egress: "source-address" },
  PCX_REQUIRES_ADDRESS_IN_VPC_CIDR: { ingress: "source-address", egress: "destination-address" },
  GUEST_PORT_CLOSED: { ingress: "destination-port", egress: "destination-port" },
};

/** Codes of which AWS says in which direction the packet was stopped. */
const directed = /^(ENI|SG|SUBNET|GUEST)_/;

/** @param destination what the path leads to; none: an address, which the header has */
export function explanationView(views: ComponentViews, cause: Explanation, destination: ComponentRef | undefined): ec2.Explanation {
  const ref = (kind: ComponentKind, id: string | undefined): ec2.AnalysisComponent | undefined => (id === undefined || id === "" ? undefined : views.component({ kind, id }));
  const field = packetFields[cause.code]?.[cause.flow];
  const routed = cause.routeTableId !== undefined && cause.routeDestination !== undefined ? { routeTableId: cause.routeTableId, destination: cause.routeDestination } : undefined;
  const own = cause.code.startsWith("GUEST_");
  return {
    ...defined({
      [memberOf[cause.component.kind]]: ref(cause.component.kind, cause.component.id),
      Acl: ref("network-acl", cause.networkAcl?.id),
      AclRule: cause.networkAcl && views.aclRule({ networkAclId: cause.networkAcl.id, egress: cause.networkAcl.egress, ruleNumber: cause.networkAcl.ruleNumber }),
      ...(cause.code === "NO_ROUTE_TO_DESTINATION" ? { Destination: towards(views, cause, destination) } : {}),
      Direction: directed.test(cause.code) ? cause.flow : undefined,
      MissingComponent: cause.missing,
      NetworkInterface: ref("interface", cause.networkInterfaceId),
      RouteTable: ref("route-table", cause.routeTableId),
      RouteTableRoute: routed && views.route(routed),
      SecurityGroups: cause.securityGroupIds?.map((id) => views.component({ kind: "security-group", id })),
      Subnet: ref("subnet", cause.subnetId),
      Vpc: ref("vpc", cause.vpcId),
      PacketField: field,
      Address: field?.endsWith("-address") ? cause.header && `${field === "source-address" ? cause.header.source : cause.header.destination}/32` : undefined,
      Port: field === "destination-port" ? cause.header?.destinationPort : undefined,
      Protocols: own && cause.header ? [cause.header.protocol] : undefined,
      State: own ? cause.message.en : cause.code === "BAD_STATE" && cause.component.kind === "instance" ? views.state(cause.component.id) : undefined,
    }),
    ExplanationCode: cause.code,
  };
}

const towards = (views: ComponentViews, { direction, header }: Explanation, destination: ComponentRef | undefined): ec2.AnalysisComponent | undefined => {
  if (direction === "forward" && destination) return views.component(destination);
  return header && views.component({ kind: "internet", id: header.destination });
};

const defined = <T extends object>(members: T): Partial<T> => Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as Partial<T>;
