// Owns that every operation with a ClientToken answers the same call with the same answer and makes nothing twice, and refuses another
// body (EC2 API reference, "Ensuring idempotency"), through the real SDK against the operations themselves (no kernel).

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import * as sdk from "@aws-sdk/client-ec2";
import { serviceNamed } from "../../src/wire/model.ts";
import { offeredOperations, operationsIn } from "../../src/wire/operations.ts";
import { WireServer } from "../support/wire.ts";

const withToken = offeredOperations(operationsIn()).filter((o) => o.service === "ec2").map((o) => o.name).filter((name) => serviceNamed("ec2")!.operation(name)!.input.members.some((m) => m.name === "ClientToken"));

let server: WireServer, ec2: sdk.EC2Client;
type Output = Record<string, unknown>;
const send = async (name: string, input: object): Promise<Output> => {
  const { $metadata, ...output } = (await ec2.send(new (sdk as unknown as Record<string, new (input: object) => never>)[`${name}Command`]!(input))) as unknown as Output;
  assert.ok($metadata);
  return output;
};
/** Operation -> a body, and another. */
let bodies: Readonly<Record<string, readonly [object, object]>>;

before(async () => {
  server = await WireServer.ofBox();
  ec2 = new sdk.EC2Client({ endpoint: server.endpoint, region: "us-east-1", credentials: { accessKeyId: "test", secretAccessKey: "secret" }, maxAttempts: 1 });
  const VpcId = (await ec2.send(new sdk.CreateVpcCommand({ CidrBlock: "10.0.0.0/16" }))).Vpc!.VpcId!;
  const SubnetId = (await ec2.send(new sdk.CreateSubnetCommand({ VpcId, CidrBlock: "10.0.0.0/24" }))).Subnet!.SubnetId!;
  const ImageId = server.store.snapshot().list("image", "us-east-1")[0]!.id;
  const run = { ImageId, InstanceType: "t3.micro", SubnetId, MinCount: 1, MaxCount: 1 } as const;
  const [a, b] = await Promise.all([1, 2].map(async () => (await ec2.send(new sdk.RunInstancesCommand(run))).Instances![0]!.InstanceId!));
  server.store.write((tx) => { for (const i of tx.list("instance")) tx.put("instance", { ...i, state: "running" }); });
  await send("CreateLaunchTemplate", { LaunchTemplateName: "there", LaunchTemplateData: { InstanceType: "t3.micro" } });
  await send("CreateLaunchTemplateVersion", { LaunchTemplateName: "there", LaunchTemplateData: { InstanceType: "t3.nano" } });
  const path = (await ec2.send(new sdk.CreateNetworkInsightsPathCommand({ Source: a, Destination: b, Protocol: "tcp", ClientToken: "path" }))).NetworkInsightsPath!.NetworkInsightsPathId;
  const match = (ResourceTypes: string[]) => [{ Source: { ResourceStatement: { ResourceTypes } } }];
  const scope = (await send("CreateNetworkInsightsAccessScope", { MatchPaths: match(["AWS::EC2::InternetGateway"]), ClientToken: "scope" })).NetworkInsightsAccessScope as sdk.NetworkInsightsAccessScope;
  const tags = (ResourceType: string): object => ({ TagSpecifications: [{ ResourceType, Tags: [{ Key: "a", Value: "b" }] }] });
  const flowLog = { ResourceIds: [VpcId], ResourceType: "VPC", TrafficType: "ALL", LogDestinationType: "s3", LogDestination: "arn:aws:s3:::tokens" };
  const image = { SourceImageId: ImageId, SourceRegion: "us-east-1" };
  const insights = { NetworkInsightsPathId: path }, scoped = { NetworkInsightsAccessScopeId: scope.NetworkInsightsAccessScopeId };
  bodies = {
    CopyImage: [{ ...image, Name: "copy" }, { ...image, Name: "other" }],
    CreateFlowLogs: [flowLog, { ...flowLog, TrafficType: "REJECT" }],
    CreateLaunchTemplate: [{ LaunchTemplateName: "token", LaunchTemplateData: { InstanceType: "t3.micro" } }, { LaunchTemplateName: "other", LaunchTemplateData: { InstanceType: "t3.micro" } }],
    CreateLaunchTemplateVersion: [{ LaunchTemplateName: "there", LaunchTemplateData: { InstanceType: "t3.small" } }, { LaunchTemplateName: "there", LaunchTemplateData: { InstanceType: "t3.nano" } }],
    CreateManagedPrefixList: [{ PrefixListName: "one", MaxEntries: 2, AddressFamily: "IPv4" }, { PrefixListName: "two", MaxEntries: 2, AddressFamily: "IPv4" }],
    CreateNatGateway: [{ SubnetId, ConnectivityType: "private" }, { SubnetId, ConnectivityType: "private", PrivateIpAddress: "10.0.0.200" }],
    CreateNetworkAcl: [{ VpcId }, { VpcId, ...tags("network-acl") }],
    CreateNetworkInsightsAccessScope: [{ MatchPaths: match(["AWS::EC2::InternetGateway"]) }, { MatchPaths: match(["AWS::EC2::NetworkInterface"]) }],
    CreateNetworkInsightsPath: [{ Source: a, Destination: b, Protocol: "udp" }, { Source: b, Destination: a, Protocol: "udp" }],
    CreateNetworkInterface: [{ SubnetId }, { SubnetId, Description: "other" }],
    CreateRouteTable: [{ VpcId }, { VpcId, ...tags("route-table") }],
    ModifyInstanceCreditSpecification: [{ InstanceCreditSpecifications: [{ InstanceId: a, CpuCredits: "unlimited" }] }, { InstanceCreditSpecifications: [{ InstanceId: a, CpuCredits: "standard" }] }],
    ModifyLaunchTemplate: [{ LaunchTemplateName: "there", DefaultVersion: "2" }, { LaunchTemplateName: "there", DefaultVersion: "1" }],
    RunInstances: [run, { ...run, MaxCount: 2 }],
    StartNetworkInsightsAccessScopeAnalysis: [scoped, { ...scoped, ...tags("network-insights-access-scope-analysis") }],
    StartNetworkInsightsAnalysis: [insights, { ...insights, ...tags("network-insights-analysis") }],
  };
});
after(async () => {
  ec2.destroy();
  await server.close();
});

test("a client token: the same answer and nothing new, another body refused, in each operation that has one", async () => {
  assert.deepEqual(Object.keys(bodies).sort(), [...withToken].sort(), "every one of them");
  const wrong: string[] = [];
  for (const [name, [body, other]] of Object.entries(bodies)) {
    const ClientToken = `token-${name}`, first = await send(name, { ...body, ClientToken }), { revision } = server.store.snapshot();
    try { assert.deepEqual(await send(name, { ...body, ClientToken }), first); } catch (error) { wrong.push(`${name}, again: ${(error as Error).message}`); }
    const refusal = await send(name, { ...other, ClientToken }).then(() => "answered", (error: Error) => error.name);
    if (refusal !== "IdempotentParameterMismatch") wrong.push(`${name}, another body: ${refusal}`);
    if (server.store.snapshot().revision !== revision) wrong.push(`${name}: something was written`);
    const fresh = await send(name, { ...other, ClientToken: `${ClientToken}-2` }).then(() => "", (error: Error) => error.name);
    if (fresh !== "") wrong.push(`${name}, another token: ${fresh}`);
  }
  assert.deepEqual(wrong, []);
});

test("20 calls at once with one token make one thing", async () => {
  const VpcId = server.store.snapshot().list("vpc", "us-east-1")[0]!.id;
  const answers = await Promise.all(Array.from({ length: 20 }, () => send("CreateRouteTable", { VpcId, ClientToken: "at-once" })));
  assert.equal(new Set(answers.map((a) => (a.RouteTable as sdk.RouteTable).RouteTableId)).size, 1);
});

test("a token is its region's and its operation's", async () => {
  const VpcId = server.store.snapshot().list("vpc", "us-east-1")[0]!.id;
  await send("CreateRouteTable", { VpcId, ClientToken: "shared" });
  await send("CreateNetworkAcl", { VpcId, ClientToken: "shared" });
  await assert.rejects(send("CreateRouteTable", { VpcId, ClientToken: "x".repeat(65) }), { name: "InvalidParameterValue" });
});
