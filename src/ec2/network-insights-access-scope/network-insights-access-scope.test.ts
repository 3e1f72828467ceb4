// Owns the conversations of access scopes, as records.

import { test } from "node:test";
import assert from "node:assert/strict";
import { refused, smallNetwork, type SmallNetwork } from "../../../test/support/memory-context.ts";
import { createNetworkInsightsAccessScope } from "./create-network-insights-access-scope.ts";
import { deleteNetworkInsightsAccessScope } from "./delete-network-insights-access-scope.ts";
import { describeNetworkInsightsAccessScopes } from "./describe-network-insights-access-scopes.ts";
import { getNetworkInsightsAccessScopeContent } from "./get-network-insights-access-scope-content.ts";

const fromInternet = { Source: { ResourceStatement: { ResourceTypes: ["AWS::EC2::InternetGateway"] } } };
const create = async (n: SmallNetwork, MatchPaths: object[] = [fromInternet], extra: object = {}) => createNetworkInsightsAccessScope({ MatchPaths, ClientToken: "x", ...extra }, n.ctx);

test("create, show, read its content, page, delete", async () => {
  const n = smallNetwork();
  const paths = [{ ...fromInternet, Destination: { ResourceStatement: { Resources: [n.vpc] }, PacketHeaderStatement: { DestinationPorts: ["22", "80-90"], Protocols: ["tcp" as const], SourceAddresses: ["192.0.2.0/24"] } }, ThroughResources: [{ ResourceStatement: { ResourceTypes: ["AWS::EC2::NatGateway"] } }] }];
  const { NetworkInsightsAccessScope: scope, NetworkInsightsAccessScopeContent: content } = await create(n, paths, { ExcludePaths: [fromInternet], TagSpecifications: [{ ResourceType: "network-insights-access-scope", Tags: [{ Key: "a", Value: "b" }] }] });
  const id = scope!.NetworkInsightsAccessScopeId!;
  assert.match(id, /^nis-0[0-9a-f]{16}$/);
  assert.deepEqual(scope, { NetworkInsightsAccessScopeId: id, NetworkInsightsAccessScopeArn: `arn:aws:ec2:us-east-1:000000000000:network-insights-access-scope/${id}`, CreatedDate: n.ctx.now(), UpdatedDate: n.ctx.now(), Tags: [{ Key: "a", Value: "b" }] });
  assert.deepEqual(content, { NetworkInsightsAccessScopeId: id, MatchPaths: paths, ExcludePaths: [fromInternet] });
  assert.deepEqual(await getNetworkInsightsAccessScopeContent({ NetworkInsightsAccessScopeId: id }, n.ctx), { NetworkInsightsAccessScopeContent: content });
  await create(n);
  const page = await describeNetworkInsightsAccessScopes({ MaxResults: 1 }, n.ctx);
  assert.deepEqual(page.NetworkInsightsAccessScopes, [scope]);
  assert.equal((await describeNetworkInsightsAccessScopes({ MaxResults: 1, NextToken: page.NextToken }, n.ctx)).NextToken, undefined);
  await refused(n.ctx, () => describeNetworkInsightsAccessScopes({ Filters: [{ Name: "source", Values: ["x"] }] }, n.ctx), "InvalidParameterValue", "The filter 'source' is invalid");
  assert.deepEqual(await deleteNetworkInsightsAccessScope({ NetworkInsightsAccessScopeId: id }, n.ctx), { NetworkInsightsAccessScopeId: id });
  await refused(n.ctx, () => getNetworkInsightsAccessScopeContent({ NetworkInsightsAccessScopeId: id }, n.ctx), "InvalidNetworkInsightsAccessScopeId.NotFound", `The networkInsightsAccessScope ID '${id}' does not exist`);
});

test("refusals of access scopes", async () => {
  const n = smallNetwork({ quotas: { "network-insights-access-scopes": 1 } });
  const source = (ResourceStatement?: object, PacketHeaderStatement?: object): object[] => [{ Source: { ResourceStatement, PacketHeaderStatement } }];
  const rows: readonly [object[], string, RegExp][] = [
    [[], "MissingParameter", /MatchPath/],
    [[{}], "InvalidParameterValue", /MatchPath\.1/],
    [source(), "InvalidParameterValue", /must not be empty/],
    [source({}), "InvalidParameterValue", /either resources or resource types/],
    [source({ ResourceTypes: ["AWS::EC2::InternetGateway"], Resources: [n.vpc] }), "InvalidParameterValue", /either resources or resource types/],
    [source({ ResourceTypes: ["AWS::EC2::Volume"] }), "InvalidParameterValue", /AWS::EC2::Volume/],
    [source({ ResourceTypes: ["AWS::EC2::NatGateway"] }), "InvalidParameterValue", /not supported in Source/],
    [source({ Resources: ["vpc-00000000000000000"] }), "InvalidParameterValue", /does not exist/],
    [source({ Resources: [`arn:aws:ec2:us-east-1:111122223333:vpc/${n.vpc}`] }), "InvalidParameterValue", /does not exist/],
    [source({ Resources: ["nonsense"] }), "InvalidParameterValue", /nonsense/],
    [source(undefined, {}), "InvalidParameterValue", /at least one field/],
    [source(undefined, { SourceAddresses: ["x"] }), "InvalidParameterValue", /'x'/],
    [source(undefined, { DestinationPorts: ["90-80"] }), "InvalidParameterValue", /90-80/],
    [source(undefined, { DestinationPorts: ["65536"] }), "InvalidParameterValue", /65536/],
    [source(undefined, { SourcePrefixLists: ["pl-00000000000000000"] }), "InvalidPrefixListID.NotFound", /pl-0/],
    [source(undefined, { SourcePrefixLists: ["pl-00000000000000000"], SourceAddresses: ["10.0.0.0/8"] }), "InvalidParameterCombination", /SourcePrefixLists/],
    [[{ ThroughResources: [{ ResourceStatement: { Resources: [n.vpc] } }] }], "InvalidParameterValue", /not supported in ThroughResources/],
  ];
  for (const [paths, code, words] of rows) await refused(n.ctx, () => create(n, paths), code, words);
  await refused(n.ctx, () => create(n, [fromInternet], { ExcludePaths: [{}] }), "InvalidParameterValue", /ExcludePath\.1/);
  await create(n);
  await refused(n.ctx, () => create(n), "NetworkInsightsAccessScope.LimitExceeded", /maximum number/);
});
