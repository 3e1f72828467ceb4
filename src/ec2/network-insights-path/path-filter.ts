// Owns the addresses and ports of a path and of its filters at both ends (EC2 API reference, PathRequestFilter): read, checked, shown.

import type * as ec2 from "@aws-sdk/client-ec2";
import { canonical, formatCidr, parseCidr, parseIp } from "../../lib/ip.ts";
import type { InsightsPathFilter } from "../../model/records.ts";
import { Ec2Error } from "../../wire/error.ts";

/** An empty filter is none. @param parameter FilterAtSource, FilterAtDestination */
export function readPathFilter(filter: ec2.PathRequestFilter | undefined, parameter: string): InsightsPathFilter | undefined {
  const read: InsightsPathFilter = {
    sourceAddress: filter?.SourceAddress === undefined ? undefined : readBlock(filter.SourceAddress, `${parameter}.SourceAddress`),
    sourcePorts: readPorts(filter?.SourcePortRange, `${parameter}.SourcePortRange`),
    destinationAddress: filter?.DestinationAddress === undefined ? undefined : readBlock(filter.DestinationAddress, `${parameter}.DestinationAddress`),
    destinationPorts: readPorts(filter?.DestinationPortRange, `${parameter}.DestinationPortRange`),
  };
  return Object.values(read).some((value) => value !== undefined) ? read : undefined;
}

export function readAddress(text: string | undefined, parameter: string): string | undefined {
  if (text === undefined || text === "") return undefined;
  if (parseIp(text) === undefined) throw invalid(parameter, text, "Expecting an IPv4 address.");
  return text;
}

export function readPort(port: number | undefined, parameter: string): number | undefined {
  if (port !== undefined && (!Number.isInteger(port) || port < 0 || port > 65535)) throw invalid(parameter, String(port), "Expecting a port from 0 to 65535.");
  return port;
}

/** An address or a block, as given; host bits are cleared. */
function readBlock(text: string, parameter: string): string {
  if (parseIp(text) !== undefined) return text;
  const block = parseCidr(text);
  if (!block) throw invalid(parameter, text, "Expecting an IPv4 address or CIDR block.");
  return formatCidr(canonical(block));
}

function readPorts(range: ec2.RequestFilterPortRange | undefined, parameter: string): { from: number; to: number } | undefined {
  if (range === undefined || (range.FromPort === undefined && range.ToPort === undefined)) return undefined;
  const from = readPort(range.FromPort ?? range.ToPort, `${parameter}.FromPort`)!;
  const to = readPort(range.ToPort ?? range.FromPort, `${parameter}.ToPort`)!;
  if (from > to) throw invalid(parameter, `${from}-${to}`, "The first port must not be greater than the last one.");
  return { from, to };
}

export const pathFilterView = (filter: InsightsPathFilter | undefined): ec2.PathFilter | undefined => filter && {
  SourceAddress: filter.sourceAddress,
  SourcePortRange: filter.sourcePorts && { FromPort: filter.sourcePorts.from, ToPort: filter.sourcePorts.to },
  DestinationAddress: filter.destinationAddress,
  DestinationPortRange: filter.destinationPorts && { FromPort: filter.destinationPorts.from, ToPort: filter.destinationPorts.to },
};

const invalid = (parameter: string, value: string, why: string): Ec2Error => new Ec2Error("InvalidParameterValue", `Value (${value.slice(0, 200)}) for parameter ${parameter} is invalid. ${why}`);
