// Owns what a path asks the analyzer: its ends as they are now. What can be asked no more is an answer by itself (Reachability Analyzer
// guide, "Explanation codes", configuration).

import type { InsightsPathFilter, NetworkInsightsPath } from "../../model/records.ts";
import { attachedInterfaces } from "../../model/lifecycle.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import type { Code } from "../../reach/codes.ts";
import type { ComponentRef, Endpoint, PacketFilter, Question } from "../../reach/question.ts";
import { endpointKindOf } from "../network-insights-path/endpoint-id.ts";

/** An end that nothing can be asked of: gone, or without an interface. */
export interface NoEnd { readonly code: Code & ("NO_SOURCE_OR_DESTINATION" | "UNASSOCIATED_COMPONENT"); readonly component: ComponentRef }

export function questionOf(snapshot: Snapshot, path: NetworkInsightsPath): { readonly question: Question } | { readonly missing: NoEnd } {
  const source = endpointOf(snapshot, path.source, path.sourceIp ?? path.filterAtSource?.sourceAddress);
  if ("code" in source) return { missing: source };
  const destination = path.destination === undefined ? undefined : endpointOf(snapshot, path.destination, path.destinationIp ?? path.filterAtDestination?.destinationAddress);
  if (destination && "code" in destination) return { missing: destination };
  return {
    question: {
      source, destination, protocol: path.protocol, port: path.destinationPort, sourceIp: path.sourceIp, destinationIp: path.destinationIp,
      filterAtSource: filterOf(path.filterAtSource), filterAtDestination: filterOf(path.filterAtDestination),
    },
  };
}

const filterOf = (filter: InsightsPathFilter | undefined): PacketFilter | undefined => filter;

/** An instance is asked about by the interface that has the address, else by its first. */
function endpointOf(snapshot: Snapshot, id: string, address: string | undefined): Endpoint | NoEnd {
  const kind = endpointKindOf(id);
  const record = snapshot.get(kind, id);
  switch (kind) {
    case "internet-gateway":
      if (!record) return { code: "NO_SOURCE_OR_DESTINATION", component: { kind: "internet-gateway", id } };
      return "vpcId" in record && record.vpcId !== undefined ? { kind: "internet-gateway", id } : { code: "UNASSOCIATED_COMPONENT", component: { kind: "internet-gateway", id } };
    case "vpc-peering-connection": return record ? { kind: "peering", id } : { code: "NO_SOURCE_OR_DESTINATION", component: { kind: "peering", id } };
    case "network-interface": return record ? { kind: "interface", id } : { code: "NO_SOURCE_OR_DESTINATION", component: { kind: "interface", id } };
    case "instance": {
      if (!record) return { code: "NO_SOURCE_OR_DESTINATION", component: { kind: "instance", id } };
      const interfaces = attachedInterfaces(snapshot, id);
      const one = interfaces.find((eni) => eni.privateAddresses.some((p) => p.address === address)) ?? interfaces[0];
      return one ? { kind: "interface", id: one.id } : { code: "UNASSOCIATED_COMPONENT", component: { kind: "instance", id } };
    }
  }
}
