// Owns the conversations of analyses: started by the API, done by the daemon's jobs over records in memory, shown in EC2's shapes.

import { test } from "node:test";
import assert from "node:assert/strict";
import type * as ec2 from "@aws-sdk/client-ec2";
import { doAnalyses, factsOf, insightsNetwork, type InsightsNetwork } from "../../../test/support/insights-network.ts";
import { refused } from "../../../test/support/memory-context.ts";
import { terminateInstances } from "../instance/terminate-instances.ts";
import { modifyInstanceAttribute } from "../instance/modify-instance-attribute.ts";
import { createNetworkAclEntry } from "../network-acl/create-network-acl-entry.ts";
import { createNetworkInsightsPath } from "../network-insights-path/create-network-insights-path.ts";
import { deleteNetworkInsightsPath } from "../network-insights-path/delete-network-insights-path.ts";
import { createNetworkInterface } from "../network-interface/create-network-interface.ts";
import { deleteNetworkInterface } from "../network-interface/delete-network-interface.ts";
import { deleteRoute } from "../route-table/delete-route.ts";
import { revokeSecurityGroupIngress } from "../security-group/revoke-security-group-ingress.ts";
import { deleteNetworkInsightsAnalysis } from "./delete-network-insights-analysis.ts";
import { describeNetworkInsightsAnalyses } from "./describe-network-insights-analyses.ts";
import { startNetworkInsightsAnalysis } from "./start-network-insights-analysis.ts";

const arn = (type: string, id: string): string => `arn:aws:ec2:us-east-1:000000000000:${type}/${id}`;
const path = async (n: InsightsNetwork, extra: object): Promise<string> => (await createNetworkInsightsPath({ Protocol: "tcp", ClientToken: "x", ...extra } as never, n.ctx)).NetworkInsightsPath!.NetworkInsightsPathId!;
const start = async (n: InsightsNetwork, NetworkInsightsPathId: string, extra: object = {}): Promise<string> => (await startNetworkInsightsAnalysis({ NetworkInsightsPathId, ClientToken: "x", ...extra }, n.ctx)).NetworkInsightsAnalysis!.NetworkInsightsAnalysisId!;
const show = async (n: InsightsNetwork, id: string): Promise<ec2.NetworkInsightsAnalysis> => (await describeNetworkInsightsAnalyses({ NetworkInsightsAnalysisIds: [id] }, n.ctx)).NetworkInsightsAnalyses![0]!;
const finish = (n: InsightsNetwork): Promise<void> => doAnalyses(n.ctx, factsOf(n.nat));
const analyze = async (n: InsightsNetwork, NetworkInsightsPathId: string, extra: object = {}): Promise<ec2.NetworkInsightsAnalysis> => {
  const id = await start(n, NetworkInsightsPathId, extra);
  await finish(n);
  return show(n, id);
};
const ids = (components: readonly ec2.PathComponent[] | undefined): (string | undefined)[] => (components ?? []).map((c) => c.Component?.Id);
const codes = (analysis: ec2.NetworkInsightsAnalysis): (string | undefined)[] => (analysis.Explanations ?? []).map((e) => e.ExplanationCode);

test("from the internet gateway to an instance: what was met, in order, with headers where they change, and back", async () => {
  const n = await insightsNetwork();
  const id = await start(n, await path(n, { Source: n.gateway, Destination: n.nat, DestinationPort: 22 }));
  const running = await show(n, id);
  assert.deepEqual([running.Status, running.NetworkPathFound, running.ForwardPathComponents, running.Explanations], ["running", undefined, undefined, undefined]);
  await finish(n);
  const done = await show(n, id);
  assert.deepEqual([done.Status, done.NetworkPathFound, done.Explanations], ["succeeded", true, undefined]);
  const acl = n.ctx.snapshot().list("network-acl").find((a) => a.vpcId === n.vpc)!.id;
  assert.deepEqual(ids(done.ForwardPathComponents), [n.gateway, acl, n.natGroup, n.natInterface, n.nat]);
  assert.deepEqual(ids(done.ReturnPathComponents), [n.nat, n.natInterface, n.natGroup, n.publicTable, acl, n.gateway]);
  assert.deepEqual(done.ForwardPathComponents!.map((c) => c.SequenceNumber), [1, 2, 3, 4, 5]);
  const [gateway, entry, group, eni, instance] = done.ForwardPathComponents!;
  const own = n.ctx.snapshot().get("network-interface", n.natInterface)!.privateAddresses[0]!.address;
  assert.deepEqual(gateway!.InboundHeader!.DestinationAddresses, [`${n.natPublic}/32`]);
  assert.deepEqual([gateway!.InboundHeader!.Protocol, gateway!.InboundHeader!.DestinationPortRanges], ["6", [{ From: 22, To: 22 }]]);
  assert.deepEqual(JSON.parse(JSON.stringify(gateway!.OutboundHeader)), { DestinationAddresses: [`${own}/32`] }, "what the translation changed");
  assert.deepEqual(JSON.parse(JSON.stringify(entry!.AclRule)), { Cidr: "0.0.0.0/0", Egress: false, Protocol: "all", RuleAction: "allow", RuleNumber: 100 });
  assert.deepEqual(JSON.parse(JSON.stringify(group!.SecurityGroupRule)), { Cidr: "0.0.0.0/0", Direction: "ingress", PortRange: { From: 22, To: 22 }, Protocol: "tcp" });
  assert.deepEqual([eni!.Component, eni!.AttachedTo, eni!.Subnet!.Id, eni!.Vpc!.Id, eni!.InboundHeader], [{ Id: n.natInterface, Arn: arn("network-interface", n.natInterface), Name: undefined }, { Id: n.nat, Arn: arn("instance", n.nat), Name: "nat" }, n.publicSubnet, n.vpc, undefined]);
  assert.deepEqual(instance!.InboundHeader!.DestinationAddresses, [`${own}/32`]);
  assert.deepEqual(JSON.parse(JSON.stringify(done.ReturnPathComponents![3]!.RouteTableRoute)), { DestinationCidr: "0.0.0.0/0", GatewayId: n.gateway, Origin: "createroute", State: "active" });
  assert.deepEqual(done.ReturnPathComponents!.at(-1)!.OutboundHeader!.SourceAddresses, [`${n.natPublic}/32`]);
  assert.equal(done.ReturnPathComponents![0]!.OutboundHeader!.SourceAddresses![0], `${own}/32`);
});

test("through the NAT instance: followed, named among the hints, its translation among the details", async () => {
  const n = await insightsNetwork();
  const done = await analyze(n, await path(n, { Source: n.private, Destination: n.gateway, DestinationPort: 80 }));
  assert.equal(done.NetworkPathFound, true);
  assert.deepEqual(done.AlternatePathHints, [{ ComponentId: n.natInterface, ComponentArn: arn("network-interface", n.natInterface) }]);
  const nat = done.ForwardPathComponents!.find((c) => c.Component!.Id === n.nat)!;
  assert.match(nat.AdditionalDetails!.map((d) => d.AdditionalDetailType).join("; "), /forwards by its route .*; .*MASQUERADE: leaves as 10\.0\.0\.\d+/);
  const addressOf = (eni: string): string => `${n.ctx.snapshot().get("network-interface", eni)!.privateAddresses[0]!.address}/32`;
  assert.deepEqual([nat.InboundHeader!.SourceAddresses, JSON.parse(JSON.stringify(nat.OutboundHeader))], [[addressOf(n.privateInterface)], { SourceAddresses: [addressOf(n.natInterface)] }], "before and after its translation");
  const back = done.ReturnPathComponents!.find((c) => c.Component!.Id === n.nat)!;
  assert.deepEqual([back.InboundHeader!.DestinationAddresses, JSON.parse(JSON.stringify(back.OutboundHeader))], [[addressOf(n.natInterface)], { DestinationAddresses: [addressOf(n.privateInterface)] }], "and turned back");
  assert.equal(done.ForwardPathComponents!.at(-1)!.OutboundHeader!.SourceAddresses![0], `${n.natPublic}/32`);
  assert.equal(done.ReturnPathComponents!.at(-1)!.Component!.Id, n.private);
  const unlike = await doAndShowWithoutNat(n);
  assert.deepEqual(codes(unlike), ["GUEST_NAT_MISSING"]);
  assert.deepEqual([unlike.Explanations![0]!.Component!.Id, unlike.Explanations![0]!.Protocols], [n.nat, ["tcp"]]);
  assert.match(unlike.Explanations![0]!.State!, /\w/, "in words");
});
async function doAndShowWithoutNat(n: InsightsNetwork): Promise<ec2.NetworkInsightsAnalysis> {
  const id = await start(n, n.ctx.snapshot().list("network-insights-path")[0]!.id);
  await doAnalyses(n.ctx, factsOf());
  return show(n, id);
}

const own = (n: InsightsNetwork, eni: string, subnet: string) => ({ NetworkInterface: { Id: eni, Arn: arn("network-interface", eni) }, Subnet: { Id: subnet, Arn: arn("subnet", subnet) }, Vpc: { Id: n.vpc, Arn: arn("vpc", n.vpc) } });
const faults: readonly [name: string, break_: (n: InsightsNetwork) => unknown, shape: (n: InsightsNetwork) => object][] = [
  ["the group lets nothing in", (n) => revokeSecurityGroupIngress({ GroupId: n.natGroup, IpPermissions: [{ IpProtocol: "tcp", FromPort: 80, ToPort: 80, IpRanges: [{ CidrIp: "10.0.1.0/24" }] }] }, n.ctx),
    (n) => ({ ExplanationCode: "ENI_SG_RULES_MISMATCH", Direction: "ingress", ...own(n, n.natInterface, n.publicSubnet), SecurityGroups: [{ Id: n.natGroup, Arn: arn("security-group", n.natGroup) }] })],
  ["no route", (n) => deleteRoute({ RouteTableId: n.mainTable, DestinationCidrBlock: "0.0.0.0/0" }, n.ctx),
    (n) => ({ ExplanationCode: "NO_ROUTE_TO_DESTINATION", Destination: { Id: n.gateway, Arn: arn("internet-gateway", n.gateway) }, RouteTable: { Id: n.mainTable, Arn: arn("route-table", n.mainTable) }, MissingComponent: "route", ...own(n, n.privateInterface, n.privateSubnet) })],
  ["the source/destination check is on", (n) => modifyInstanceAttribute({ InstanceId: n.nat, SourceDestCheck: { Value: true } }, n.ctx),
    (n) => ({ ExplanationCode: "ENI_SOURCE_DEST_CHECK_RESTRICTION", Direction: "ingress", PacketField: "destination-address", Address: "192.0.2.80/32", ...own(n, n.natInterface, n.publicSubnet) })],
  ["an ACL denies", (n) => createNetworkAclEntry({ NetworkAclId: n.ctx.snapshot().list("network-acl").find((a) => a.vpcId === n.vpc)!.id, RuleNumber: 50, Egress: false, Protocol: "6", RuleAction: "deny", CidrBlock: "10.0.1.0/24", PortRange: { From: 80, To: 80 } }, n.ctx),
    (n) => { const acl = n.ctx.snapshot().list("network-acl").find((a) => a.vpcId === n.vpc)!.id; return { ExplanationCode: "SUBNET_ACL_RESTRICTION", Direction: "ingress", Acl: { Id: acl, Arn: arn("network-acl", acl) }, AclRule: { Cidr: "10.0.1.0/24", Egress: false, PortRange: { From: 80, To: 80 }, Protocol: "tcp", RuleAction: "deny", RuleNumber: 50 }, Subnet: { Id: n.publicSubnet, Arn: arn("subnet", n.publicSubnet) } }; }],
  ["the NAT instance is stopped", (n) => { n.ctx.write((tx) => tx.put("instance", { ...tx.get("instance", n.nat)!, state: "stopped" })); },
    (n) => ({ ExplanationCode: "BAD_STATE_ROUTE", RouteTable: { Id: n.mainTable, Arn: arn("route-table", n.mainTable) }, RouteTableRoute: { DestinationCidr: "0.0.0.0/0", NetworkInterfaceId: n.natInterface, InstanceId: n.nat, Origin: "createroute", State: "blackhole" }, ...own(n, n.privateInterface, n.privateSubnet) })],
];
for (const [name, break_, shape] of faults) {
  test(`fault: ${name}`, async () => {
    const n = await insightsNetwork();
    const asked = await path(n, { Source: n.privateInterface, Destination: n.gateway, DestinationPort: 80 });
    assert.equal((await analyze(n, asked)).NetworkPathFound, true);
    await break_(n);
    const done = await analyze(n, asked);
    assert.deepEqual([done.Status, done.NetworkPathFound], ["succeeded", false]);
    assert.deepEqual(JSON.parse(JSON.stringify(done.Explanations)), [shape(n)]);
  });
}

test("every independent cause is told", async () => {
  const n = await insightsNetwork();
  await modifyInstanceAttribute({ InstanceId: n.nat, SourceDestCheck: { Value: true } }, n.ctx);
  await revokeSecurityGroupIngress({ GroupId: n.natGroup, IpPermissions: [{ IpProtocol: "tcp", FromPort: 80, ToPort: 80, IpRanges: [{ CidrIp: "10.0.1.0/24" }] }] }, n.ctx);
  assert.deepEqual(codes(await analyze(n, await path(n, { Source: n.private, Destination: n.gateway, DestinationPort: 80 }))).sort(), ["ENI_SG_RULES_MISMATCH", "ENI_SOURCE_DEST_CHECK_RESTRICTION"]);
});

test("filters: on what the way meets, and on the packet at both ends", async () => {
  const n = await insightsNetwork();
  const asked = await path(n, { Source: n.private, Destination: n.gateway, DestinationPort: 80 });
  for (const met of [arn("instance", n.nat), arn("network-interface", n.natInterface), arn("subnet", n.publicSubnet), arn("vpc", n.vpc)]) assert.equal((await analyze(n, asked, { FilterInArns: [met] })).NetworkPathFound, true, met);
  const eni = (await createNetworkInterface({ SubnetId: n.publicSubnet }, n.ctx)).NetworkInterface!.NetworkInterfaceId!;
  const missed = await analyze(n, asked, { FilterInArns: [arn("network-interface", eni)] });
  assert.deepEqual([missed.NetworkPathFound, missed.FilterInArns, missed.Explanations], [false, [arn("network-interface", eni)], [{ ExplanationCode: "COMPONENT_FILTER_RESTRICTION", Component: { Id: eni, Arn: arn("network-interface", eni) } }]]);
  const out = await analyze(n, asked, { FilterOutArns: [arn("instance", n.nat)] });
  assert.deepEqual([out.NetworkPathFound, codes(out)], [false, ["COMPONENT_FILTER_RESTRICTION_REMOVED_COMPONENT"]]);
  const toAddress = { Source: n.private, FilterAtSource: { DestinationAddress: "192.0.2.80", DestinationPortRange: { FromPort: 80, ToPort: 80 } } };
  assert.equal((await analyze(n, await path(n, toAddress))).NetworkPathFound, true);
  assert.equal((await analyze(n, await path(n, { ...toAddress, FilterAtDestination: { SourceAddress: n.natPublic } }))).NetworkPathFound, true);
  assert.deepEqual(codes(await analyze(n, await path(n, { ...toAddress, FilterAtDestination: { SourceAddress: "203.0.113.1" } }))), ["FILTER_AT_DESTINATION_SOURCE_ADDRESS"]);
});

test("ends that are gone, or lead nowhere", async () => {
  const n = await insightsNetwork();
  const eni = (await createNetworkInterface({ SubnetId: n.publicSubnet }, n.ctx)).NetworkInterface!.NetworkInterfaceId!;
  const toEni = await path(n, { Source: n.gateway, Destination: eni }), toPrivate = await path(n, { Source: n.gateway, Destination: n.private }), toGateway = await path(n, { Source: n.private, Destination: n.gateway });
  await deleteNetworkInterface({ NetworkInterfaceId: eni }, n.ctx);
  const gone = await analyze(n, toEni);
  assert.deepEqual([gone.Status, gone.NetworkPathFound, JSON.parse(JSON.stringify(gone.Explanations))], ["succeeded", false, [{ ExplanationCode: "NO_SOURCE_OR_DESTINATION", Component: { Id: eni, Arn: arn("network-interface", eni) } }]]);
  const hidden = await analyze(n, toPrivate);
  assert.equal(codes(hidden)[0], "IGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS", "the internet cannot reach what has no public address");
  assert.deepEqual([hidden.Explanations![0]!.MissingComponent, hidden.Explanations![0]!.NetworkInterface!.Id], ["public-address", n.privateInterface]);
  await terminateInstances({ InstanceIds: [n.private] }, n.ctx);
  n.ctx.write((tx) => { tx.put("instance", { ...tx.get("instance", n.private)!, state: "terminated" }); tx.delete("network-interface", n.privateInterface); });
  assert.deepEqual(codes(await analyze(n, toGateway)), ["UNASSOCIATED_COMPONENT"]);
});

test("describe: by path, by times, by filters, page by page; delete", async () => {
  const n = await insightsNetwork();
  const [a, b] = [await path(n, { Source: n.gateway, Destination: n.nat, DestinationPort: 22 }), await path(n, { Source: n.gateway, Destination: n.nat, DestinationPort: 23 })];
  const first = await start(n, a, { TagSpecifications: [{ ResourceType: "network-insights-analysis", Tags: [{ Key: "a", Value: "b" }] }] });
  await finish(n);
  n.ctx.advance(60_000);
  const second = await start(n, b);
  const list = async (input: object) => (await describeNetworkInsightsAnalyses(input, n.ctx)).NetworkInsightsAnalyses!.map((x) => x.NetworkInsightsAnalysisId);
  assert.deepEqual(await list({ Filters: [{ Name: "status", Values: ["running"] }] }), [second]);
  await finish(n);
  assert.deepEqual(await list({ NetworkInsightsPathId: a }), [first]);
  assert.deepEqual(await list({ Filters: [{ Name: "path-found", Values: ["true"] }] }), [first]);
  assert.deepEqual(await list({ Filters: [{ Name: "path-found", Values: ["false"] }] }), [second]);
  assert.deepEqual(await list({ Filters: [{ Name: "tag:a", Values: ["b"] }] }), [first]);
  assert.deepEqual(await list({ AnalysisStartTime: new Date(n.ctx.now().getTime() - 1000) }), [second]);
  assert.deepEqual(await list({ AnalysisEndTime: new Date(n.ctx.now().getTime() - 1000) }), [first]);
  const page = await describeNetworkInsightsAnalyses({ MaxResults: 1 }, n.ctx);
  assert.deepEqual(await list({ MaxResults: 1, NextToken: page.NextToken }), [second]);
  await refused(n.ctx, () => deleteNetworkInsightsPath({ NetworkInsightsPathId: a }, n.ctx), "AnalysisExistsForNetworkInsightsPath", /Delete them/);
  assert.deepEqual(await deleteNetworkInsightsAnalysis({ NetworkInsightsAnalysisId: first }, n.ctx), { NetworkInsightsAnalysisId: first });
  await deleteNetworkInsightsPath({ NetworkInsightsPathId: a }, n.ctx);
});

test("deleted while it runs: nobody asks any more", async () => {
  const n = await insightsNetwork();
  const id = await start(n, await path(n, { Source: n.gateway, Destination: n.nat, DestinationPort: 22 }));
  const doing = doAnalyses(n.ctx, factsOf(n.nat));
  await deleteNetworkInsightsAnalysis({ NetworkInsightsAnalysisId: id }, n.ctx);
  await doing;
  assert.equal(n.ctx.snapshot().list("network-insights-analysis").length, 0);
});

test("more than are done at once, all of them get done", async () => {
  const n = await insightsNetwork();
  const asked = await path(n, { Source: n.gateway, Destination: n.nat, DestinationPort: 22 });
  const started = await Promise.all(Array.from({ length: 20 }, () => start(n, asked)));
  await finish(n);
  assert.deepEqual((await describeNetworkInsightsAnalyses({ NetworkInsightsAnalysisIds: started }, n.ctx)).NetworkInsightsAnalyses!.map((a) => [a.Status, a.NetworkPathFound]), started.map(() => ["succeeded", true]));
});

test("refusals of analyses", async () => {
  const n = await insightsNetwork({ quotas: { "concurrent-network-insights-analyses": 1, "network-insights-analyses": 2 } });
  const asked = await path(n, { Source: n.gateway, Destination: n.nat });
  const rows: readonly [object, string, RegExp][] = [
    [{ NetworkInsightsPathId: "nip-00000000000000000" }, "InvalidNetworkInsightsPathId.NotFound", /nip-0/],
    [{ NetworkInsightsPathId: "x" }, "InvalidNetworkInsightsPathId.Malformed", /x/],
    [{ AdditionalAccounts: ["111122223333"] }, "UnsupportedOperation", /AdditionalAccounts/],
    [{ FilterInArns: ["nonsense"] }, "InvalidParameterValue", /Expecting an ARN/],
    [{ FilterInArns: [arn("instance", "i-00000000000000000")] }, "InvalidParameterValue", /does not exist/],
    [{ FilterOutArns: [arn("vpc", n.nat)] }, "InvalidParameterValue", /does not exist/],
    [{ FilterInArns: [arn("vpc", n.vpc)], FilterOutArns: [arn("vpc", n.vpc)] }, "InvalidParameterCombination", /FilterOutArns/],
    [{ TagSpecifications: [{ ResourceType: "vpc", Tags: [] }] }, "InvalidParameterValue", /taggable/],
  ];
  for (const [change, code, words] of rows) await refused(n.ctx, () => start(n, asked, change), code, words);
  await start(n, asked);
  await refused(n.ctx, () => start(n, asked), "NetworkInsightsAnalysis.LimitExceeded", /maximum number/);
  await finish(n);
  await start(n, asked);
  await finish(n);
  await refused(n.ctx, () => start(n, asked), "NetworkInsightsAnalysis.LimitExceeded", /maximum number/);
  await refused(n.ctx, () => describeNetworkInsightsAnalyses({ NetworkInsightsAnalysisIds: ["nia-00000000000000000"] }, n.ctx), "InvalidNetworkInsightsAnalysisId.NotFound", /nia-0/);
  await refused(n.ctx, () => describeNetworkInsightsAnalyses({ NetworkInsightsPathId: "nip-00000000000000000" }, n.ctx), "InvalidNetworkInsightsPathId.NotFound");
  await refused(n.ctx, () => deleteNetworkInsightsAnalysis({ NetworkInsightsAnalysisId: "nia-00000000000000000" }, n.ctx), "InvalidNetworkInsightsAnalysisId.NotFound");
});
