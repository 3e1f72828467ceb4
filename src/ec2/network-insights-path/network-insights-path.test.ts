// Owns the conversations of paths to analyze, as records.

import { test } from "node:test";
import assert from "node:assert/strict";
import { refused, smallNetwork, type SmallNetwork } from "../../../test/support/memory-context.ts";
import { createNetworkInterface } from "../network-interface/create-network-interface.ts";
import { createTags } from "../tag/create-tags.ts";
import { createNetworkInsightsPath } from "./create-network-insights-path.ts";
import { deleteNetworkInsightsPath } from "./delete-network-insights-path.ts";
import { describeNetworkInsightsPaths } from "./describe-network-insights-paths.ts";

type Input = Parameters<typeof createNetworkInsightsPath>[0];
const interfaceIn = async (n: SmallNetwork, SubnetId: string): Promise<string> => (await createNetworkInterface({ SubnetId }, n.ctx)).NetworkInterface!.NetworkInterfaceId!;
const create = async (n: SmallNetwork, extra: object = {}) => (await createNetworkInsightsPath({ Source: n.gateway, Protocol: "tcp", ClientToken: "x", ...extra } as Input, n.ctx)).NetworkInsightsPath!;

test("create, show, filter, page, tag, delete", async () => {
  const n = smallNetwork();
  const [a, b] = [await interfaceIn(n, n.publicSubnet), await interfaceIn(n, n.privateSubnet)];
  const arn = (type: string, id: string): string => `arn:aws:ec2:us-east-1:000000000000:${type}/${id}`;
  const first = await create(n, { Destination: a, DestinationPort: 22, SourceIp: "192.0.2.7", DestinationIp: "10.0.0.4", TagSpecifications: [{ ResourceType: "network-insights-path", Tags: [{ Key: "Name", Value: "ssh" }] }] });
  assert.match(first.NetworkInsightsPathId!, /^nip-0[0-9a-f]{16}$/);
  assert.deepEqual(first, {
    NetworkInsightsPathId: first.NetworkInsightsPathId, NetworkInsightsPathArn: arn("network-insights-path", first.NetworkInsightsPathId!), CreatedDate: n.ctx.now(), Source: n.gateway, SourceArn: arn("internet-gateway", n.gateway),
    Destination: a, DestinationArn: arn("network-interface", a), SourceIp: "192.0.2.7", DestinationIp: "10.0.0.4", Protocol: "tcp", DestinationPort: 22, FilterAtSource: undefined, FilterAtDestination: undefined, Tags: [{ Key: "Name", Value: "ssh" }],
  });
  const second = await create(n, { Source: arn("network-interface", b), Protocol: "UDP", FilterAtSource: { DestinationAddress: "192.0.2.10", DestinationPortRange: { FromPort: 53, ToPort: 53 } }, FilterAtDestination: { SourceAddress: "203.0.113.7/24", SourcePortRange: { FromPort: 1024, ToPort: 65535 } } });
  assert.deepEqual([second.Source, second.Destination, second.Protocol, second.FilterAtSource, second.FilterAtDestination], [b, undefined, "udp",
    { SourceAddress: undefined, SourcePortRange: undefined, DestinationAddress: "192.0.2.10", DestinationPortRange: { FromPort: 53, ToPort: 53 } },
    { SourceAddress: "203.0.113.0/24", SourcePortRange: { FromPort: 1024, ToPort: 65535 }, DestinationAddress: undefined, DestinationPortRange: undefined }]);
  await createTags({ Resources: [second.NetworkInsightsPathId!], Tags: [{ Key: "a", Value: "b" }] }, n.ctx);
  const list = async (Name: string, ...Values: string[]) => (await describeNetworkInsightsPaths({ Filters: [{ Name, Values }] }, n.ctx)).NetworkInsightsPaths!.map((p) => p.NetworkInsightsPathId);
  assert.deepEqual(await list("source", n.gateway), [first.NetworkInsightsPathId]);
  assert.deepEqual(await list("destination", a), [first.NetworkInsightsPathId]);
  assert.deepEqual(await list("protocol", "udp"), [second.NetworkInsightsPathId]);
  assert.deepEqual(await list("filter-at-source.destination-port-range", "53"), [second.NetworkInsightsPathId]);
  assert.deepEqual(await list("filter-at-destination.source-port-range", "1024-65535"), [second.NetworkInsightsPathId]);
  assert.deepEqual(await list("filter-at-destination.source-address", "203.*"), [second.NetworkInsightsPathId]);
  assert.deepEqual(await list("tag:a", "b"), [second.NetworkInsightsPathId]);
  await refused(n.ctx, () => list("vpc-id", n.vpc), "InvalidParameterValue", "The filter 'vpc-id' is invalid");
  const page = await describeNetworkInsightsPaths({ MaxResults: 1 }, n.ctx);
  assert.deepEqual(page.NetworkInsightsPaths!.map((p) => p.NetworkInsightsPathId), [first.NetworkInsightsPathId]);
  assert.deepEqual((await describeNetworkInsightsPaths({ MaxResults: 1, NextToken: page.NextToken }, n.ctx)).NetworkInsightsPaths!.map((p) => p.NetworkInsightsPathId), [second.NetworkInsightsPathId]);
  await refused(n.ctx, () => describeNetworkInsightsPaths({ MaxResults: 101 }, n.ctx), "InvalidParameterValue", /between 1 and 100/);
  assert.deepEqual(await deleteNetworkInsightsPath({ NetworkInsightsPathId: first.NetworkInsightsPathId }, n.ctx), { NetworkInsightsPathId: first.NetworkInsightsPathId });
  await refused(n.ctx, () => describeNetworkInsightsPaths({ NetworkInsightsPathIds: [first.NetworkInsightsPathId!] }, n.ctx), "InvalidNetworkInsightsPathId.NotFound", `The networkInsightsPath ID '${first.NetworkInsightsPathId}' does not exist`);
});

test("refusals of paths", async () => {
  const n = smallNetwork({ quotas: { "network-insights-paths": 1 } });
  const a = await interfaceIn(n, n.publicSubnet);
  const arn = `arn:aws:ec2:us-east-1:000000000000:network-interface/${a}`;
  const rows: readonly [object, string, string | RegExp][] = [
    [{ Source: undefined }, "MissingParameter", "The request must contain the parameter source"],
    [{}, "MissingParameter", "The request must include either the Destination parameter or the FilterAtSource.DestinationAddress parameter. Add the required parameter and retry the request."],
    [{ DestinationIp: "192.0.2.10" }, "MissingParameter", /FilterAtSource\.DestinationAddress/],
    [{ Destination: n.gateway }, "InvalidParameterValue", "The source and the destination must not be the same resource."],
    [{ Source: a, Destination: arn }, "InvalidParameterValue", /same resource/],
    [{ Destination: "i-00000000000000000" }, "NetworkInsightsDestination.NotFound", "The network insights destination 'i-00000000000000000' does not exist"],
    [{ Source: "eni-00000000000000000", Destination: a }, "NetworkInsightsSource.NotFound", "The network insights source 'eni-00000000000000000' does not exist"],
    [{ Destination: arn.replace("000000000000", "111122223333") }, "NetworkInsightsDestination.NotFound", /111122223333/],
    [{ Destination: arn.replace("us-east-1", "eu-west-1") }, "NetworkInsightsDestination.NotFound", /eu-west-1/],
    [{ Destination: arn.replace("network-interface", "instance") }, "NetworkInsightsDestination.NotFound", /instance/],
    [{ Destination: "tgw-0123456789abcdef0" }, "NetworkInsightsDestination.NotFound", /tgw/],
    [{ Source: "vpce-0123456789abcdef0", Destination: a }, "NetworkInsightsSource.NotFound", /vpce/],
    [{ Destination: n.vpc }, "InvalidParameterValue", /Resources of type vpc are not supported/],
    [{ Destination: "nat-0123456789abcdef0" }, "InvalidParameterValue", /natgateway/],
    [{ Destination: "nonsense" }, "InvalidParameterValue", /nonsense/],
    [{ Destination: "arn:aws:s3:::bucket" }, "InvalidParameterValue", /bucket/],
    [{ Destination: a, DestinationPort: 65536 }, "InvalidParameterValue", /65536/],
    [{ Destination: a, DestinationPort: -1 }, "InvalidParameterValue", /-1/],
    [{ Destination: a, Protocol: "icmp" }, "InvalidParameterValue", /icmp/],
    [{ Destination: a, SourceIp: "10.0.0.0/24" }, "InvalidParameterValue", /IPv4/],
    [{ Destination: a, FilterAtSource: { DestinationPortRange: { FromPort: 90, ToPort: 80 } } }, "InvalidParameterValue", /90-80/],
    [{ Destination: a, FilterAtDestination: { SourceAddress: "10.0.0.0/33" } }, "InvalidParameterValue", /10\.0\.0\.0\/33/],
    [{ Destination: a, FilterAtSource: { SourceAddress: "192.0.2.1" }, SourceIp: "192.0.2.1" }, "InvalidParameterCombination", "The parameter SourceIp cannot be used with the parameter FilterAtSource"],
    [{ Destination: a, FilterAtSource: { SourceAddress: "192.0.2.1" }, DestinationPort: 22 }, "InvalidParameterCombination", /DestinationPort/],
    [{ Destination: a, FilterAtDestination: { DestinationAddress: "10.0.0.1" }, DestinationIp: "10.0.0.1" }, "InvalidParameterCombination", /DestinationIp/],
    [{ Destination: a, TagSpecifications: [{ ResourceType: "vpc", Tags: [] }] }, "InvalidParameterValue", /taggable/],
  ];
  for (const [change, code, words] of rows) await refused(n.ctx, () => create(n, change), code, words);
  await create(n, { Destination: a });
  await refused(n.ctx, () => create(n, { Destination: a }), "NetworkInsightsPath.LimitExceeded", /maximum number/);
  await refused(n.ctx, () => deleteNetworkInsightsPath({ NetworkInsightsPathId: "nip-00000000000000000" }, n.ctx), "InvalidNetworkInsightsPathId.NotFound");
  await refused(n.ctx, () => deleteNetworkInsightsPath({ NetworkInsightsPathId: "nia-1" }, n.ctx), "InvalidNetworkInsightsPathId.Malformed");
});
