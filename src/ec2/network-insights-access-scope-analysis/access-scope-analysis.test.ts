// Owns the conversations of access scopes' analyses: every way that matches and is not excluded, in EC2's shapes.

import { test } from "node:test";
import assert from "node:assert/strict";
import type * as ec2 from "@aws-sdk/client-ec2";
import { doAnalyses, factsOf, insightsNetwork, type InsightsNetwork } from "../../../test/support/insights-network.ts";
import { boot, refused } from "../../../test/support/memory-context.ts";
import { runInstances } from "../instance/run-instances.ts";
import { createManagedPrefixList } from "../managed-prefix-list/create-managed-prefix-list.ts";
import { createNetworkInsightsAccessScope } from "../network-insights-access-scope/create-network-insights-access-scope.ts";
import { deleteNetworkInsightsAccessScope } from "../network-insights-access-scope/delete-network-insights-access-scope.ts";
import { authorizeSecurityGroupIngress } from "../security-group/authorize-security-group-ingress.ts";
import { deleteNetworkInsightsAccessScopeAnalysis } from "./delete-network-insights-access-scope-analysis.ts";
import { describeNetworkInsightsAccessScopeAnalyses } from "./describe-network-insights-access-scope-analyses.ts";
import { getNetworkInsightsAccessScopeAnalysisFindings } from "./get-network-insights-access-scope-analysis-findings.ts";
import { startNetworkInsightsAccessScopeAnalysis } from "./start-network-insights-access-scope-analysis.ts";

const types = (...ResourceTypes: string[]) => ({ ResourceStatement: { ResourceTypes } });
const resources = (...Resources: string[]) => ({ ResourceStatement: { Resources } });
const gateways = types("AWS::EC2::InternetGateway"), interfaces = types("AWS::EC2::NetworkInterface");
const header = (PacketHeaderStatement: ec2.PacketHeaderStatementRequest) => ({ PacketHeaderStatement });

const scopeOf = async (n: InsightsNetwork, MatchPaths: ec2.AccessScopePathRequest[], ExcludePaths: ec2.AccessScopePathRequest[] = []): Promise<string> =>
  (await createNetworkInsightsAccessScope({ MatchPaths, ExcludePaths, ClientToken: "x" }, n.ctx)).NetworkInsightsAccessScope!.NetworkInsightsAccessScopeId!;
const start = async (n: InsightsNetwork, NetworkInsightsAccessScopeId: string) => (await startNetworkInsightsAccessScopeAnalysis({ NetworkInsightsAccessScopeId, ClientToken: "x" }, n.ctx)).NetworkInsightsAccessScopeAnalysis!;
const show = async (n: InsightsNetwork, id: string) => (await describeNetworkInsightsAccessScopeAnalyses({ NetworkInsightsAccessScopeAnalysisIds: [id] }, n.ctx)).NetworkInsightsAccessScopeAnalyses![0]!;
const findingsOf = async (n: InsightsNetwork, id: string) => getNetworkInsightsAccessScopeAnalysisFindings({ NetworkInsightsAccessScopeAnalysisId: id }, n.ctx);
const finish = (n: InsightsNetwork): Promise<void> => doAnalyses(n.ctx, factsOf(n.nat));
/** [first component, last component, destination port] of each finding. */
async function found(n: InsightsNetwork, match: ec2.AccessScopePathRequest[], exclude: ec2.AccessScopePathRequest[] = []): Promise<(string | number | undefined)[][]> {
  const { NetworkInsightsAccessScopeAnalysisId: id } = await start(n, await scopeOf(n, match, exclude));
  await finish(n);
  const done = await show(n, id!);
  assert.equal(done.Status, "succeeded", done.StatusMessage);
  const all = (await findingsOf(n, id!)).AnalysisFindings!;
  assert.equal(done.FindingsFound, String(all.length > 0));
  return all.map(({ FindingComponents: c }) => {
    const shown = [c![0]!.OutboundHeader, c![0]!.InboundHeader].find((h) => h?.DestinationPortRanges);
    return [c![0]!.Component!.Id, c!.at(-1)!.Component!.Id, shown!.DestinationPortRanges![0]!.From];
  });
}

test("what the internet reaches: the instance with a public address, by the rule that lets it in; not the private one", async () => {
  const n = await insightsNetwork();
  const scope = await scopeOf(n, [{ Source: gateways, Destination: interfaces }]);
  const running = await start(n, scope);
  assert.match(running.NetworkInsightsAccessScopeAnalysisId!, /^nisa-0[0-9a-f]{16}$/);
  assert.deepEqual([running.Status, running.FindingsFound, running.AnalyzedEniCount, running.EndDate], ["running", "unknown", 0, undefined]);
  const id = running.NetworkInsightsAccessScopeAnalysisId!;
  assert.deepEqual([(await findingsOf(n, id)).AnalysisStatus, (await findingsOf(n, id)).AnalysisFindings], ["running", []]);
  n.ctx.advance(1000);
  await finish(n);
  const done = await show(n, id);
  assert.deepEqual([done.Status, done.FindingsFound, done.AnalyzedEniCount, done.NetworkInsightsAccessScopeId], ["succeeded", "true", 2, scope]);
  const { AnalysisFindings: [finding, ...more] } = await findingsOf(n, id) as { AnalysisFindings: ec2.AccessScopeAnalysisFinding[] };
  assert.deepEqual(more, []);
  assert.deepEqual([finding!.FindingId, finding!.NetworkInsightsAccessScopeId, finding!.NetworkInsightsAccessScopeAnalysisId], ["AnalysisFinding-1", scope, id]);
  const acl = n.ctx.snapshot().list("network-acl").find((a) => a.vpcId === n.vpc)!.id;
  assert.deepEqual(finding!.FindingComponents!.map((c) => [c.SequenceNumber, c.Component!.Id]), [[1, n.gateway], [2, acl], [3, n.natGroup], [4, n.natInterface]]);
  assert.equal(finding!.FindingComponents![3]!.AttachedTo!.Id, n.nat);
  assert.deepEqual(finding!.FindingComponents![2]!.SecurityGroupRule!.PortRange, { From: 22, To: 22 });
  await refused(n.ctx, () => deleteNetworkInsightsAccessScope({ NetworkInsightsAccessScopeId: scope }, n.ctx), "AnalysisExistsForNetworkInsightsAccessScope");
  await deleteNetworkInsightsAccessScopeAnalysis({ NetworkInsightsAccessScopeAnalysisId: id }, n.ctx);
  await deleteNetworkInsightsAccessScope({ NetworkInsightsAccessScopeId: scope }, n.ctx);
});

test("statements: resources, ports, addresses, protocols, prefix lists, through, excluded", async () => {
  const n = await insightsNetwork();
  const inwards: ec2.AccessScopePathRequest = { Source: gateways, Destination: interfaces };
  const ssh = [[n.gateway, n.natInterface, 22]];
  assert.deepEqual(await found(n, [{ Source: gateways }]), ssh);
  assert.deepEqual(await found(n, [{ Source: resources(n.gateway), Destination: resources(n.natGroup) }]), ssh);
  for (const end of [n.nat, n.natInterface, n.publicSubnet, n.vpc, `arn:aws:ec2:us-east-1:000000000000:instance/${n.nat}`]) assert.deepEqual(await found(n, [{ Source: gateways, Destination: resources(end) }]), ssh, end);
  assert.deepEqual(await found(n, [{ Source: gateways, Destination: resources(n.private) }]), []);
  assert.deepEqual(await found(n, [{ ...inwards, Destination: { ...interfaces, ...header({ DestinationPorts: ["20-30"] }) } }]), ssh);
  assert.deepEqual(await found(n, [{ ...inwards, Destination: { ...interfaces, ...header({ DestinationPorts: ["23-30", "443"] }) } }]), []);
  assert.deepEqual(await found(n, [{ ...inwards, Source: { ...gateways, ...header({ SourceAddresses: ["192.0.2.0/25"], SourcePorts: ["1024-2000"] }) } }]), ssh);
  assert.deepEqual(await found(n, [{ ...inwards, Source: { ...gateways, ...header({ Protocols: ["udp"] }) } }]), []);
  assert.deepEqual(await found(n, [{ ...inwards, Source: { ...gateways, ...header({ SourceAddresses: ["10.0.0.0/8"] }) } }]), []);
  const list = (await createManagedPrefixList({ PrefixListName: "office", MaxEntries: 2, AddressFamily: "IPv4", Entries: [{ Cidr: "192.0.2.128/25" }] }, n.ctx)).PrefixList!.PrefixListId!;
  assert.deepEqual(await found(n, [{ ...inwards, Source: { ...gateways, ...header({ SourcePrefixLists: [list] }) } }]), ssh);
  assert.deepEqual(await found(n, [inwards], [{ Source: gateways, Destination: resources(n.nat) }]), []);
  assert.deepEqual(await found(n, [inwards], [{ Source: { ...gateways, ...header({ SourceAddresses: ["0.0.0.0/0"] }) } }]), []);
  assert.deepEqual(await found(n, [inwards], [{ Source: { ...gateways, ...header({ SourcePrefixLists: [list] }) } }]), ssh, "another address of the internet is not excluded");
  await authorizeSecurityGroupIngress({ GroupId: n.natGroup, IpPermissions: [{ IpProtocol: "tcp", FromPort: 8000, ToPort: 8010, IpRanges: [{ CidrIp: "0.0.0.0/0" }] }] }, n.ctx);
  assert.deepEqual(await found(n, [inwards], [{ Destination: header({ DestinationPorts: ["22", "8000-8004"] }) }]), [[n.gateway, n.natInterface, 8005]]);
});

test("what reaches the internet: through the NAT instance too; between instances", async () => {
  const n = await insightsNetwork();
  const outwards: ec2.AccessScopePathRequest = { Source: interfaces, Destination: gateways };
  const tcp = header({ Protocols: ["tcp"], DestinationPorts: ["80"] });
  assert.deepEqual(await found(n, [{ ...outwards, Source: { ...interfaces, ...tcp } }]), [[n.natInterface, n.gateway, 80], [n.privateInterface, n.gateway, 80]]);
  assert.deepEqual(await found(n, [{ ...outwards, Source: { ...interfaces, ...tcp }, ThroughResources: [resources(n.nat)] }]), [[n.privateInterface, n.gateway, 80]]);
  assert.deepEqual(await found(n, [{ ...outwards, Source: { ...interfaces, ...tcp }, ThroughResources: [types("AWS::EC2::NatGateway")] }]), []);
  assert.deepEqual(await found(n, [{ Source: resources(n.nat), Destination: resources(n.private) }]), [[n.natInterface, n.privateInterface, 22]]);
  assert.deepEqual(await found(n, [{ Source: resources(n.private), Destination: resources(n.nat) }]), [[n.privateInterface, n.natInterface, 80], [n.privateInterface, n.natInterface, 22]]);
});

test("findings page by page; analyses by scope and time; unknown ones", async () => {
  const n = await insightsNetwork();
  for (const port of [80, 443, 8080]) await authorizeSecurityGroupIngress({ GroupId: n.natGroup, IpPermissions: [{ IpProtocol: "tcp", FromPort: port, ToPort: port, IpRanges: [{ CidrIp: "192.0.2.0/24" }] }] }, n.ctx);
  const scope = await scopeOf(n, [{ Source: gateways }]);
  const id = (await start(n, scope)).NetworkInsightsAccessScopeAnalysisId!;
  await finish(n);
  const page = await getNetworkInsightsAccessScopeAnalysisFindings({ NetworkInsightsAccessScopeAnalysisId: id, MaxResults: 3 }, n.ctx);
  const rest = await getNetworkInsightsAccessScopeAnalysisFindings({ NetworkInsightsAccessScopeAnalysisId: id, MaxResults: 3, NextToken: page.NextToken }, n.ctx);
  assert.deepEqual([...page.AnalysisFindings!, ...rest.AnalysisFindings!].map((f) => f.FindingId), [1, 2, 3, 4].map((i) => `AnalysisFinding-${i}`));
  assert.equal(rest.NextToken, undefined);
  n.ctx.advance(60_000);
  const other = (await start(n, await scopeOf(n, [{ Destination: gateways }]))).NetworkInsightsAccessScopeAnalysisId!;
  const list = async (input: object) => (await describeNetworkInsightsAccessScopeAnalyses(input, n.ctx)).NetworkInsightsAccessScopeAnalyses!.map((a) => a.NetworkInsightsAccessScopeAnalysisId);
  assert.deepEqual(await list({ NetworkInsightsAccessScopeId: scope }), [id]);
  assert.deepEqual(await list({ AnalysisStartTimeBegin: n.ctx.now() }), [other]);
  assert.deepEqual(await list({ AnalysisStartTimeEnd: new Date(n.ctx.now().getTime() - 1) }), [id]);
  await refused(n.ctx, () => list({ Filters: [{ Name: "status", Values: ["running"] }] }), "InvalidParameterValue", /The filter 'status' is invalid/);
  await refused(n.ctx, () => getNetworkInsightsAccessScopeAnalysisFindings({ NetworkInsightsAccessScopeAnalysisId: "nisa-00000000000000000" }, n.ctx), "InvalidNetworkInsightsAccessScopeAnalysisId.NotFound");
  await refused(n.ctx, () => start(n, "nis-00000000000000000"), "InvalidNetworkInsightsAccessScopeId.NotFound");
});

test("two hundred interfaces that all reach each other: a thousand findings, and that there are more", async (t) => {
  const n = await insightsNetwork();
  await authorizeSecurityGroupIngress({ GroupId: n.privateGroup, IpPermissions: [{ IpProtocol: "-1", IpRanges: [{ CidrIp: "10.0.0.0/16" }] }] }, n.ctx);
  const ImageId = n.ctx.snapshot().list("image", n.ctx.region)[0]!.id;
  const { Instances } = await runInstances({ ImageId, MinCount: 200, MaxCount: 200, InstanceType: "t3.micro", SubnetId: n.privateSubnet, SecurityGroupIds: [n.privateGroup] }, n.ctx);
  boot(n.ctx, ...Instances!.map((i) => i.InstanceId!));
  const id = (await start(n, await scopeOf(n, [{ Source: types("AWS::EC2::Instance"), Destination: types("AWS::EC2::Instance") }]))).NetworkInsightsAccessScopeAnalysisId!;
  const silent = (await start(n, await scopeOf(n, [{ Source: types("AWS::EC2::Instance"), Destination: types("AWS::EC2::Instance"), ThroughResources: [resources(n.nat)] }]))).NetworkInsightsAccessScopeAnalysisId!;
  const before = performance.now();
  await finish(n);
  t.diagnostic(`two searches over 202 interfaces: ${Math.round(performance.now() - before)} ms`);
  const done = await show(n, id);
  assert.deepEqual([done.FindingsFound, done.AnalyzedEniCount], ["true", 202]);
  assert.match(done.WarningMessage!, /more than 1000/);
  assert.equal((await show(n, silent)).FindingsFound, "false");
});
