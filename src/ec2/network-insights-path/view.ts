// Owns how a path looks to clients (EC2 API reference, NetworkInsightsPath) and its filters.

import type * as ec2 from "@aws-sdk/client-ec2";
import type { InsightsPathFilter, NetworkInsightsPath } from "../../model/records.ts";
import { ec2Arn, type Owner } from "../arn.ts";
import { tagList, type FilterTable } from "../describe.ts";
import { endpointKindOf } from "./endpoint-id.ts";
import { pathFilterView } from "./path-filter.ts";

export const networkInsightsPathView = (owner: Owner, path: NetworkInsightsPath): ec2.NetworkInsightsPath => ({
  NetworkInsightsPathId: path.id,
  NetworkInsightsPathArn: ec2Arn(owner, "network-insights-path", path.id),
  CreatedDate: new Date(path.createdAt),
  Source: path.source,
  SourceArn: ec2Arn(owner, endpointKindOf(path.source), path.source),
  Destination: path.destination,
  DestinationArn: path.destination === undefined ? undefined : ec2Arn(owner, endpointKindOf(path.destination), path.destination),
  SourceIp: path.sourceIp,
  DestinationIp: path.destinationIp,
  Protocol: path.protocol,
  DestinationPort: path.destinationPort,
  FilterAtSource: pathFilterView(path.filterAtSource),
  FilterAtDestination: pathFilterView(path.filterAtDestination),
  Tags: tagList(path.tags),
});

const portsText = (ports: { readonly from: number; readonly to: number } | undefined): string | undefined => ports && (ports.from === ports.to ? String(ports.from) : `${ports.from}-${ports.to}`);

const filtersOf = (name: string, filter: (path: NetworkInsightsPath) => InsightsPathFilter | undefined): FilterTable<NetworkInsightsPath> => ({
  [`${name}.source-address`]: (p) => filter(p)?.sourceAddress,
  [`${name}.source-port-range`]: (p) => portsText(filter(p)?.sourcePorts),
  [`${name}.destination-address`]: (p) => filter(p)?.destinationAddress,
  [`${name}.destination-port-range`]: (p) => portsText(filter(p)?.destinationPorts),
});

export const networkInsightsPathFilters: FilterTable<NetworkInsightsPath> = {
  "destination": (p) => p.destination,
  "destination-port": (p) => (p.destinationPort === undefined ? undefined : String(p.destinationPort)), // documented until 2023, still taken
  ...filtersOf("filter-at-source", (p) => p.filterAtSource),
  ...filtersOf("filter-at-destination", (p) => p.filterAtDestination),
  "protocol": (p) => p.protocol,
  "source": (p) => p.source,
};
