// Owns analyses whose end is a peering connection, and of ways through one: forward and return components with the VPCs on either side.

import { test } from "node:test";
import assert from "node:assert/strict";
import type * as ec2 from "@aws-sdk/client-ec2";
import { boot } from "../../../test/support/memory-context.ts";
import { doAnalyses, factsOf, insightsNetwork, type InsightsNetwork } from "../../../test/support/insights-network.ts";
import { mainRouteTable } from "../../model/routing.ts";
import { runInstances } from "../instance/run-instances.ts";
import { createNetworkInsightsPath } from "../network-insights-path/create-network-insights-path.ts";
import { createRoute } from "../route-table/create-route.ts";
import { authorizeSecurityGroupIngress } from "../security-group/authorize-security-group-ingress.ts";
import { createSubnet } from "../subnet/create-subnet.ts";
import { createVpc } from "../vpc/create-vpc.ts";
import { acceptVpcPeeringConnection } from "../vpc-peering-connection/accept-vpc-peering-connection.ts";
import { createVpcPeeringConnection } from "../vpc-peering-connection/create-vpc-peering-connection.ts";
import { describeNetworkInsightsAnalyses } from "./describe-network-insights-analyses.ts";
import { startNetworkInsightsAnalysis } from "./start-network-insights-analysis.ts";

interface Peered extends InsightsNetwork { readonly otherVpc: string; readonly other: string; readonly peering: string }

/** A second VPC with an instance, joined to the first, whose private instance lets SSH in from there; routes both ways. */
async function peered(): Promise<Peered> {
  const n = await insightsNetwork();
  const otherVpc = (await createVpc({ CidrBlock: "10.1.0.0/16" }, n.ctx)).Vpc!.VpcId!;
  const SubnetId = (await createSubnet({ VpcId: otherVpc, CidrBlock: "10.1.0.0/24" }, n.ctx)).Subnet!.SubnetId!;
  const peering = (await createVpcPeeringConnection({ VpcId: n.vpc, PeerVpcId: otherVpc }, n.ctx)).VpcPeeringConnection!.VpcPeeringConnectionId!;
  await acceptVpcPeeringConnection({ VpcPeeringConnectionId: peering }, n.ctx);
  await createRoute({ RouteTableId: n.mainTable, DestinationCidrBlock: "10.1.0.0/16", VpcPeeringConnectionId: peering }, n.ctx);
  await createRoute({ RouteTableId: mainRouteTable(n.ctx.snapshot(), n.ctx.region, otherVpc).id, DestinationCidrBlock: "10.0.0.0/16", VpcPeeringConnectionId: peering }, n.ctx);
  await authorizeSecurityGroupIngress({ GroupId: n.privateGroup, IpPermissions: [{ IpProtocol: "tcp", FromPort: 22, ToPort: 22, IpRanges: [{ CidrIp: "10.1.0.0/16" }] }] }, n.ctx);
  const other = (await runInstances({ ImageId: n.ctx.snapshot().list("image", n.ctx.region)[0]!.id, MinCount: 1, MaxCount: 1, InstanceType: "t3.micro", SubnetId }, n.ctx)).Instances![0]!.InstanceId!;
  boot(n.ctx, other);
  return { ...n, otherVpc, other, peering };
}

async function analyze(n: Peered, ends: { readonly Source: string; readonly Destination: string }): Promise<ec2.NetworkInsightsAnalysis> {
  const NetworkInsightsPathId = (await createNetworkInsightsPath({ Protocol: "tcp", DestinationPort: 22, ClientToken: "x", ...ends }, n.ctx)).NetworkInsightsPath!.NetworkInsightsPathId!;
  const id = (await startNetworkInsightsAnalysis({ NetworkInsightsPathId, ClientToken: "x" }, n.ctx)).NetworkInsightsAnalysis!.NetworkInsightsAnalysisId!;
  await doAnalyses(n.ctx, factsOf(n.nat));
  return (await describeNetworkInsightsAnalyses({ NetworkInsightsAnalysisIds: [id] }, n.ctx)).NetworkInsightsAnalyses![0]!;
}
const ids = (components: readonly ec2.PathComponent[] | undefined): (string | undefined)[] => (components ?? []).map((c) => c.Component?.Id);
const vpcs = (components: readonly ec2.PathComponent[] | undefined, peering: string): unknown => (components ?? []).filter((c) => c.Component?.Id === peering).map((c) => [c.SourceVpc?.Id, c.DestinationVpc?.Id]);

test("out of a peering connection to an instance, and its answer back into it", async () => {
  const n = await peered();
  const done = await analyze(n, { Source: n.peering, Destination: n.private });
  assert.deepEqual([done.NetworkPathFound, done.Explanations], [true, undefined]);
  assert.deepEqual([ids(done.ForwardPathComponents)[0], ids(done.ForwardPathComponents).at(-1)], [n.peering, n.private]);
  assert.deepEqual([ids(done.ReturnPathComponents)[0], ids(done.ReturnPathComponents).at(-1)], [n.private, n.peering]);
  assert.deepEqual([vpcs(done.ForwardPathComponents, n.peering), vpcs(done.ReturnPathComponents, n.peering)], [[[n.otherVpc, n.vpc]], [[n.vpc, n.otherVpc]]]);
  const { OutboundHeader } = done.ForwardPathComponents![0]!;
  assert.match(OutboundHeader!.SourceAddresses![0]!, /^10\.1\./, "from the peer's block");
});

test("an instance into a peering connection; through it to an instance of the peer, and back", async () => {
  const n = await peered();
  const into = await analyze(n, { Source: n.private, Destination: n.peering });
  assert.deepEqual([into.NetworkPathFound, ids(into.ForwardPathComponents)[0], ids(into.ForwardPathComponents).at(-1)], [true, n.private, n.peering]);
  const group = n.ctx.snapshot().list("network-interface").find((eni) => eni.attachment?.instanceId === n.other)!.groupIds[0]!;
  await authorizeSecurityGroupIngress({ GroupId: group, IpPermissions: [{ IpProtocol: "tcp", FromPort: 22, ToPort: 22, UserIdGroupPairs: [{ GroupId: n.privateGroup }] }] }, n.ctx);
  const through = await analyze(n, { Source: n.private, Destination: n.other });
  assert.deepEqual([through.NetworkPathFound, vpcs(through.ForwardPathComponents, n.peering), vpcs(through.ReturnPathComponents, n.peering)], [true, [[n.vpc, n.otherVpc]], [[n.otherVpc, n.vpc]]]);
  assert.equal(through.ForwardPathComponents!.find((c) => c.Component!.Id === group)!.SecurityGroupRule!.SecurityGroupId, n.privateGroup, "the rule that names the peer's group");
});

test("no route back into the peering connection: on the way back, at that table", async () => {
  const n = await peered();
  n.ctx.write((tx) => { const table = tx.get("route-table", n.mainTable)!; tx.put("route-table", { ...table, routes: table.routes.filter((route) => route.target.kind !== "peering") }); });
  const done = await analyze(n, { Source: n.peering, Destination: n.private });
  assert.equal(done.NetworkPathFound, false);
  assert.ok(done.ForwardPathComponents!.length > 0 && ids(done.ForwardPathComponents).at(-1) === n.private, "it got there");
  assert.deepEqual(done.Explanations!.map((e) => [e.ExplanationCode, e.RouteTable?.Id, e.MissingComponent]), [["NO_ROUTE_TO_DESTINATION", n.mainTable, "route"]], "not the NAT instance's group, to which the default route led it");
});
