// Owns the Reachability Analyzer's API on a real box through the unmodified `aws` client: a path through the NAT instance, its analyses over
// the network and the guests as they are, filters, hints, an access scope, deletions; and what is refused, with AWS's words.

import { test } from "node:test";
import assert from "node:assert/strict";
import {
  CreateNetworkInsightsPathCommand, DeleteNetworkInsightsPathCommand, DescribeNetworkInsightsAnalysesCommand, DescribeNetworkInsightsPathsCommand, GetNetworkInsightsAccessScopeContentCommand, ModifyInstanceAttributeCommand,
  StartNetworkInsightsAccessScopeAnalysisCommand, StartNetworkInsightsAnalysisCommand, type CreateNetworkInsightsPathCommandInput, type NetworkInsightsAccessScopeAnalysis, type NetworkInsightsAnalysis, type NetworkInsightsPath,
} from "@aws-sdk/client-ec2";
import { until } from "../support/box.ts";
import { boxWithNatNetwork, type NatNetwork } from "../support/nat-network.ts";
import { inside } from "../support/paste.ts";

let n: NatNetwork;
const box = boxWithNatNetwork((network) => { n = network; });

/** Starts an analysis by `aws` and asks for it until it is done, as a script has to: there are no waiters. */
async function analyze(path: string, ...more: string[]): Promise<NetworkInsightsAnalysis> {
  const { NetworkInsightsAnalysis: started } = await box.aws<{ NetworkInsightsAnalysis: NetworkInsightsAnalysis }>("ec2", "start-network-insights-analysis", "--network-insights-path-id", path, ...more);
  assert.equal(started.Status, "running");
  return until("the analysis is done", async () => {
    const [found] = (await box.aws<{ NetworkInsightsAnalyses: NetworkInsightsAnalysis[] }>("ec2", "describe-network-insights-analyses", "--network-insights-analysis-ids", started.NetworkInsightsAnalysisId!)).NetworkInsightsAnalyses;
    return found!.Status === "running" ? undefined : found;
  });
}

let path: NetworkInsightsPath, first: NetworkInsightsAnalysis, second: NetworkInsightsAnalysis;

test("a path from the private instance out of the gateway: found, there and back, with headers where the NAT instance and the gateway change them", async () => {
  ({ NetworkInsightsPath: path } = await box.aws<{ NetworkInsightsPath: NetworkInsightsPath }>("ec2", "create-network-insights-path", "--source", n.private, "--destination", n.gateway, "--destination-ip", "192.0.2.80", "--protocol", "tcp", "--destination-port", "80",
    "--tag-specifications", "ResourceType=network-insights-path,Tags=[{Key=Name,Value=web}]"));
  first = await analyze(path.NetworkInsightsPathId!);
  assert.deepEqual([first.Status, first.NetworkPathFound, first.Explanations, first.WarningMessage], ["succeeded", true, undefined, undefined]);
  assert.deepEqual(first.AlternatePathHints!.map((hint) => hint.ComponentId), [n.natInterface]);
  const there = first.ForwardPathComponents!, back = first.ReturnPathComponents!;
  const ids = (way: typeof there): string[] => way.map((one) => one.Component!.Id!);
  assert.deepEqual(there.map((one) => one.SequenceNumber), there.map((_, i) => i + 1));
  assert.deepEqual([ids(there)[0], ids(there).at(-1), ids(back)[0], ids(back).at(-1)], [n.private, n.gateway, n.gateway, n.private]);
  for (const id of [n.privateInterface, n.privateGroup, n.mainTable, n.natGroup, n.natInterface, n.nat, n.publicTable]) assert.ok(ids(there).includes(id), `${id} is on the way`);
  assert.deepEqual(there[0]!.OutboundHeader!.SourceAddresses, [`${n.privateAddress}/32`]);
  const inNat = there.findIndex((one) => one.Component!.Id === n.natInterface), outOfNat = there.findLastIndex((one) => one.Component!.Id === n.natInterface), guest = there.findIndex((one) => one.Component!.Id === n.nat);
  assert.ok(inNat < guest && guest < outOfNat, "into the NAT instance and out again");
  assert.deepEqual(there[inNat]!.InboundHeader!.SourceAddresses, [`${n.privateAddress}/32`]);
  assert.match(JSON.stringify(there[guest]!.AdditionalDetails), /MASQUERADE: leaves as 10\.0\.0\./);
  assert.match(there[outOfNat]!.OutboundHeader!.SourceAddresses![0]!, /^10\.0\.0\./);
  assert.deepEqual(there.at(-1)!.OutboundHeader!.SourceAddresses, [`${n.natPublic}/32`]);
  const into = back[0]!;
  assert.deepEqual([into.InboundHeader!.DestinationAddresses, into.OutboundHeader!.DestinationAddresses], [[`${n.natPublic}/32`], there[outOfNat]!.OutboundHeader!.SourceAddresses]);
  assert.deepEqual(back.at(-1)!.InboundHeader!.DestinationAddresses, [`${n.privateAddress}/32`]);
  const rule = there.find((one) => one.Component!.Id === n.natGroup && one.SecurityGroupRule?.Direction === "ingress")!.SecurityGroupRule!;
  assert.deepEqual([rule.Cidr, rule.Protocol, rule.PortRange], ["10.0.1.0/24", "tcp", { From: 80, To: 80 }]);
  assert.equal(there.find((one) => one.Component!.Id === n.mainTable)!.RouteTableRoute!.DestinationCidr, "0.0.0.0/0");
});

test("faults of the network and inside the NAT instance: each is explained, AWS's by its members, the box's own in words", async () => {
  await box.ec2.send(new ModifyInstanceAttributeCommand({ InstanceId: n.nat, SourceDestCheck: { Value: true } }));
  await inside(box, n.nat, "sysctl -w net.ipv4.ip_forward=0");
  second = await analyze(path.NetworkInsightsPathId!);
  await box.ec2.send(new ModifyInstanceAttributeCommand({ InstanceId: n.nat, SourceDestCheck: { Value: false } }));
  await inside(box, n.nat, "sysctl -w net.ipv4.ip_forward=1");
  assert.deepEqual([second.NetworkPathFound, second.ReturnPathComponents], [false, undefined]);
  const [check, forwarding] = second.Explanations!;
  assert.equal(second.Explanations!.length, 2);
  assert.deepEqual([check!.ExplanationCode, check!.Direction, check!.PacketField, check!.Address, check!.NetworkInterface!.Id], ["ENI_SOURCE_DEST_CHECK_RESTRICTION", "ingress", "destination-address", "192.0.2.80/32", n.natInterface]);
  assert.deepEqual([forwarding!.ExplanationCode, forwarding!.Component!.Id], ["GUEST_IP_FORWARDING_DISABLED", n.nat]);
  assert.match(forwarding!.State!, /net\.ipv4\.ip_forward is 0/);
});

test("analyses by path, by what was found; paths by protocol and tag; a filter that is none", async () => {
  const byAws = await box.aws<{ NetworkInsightsAnalyses: NetworkInsightsAnalysis[] }>("ec2", "describe-network-insights-analyses", "--network-insights-path-id", path.NetworkInsightsPathId!, "--filters", "Name=path-found,Values=false");
  assert.deepEqual(byAws.NetworkInsightsAnalyses.map((one) => one.NetworkInsightsAnalysisId), [second.NetworkInsightsAnalysisId]);
  const analyses = async (Name: string, value: string): Promise<(string | undefined)[]> => (await box.ec2.send(new DescribeNetworkInsightsAnalysesCommand({ Filters: [{ Name, Values: [value] }] }))).NetworkInsightsAnalyses!.map((one) => one.NetworkInsightsAnalysisId);
  assert.deepEqual(await analyses("path-found", "true"), [first.NetworkInsightsAnalysisId]);
  assert.deepEqual(await analyses("status", "running"), []);
  const paths = async (Name: string, value: string): Promise<(string | undefined)[]> => (await box.ec2.send(new DescribeNetworkInsightsPathsCommand({ Filters: [{ Name, Values: [value] }] }))).NetworkInsightsPaths!.map((one) => one.NetworkInsightsPathId);
  assert.deepEqual(await paths("tag:Name", "web"), [path.NetworkInsightsPathId]);
  assert.deepEqual(await paths("protocol", "udp"), []);
  const refused = await box.awsRaw("ec2", "describe-network-insights-paths", "--filters", "Name=colour,Values=red");
  assert.match(refused.stderr, /\(InvalidParameterValue\).*The filter 'colour' is invalid/);
});

test("what the way must meet, and must not", async () => {
  const arn = `arn:aws:ec2:us-east-1:000000000000:network-interface/${n.natInterface}`;
  const through = await analyze(path.NetworkInsightsPathId!, "--filter-in-arns", arn);
  assert.equal(through.NetworkPathFound, true);
  const started = (await box.ec2.send(new StartNetworkInsightsAnalysisCommand({ NetworkInsightsPathId: path.NetworkInsightsPathId!, FilterOutArns: [arn], ClientToken: "without" }))).NetworkInsightsAnalysis!; // Debian's aws is older than this
  const without = await until("the analysis is done", async () => {
    const [found] = (await box.ec2.send(new DescribeNetworkInsightsAnalysesCommand({ NetworkInsightsAnalysisIds: [started.NetworkInsightsAnalysisId!] }))).NetworkInsightsAnalyses!;
    return found!.Status === "running" ? undefined : found!;
  });
  assert.deepEqual([without.NetworkPathFound, without.Explanations!.map((one) => [one.ExplanationCode, one.Component!.Arn])], [false, [["COMPONENT_FILTER_RESTRICTION_REMOVED_COMPONENT", arn]]]);
});

test("an access scope: what the internet reaches, and through what", async () => {
  const { NetworkInsightsAccessScope: scope } = await box.aws<{ NetworkInsightsAccessScope: { NetworkInsightsAccessScopeId: string } }>("ec2", "create-network-insights-access-scope", "--match-paths", JSON.stringify([{ Source: { ResourceStatement: { ResourceTypes: ["AWS::EC2::InternetGateway"] } } }]));
  const id = scope.NetworkInsightsAccessScopeId;
  const started = (await box.ec2.send(new StartNetworkInsightsAccessScopeAnalysisCommand({ NetworkInsightsAccessScopeId: id, ClientToken: "scope" }))).NetworkInsightsAccessScopeAnalysis!;
  const of = ["--network-insights-access-scope-analysis-ids", started.NetworkInsightsAccessScopeAnalysisId!];
  const done = await until("the analysis of the scope is done", async () => {
    const [found] = (await box.aws<{ NetworkInsightsAccessScopeAnalyses: NetworkInsightsAccessScopeAnalysis[] }>("ec2", "describe-network-insights-access-scope-analyses", ...of)).NetworkInsightsAccessScopeAnalyses;
    return found!.Status === "running" ? undefined : found;
  });
  assert.deepEqual([done.Status, done.FindingsFound, done.AnalyzedEniCount], ["succeeded", "true", 2]);
  const { AnalysisFindings } = await box.aws<{ AnalysisFindings: { FindingId: string; FindingComponents: { Component: { Id: string } }[] }[] }>("ec2", "get-network-insights-access-scope-analysis-findings", "--network-insights-access-scope-analysis-id", started.NetworkInsightsAccessScopeAnalysisId!);
  assert.ok(AnalysisFindings.length > 0);
  for (const { FindingComponents } of AnalysisFindings) {
    const ids = FindingComponents.map((one) => one.Component.Id);
    assert.deepEqual([ids[0], ids.includes(n.natInterface), ids.includes(n.privateInterface)], [n.gateway, true, false], "the internet reaches the NAT instance alone");
  }
  const content = (await box.ec2.send(new GetNetworkInsightsAccessScopeContentCommand({ NetworkInsightsAccessScopeId: id }))).NetworkInsightsAccessScopeContent!;
  assert.deepEqual(content.MatchPaths![0]!.Source!.ResourceStatement!.ResourceTypes, ["AWS::EC2::InternetGateway"]);
  await box.aws("ec2", "delete-network-insights-access-scope-analysis", "--network-insights-access-scope-analysis-id", started.NetworkInsightsAccessScopeAnalysisId!);
  await box.aws("ec2", "delete-network-insights-access-scope", "--network-insights-access-scope-id", id);
  assert.match((await box.awsRaw("ec2", "describe-network-insights-access-scope-analyses", ...of)).stderr, /\(InvalidNetworkInsightsAccessScopeAnalysisId\.NotFound\)/);
});

test("refusals: unknown and foreign ids, one's own end, no protocol, malformed ids; nothing is made", async () => {
  const before = (await box.ec2.send(new DescribeNetworkInsightsPathsCommand({}))).NetworkInsightsPaths!.length;
  const good = { Source: n.private, Destination: n.gateway, Protocol: "tcp" } as const;
  const foreign = `arn:aws:ec2:us-east-1:111122223333:instance/${n.nat}`;
  const rows: readonly (readonly [Partial<Record<keyof CreateNetworkInsightsPathCommandInput, unknown>>, string, RegExp])[] = [
    [{ Destination: "i-0123456789abcdef0" }, "NetworkInsightsDestination.NotFound", /'i-0123456789abcdef0' does not exist/],
    [{ Source: foreign }, "NetworkInsightsSource.NotFound", /111122223333/],
    [{ Destination: n.private }, "InvalidParameterValue", /must not be the same resource/],
    [{ Destination: n.privateSubnet }, "InvalidParameterValue", /Destination is invalid/],
    [{ Source: "private" }, "InvalidParameterValue", /\(private\) for parameter Source is invalid/],
    [{ Source: "i-12" }, "InvalidParameterValue", /\(i-12\) for parameter Source is invalid/],
    [{ Protocol: undefined, DestinationPort: 80 }, "MissingParameter", /protocol/],
    [{ Protocol: "icmp" }, "InvalidParameterValue", /Valid values are: tcp, udp/],
    [{ DestinationPort: 65536 }, "InvalidParameterValue", /from 0 to 65535/],
    [{ DestinationIp: "10.0.0" }, "InvalidParameterValue", /Expecting an IPv4 address/],
    [{ Destination: undefined }, "MissingParameter", /Destination parameter or the FilterAtSource\.DestinationAddress/],
  ];
  for (const [more, name, message] of rows) await assert.rejects(box.ec2.send(new CreateNetworkInsightsPathCommand({ ...good, ...more } as CreateNetworkInsightsPathCommandInput)), { name, message });
  await assert.rejects(box.ec2.send(new StartNetworkInsightsAnalysisCommand({ NetworkInsightsPathId: "nip-0123456789abcdef0", ClientToken: "a" })), { name: "InvalidNetworkInsightsPathId.NotFound" });
  await assert.rejects(box.ec2.send(new StartNetworkInsightsAnalysisCommand({ NetworkInsightsPathId: n.vpc, ClientToken: "b" })), { name: /^InvalidNetworkInsightsPathId|^InvalidParameterValue/ });
  await assert.rejects(box.ec2.send(new DeleteNetworkInsightsPathCommand({ NetworkInsightsPathId: path.NetworkInsightsPathId! })), { name: "AnalysisExistsForNetworkInsightsPath" });
  const byAws = await box.awsRaw("ec2", "create-network-insights-path", "--source", n.private, "--destination", n.private, "--protocol", "tcp");
  assert.deepEqual([byAws.status, byAws.stdout], [254, ""]);
  assert.match(byAws.stderr, /An error occurred \(InvalidParameterValue\) when calling the CreateNetworkInsightsPath operation: The source and the destination must not be the same resource\./);
  assert.equal((await box.ec2.send(new DescribeNetworkInsightsPathsCommand({}))).NetworkInsightsPaths!.length, before);
});

test("deleted, analyses first: nothing of them is left", async () => {
  for (const { NetworkInsightsAnalysisId: id } of (await box.ec2.send(new DescribeNetworkInsightsAnalysesCommand({}))).NetworkInsightsAnalyses!) await box.aws("ec2", "delete-network-insights-analysis", "--network-insights-analysis-id", id!);
  const { NetworkInsightsPathId } = await box.aws<{ NetworkInsightsPathId: string }>("ec2", "delete-network-insights-path", "--network-insights-path-id", path.NetworkInsightsPathId!);
  assert.equal(NetworkInsightsPathId, path.NetworkInsightsPathId);
  assert.deepEqual((await box.ec2.send(new DescribeNetworkInsightsPathsCommand({}))).NetworkInsightsPaths, []);
  assert.match((await box.awsRaw("ec2", "describe-network-insights-analyses", "--network-insights-analysis-ids", first.NetworkInsightsAnalysisId!)).stderr, /\(InvalidNetworkInsightsAnalysisId\.NotFound\)/);
});
