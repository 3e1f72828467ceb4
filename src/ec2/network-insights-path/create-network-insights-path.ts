// Owns CreateNetworkInsightsPath (EC2 API reference): what is to be analyzed, as often as one likes. The ends are there when it is made
// and may go later: an analysis then says so.

import type * as ec2 from "@aws-sdk/client-ec2";
import type { NetworkInsightsPath } from "../../model/records.ts";
import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { tagsFor } from "../describe.ts";
import { makerOf, newRecord } from "../new-record.ts";
import { readEndpoint } from "./endpoint-id.ts";
import { readAddress, readPathFilter, readPort } from "./path-filter.ts";
import { networkInsightsPathView } from "./view.ts";

export const createNetworkInsightsPath: Ec2Operation<"CreateNetworkInsightsPath"> = (input, ctx) => ctx.write((tx) => {
  if (!input.Source) throw new Ec2Error("MissingParameter", "The request must contain the parameter source");
  const filterAtSource = readPathFilter(input.FilterAtSource, "FilterAtSource");
  const filterAtDestination = readPathFilter(input.FilterAtDestination, "FilterAtDestination");
  checkCombination(input);
  if (!input.Destination && filterAtSource?.destinationAddress === undefined)
    throw new Ec2Error("MissingParameter", "The request must include either the Destination parameter or the FilterAtSource.DestinationAddress parameter. Add the required parameter and retry the request.");
  const about = {
    sourceIp: readAddress(input.SourceIp, "SourceIp"), destinationIp: readAddress(input.DestinationIp, "DestinationIp"),
    protocol: readProtocol(input.Protocol), destinationPort: readPort(input.DestinationPort, "DestinationPort"), filterAtSource, filterAtDestination,
  };
  const source = readEndpoint(tx, ctx, "Source", input.Source);
  const destination = input.Destination ? readEndpoint(tx, ctx, "Destination", input.Destination) : undefined;
  if (source === destination) throw new Ec2Error("InvalidParameterValue", "The source and the destination must not be the same resource.");
  const tags = tagsFor("network-insights-path", input.TagSpecifications);
  if (tx.list("network-insights-path", ctx.region).length >= ctx.quota("network-insights-paths")) throw new Ec2Error("NetworkInsightsPath.LimitExceeded", "The maximum number of network insights paths has been reached.");
  const record: NetworkInsightsPath = { ...newRecord(tx, makerOf(ctx), "nip", tags), source, destination, ...about };
  tx.put("network-insights-path", record);
  return { NetworkInsightsPath: networkInsightsPathView(ctx, record) };
});

/** A filter at an end says what the flat parameters of that end would (CreateNetworkInsightsPath, FilterAtSource, FilterAtDestination). */
function checkCombination(input: ec2.CreateNetworkInsightsPathRequest): void {
  const clashes: readonly [filter: keyof ec2.CreateNetworkInsightsPathRequest, flat: readonly (keyof ec2.CreateNetworkInsightsPathRequest)[]][] = [["FilterAtSource", ["SourceIp", "DestinationPort"]], ["FilterAtDestination", ["DestinationIp"]]];
  for (const [filter, flat] of clashes) {
    const both = input[filter] === undefined ? undefined : flat.find((name) => input[name] !== undefined && input[name] !== "");
    if (both) throw new Ec2Error("InvalidParameterCombination", `The parameter ${both} cannot be used with the parameter ${filter}`);
  }
}

/** AWS's guide writes TCP, the answer says tcp. */
function readProtocol(text: string | undefined): "tcp" | "udp" {
  if (!text) throw new Ec2Error("MissingParameter", "The request must contain the parameter protocol");
  const lower = text.toLowerCase();
  if (lower === "tcp" || lower === "udp") return lower;
  throw new Ec2Error("InvalidParameterValue", `Invalid value '${text}' for Protocol. Valid values are: tcp, udp.`);
}
