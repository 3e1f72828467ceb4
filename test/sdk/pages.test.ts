// Owns pages as every operation with a NextToken has them, through the real SDK against the operations themselves (no kernel): together
// they are the whole list in its order, a token stays good when records go, and one that was not given is refused.

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import * as sdk from "@aws-sdk/client-ec2";
import { serviceNamed } from "../../src/wire/model.ts";
import { offeredOperations, operationsIn } from "../../src/wire/operations.ts";
import { WireServer } from "../support/wire.ts";

const COUNT = 7; // of each kind: two pages of five
const shapeOf = (name: string) => serviceNamed("ec2")!.operation(name)!;
const paged = offeredOperations(operationsIn()).filter((o) => o.service === "ec2").map((o) => o.name).filter((name) => shapeOf(name).input.members.some((m) => m.name === "NextToken"));

let server: WireServer, ec2: sdk.EC2Client;
let vpcId: string, subnetId: string, listId: string, instanceIds: string[];
type Output = Record<string, unknown>;
const send = (name: string, input: object): Promise<Output> => ec2.send(new (sdk as unknown as Record<string, new (input: object) => never>)[`${name}Command`]!(input)) as unknown as Promise<Output>;

before(async () => {
  server = await WireServer.ofBox();
  ec2 = new sdk.EC2Client({ endpoint: server.endpoint, region: "us-east-1", credentials: { accessKeyId: "test", secretAccessKey: "secret" }, maxAttempts: 1 });
  vpcId = (await ec2.send(new sdk.CreateVpcCommand({ CidrBlock: "10.0.0.0/16" }))).Vpc!.VpcId!;
  subnetId = (await ec2.send(new sdk.CreateSubnetCommand({ VpcId: vpcId, CidrBlock: "10.0.0.0/20" }))).Subnet!.SubnetId!;
  const image = server.store.snapshot().list("image", "us-east-1")[0]!.id;
  const launched = await ec2.send(new sdk.RunInstancesCommand({ ImageId: image, InstanceType: "t3.micro", SubnetId: subnetId, MinCount: COUNT, MaxCount: COUNT, TagSpecifications: [{ ResourceType: "instance", Tags: [{ Key: "Name", Value: "page" }] }] }));
  instanceIds = launched.Instances!.map((i) => i.InstanceId!);
  server.store.write((tx) => { for (const i of tx.list("instance")) tx.put("instance", { ...i, state: "running" }); });
  const list = await ec2.send(new sdk.CreateManagedPrefixListCommand({ PrefixListName: "page", MaxEntries: COUNT, AddressFamily: "IPv4", Entries: Array.from({ length: COUNT }, (_, i) => ({ Cidr: `10.${i}.0.0/16` })) }));
  listId = list.PrefixList!.PrefixListId!;
  for (let n = 0; n < COUNT; n++) {
    const vpc = (await ec2.send(new sdk.CreateVpcCommand({ CidrBlock: `10.${n + 1}.0.0/16` }))).Vpc!.VpcId!;
    await send("CreateVpcPeeringConnection", { VpcId: vpcId, PeerVpcId: vpc });
    await send("CreateSubnet", { VpcId: vpc, CidrBlock: `10.${n + 1}.0.0/24` });
    await send("CreateRouteTable", { VpcId: vpcId });
    await send("CreateInternetGateway", {});
    await send("CreateNetworkAcl", { VpcId: vpcId });
    const group = (await send("CreateSecurityGroup", { GroupName: `page-${n}`, Description: "page", VpcId: vpcId })).GroupId;
    await send("AuthorizeSecurityGroupIngress", { GroupId: group, IpPermissions: [{ IpProtocol: "tcp", FromPort: 80, ToPort: 80, PrefixListIds: [{ PrefixListId: listId }] }] });
    await send("CreateDhcpOptions", { DhcpConfigurations: [{ Key: "domain-name", Values: [`page-${n}`] }] });
    await send("CreateManagedPrefixList", { PrefixListName: `page-${n}`, MaxEntries: 1, AddressFamily: "IPv4" });
    await send("CreateLaunchTemplate", { LaunchTemplateName: `page-${n}`, LaunchTemplateData: { InstanceType: "t3.micro" } });
    if (n > 0) await send("CreateLaunchTemplateVersion", { LaunchTemplateName: "page-0", LaunchTemplateData: { InstanceType: "t3.nano" } });
    await send("CreateNatGateway", { SubnetId: subnetId, ConnectivityType: "private" });
    await send("CreateNetworkInsightsPath", { Source: instanceIds[0], Destination: instanceIds[n] === instanceIds[0] ? instanceIds[1] : instanceIds[n], Protocol: "tcp", DestinationPort: 1000 + n });
    await send("CreateNetworkInsightsAccessScope", { MatchPaths: [{ Source: { ResourceStatement: { ResourceTypes: ["AWS::EC2::InternetGateway"] } } }] });
    await send("CreateSubnetCidrReservation", { SubnetId: subnetId, ReservationType: "explicit", Cidr: `10.0.1.${n * 16}/28` });
    await send("CreateFlowLogs", { ResourceIds: [vpc], ResourceType: "VPC", TrafficType: "ALL", LogDestinationType: "s3", LogDestination: "arn:aws:s3:::page" });
    const address = await send("AllocateAddress", {});
    await send("ModifyAddressAttribute", { AllocationId: address.AllocationId, DomainName: `page-${n}.example.com` });
  }
});
after(async () => {
  ec2.destroy();
  await server.close();
});

/** What an operation needs beside its page. */
const inputOf = (name: string): object => ({
  DescribeLaunchTemplateVersions: { LaunchTemplateName: "page-0" }, DescribeStaleSecurityGroups: { VpcId: vpcId }, GetManagedPrefixListAssociations: { PrefixListId: listId }, GetManagedPrefixListEntries: { PrefixListId: listId },
  GetSecurityGroupsForVpc: { VpcId: vpcId }, GetSubnetCidrReservations: { SubnetId: subnetId }, GetNetworkInsightsAccessScopeAnalysisFindings: undefined, DescribeAddressesAttribute: { Attribute: "domain-name" },
})[name] ?? {};
const listOf = (name: string, output: Output): unknown[] => {
  const list = output[shapeOf(name).output.members.find((m) => m.shape.kind === "list")!.name] as unknown[] | undefined ?? [];
  return name === "DescribeInstances" ? (list as sdk.Reservation[]).flatMap((r) => r.Instances!.map((i) => i.InstanceId)) : list; // a reservation may stand on two pages
};

test("pages of every operation that has them are the whole list, in its order", async () => {
  const severalPages: string[] = [], wrong: string[] = [];
  for (const name of paged.filter((n) => n !== "GetNetworkInsightsAccessScopeAnalysisFindings" && shapeOf(n).input.members.some((m) => m.name === "MaxResults"))) {
    const whole: unknown[] = [], pages: unknown[] = [];
    let token: string | undefined, count = 0;
    do { // of instance types a page has a hundred unless asked otherwise
      const output = await send(name, { ...inputOf(name), NextToken: token });
      whole.push(...listOf(name, output));
      token = output.NextToken as string | undefined;
    } while (token !== undefined);
    do {
      const output = await send(name, { ...inputOf(name), MaxResults: 5, NextToken: token }), page = listOf(name, output);
      if (page.length > 5) wrong.push(`${name}: a page of ${page.length}`);
      pages.push(...page);
      token = output.NextToken as string | undefined;
      count++;
    } while (token !== undefined);
    if (count !== Math.max(1, Math.ceil(whole.length / 5))) wrong.push(`${name}: ${count} pages of ${whole.length}`);
    try { assert.deepEqual(pages, whole); } catch { wrong.push(`${name}: pages are not the list`); }
    if (count > 1) severalPages.push(name);
  }
  assert.deepEqual(wrong, []);
  assert.ok(severalPages.length >= 30, `only ${severalPages.length} had several pages: ${severalPages.join(" ")}`);
});

test("a token is good for the rest though the last record given, and some before it, have gone", async () => {
  const { SecurityGroups, NextToken } = await ec2.send(new sdk.DescribeSecurityGroupsCommand({ Filters: [{ Name: "group-name", Values: ["page-*"] }], MaxResults: 5 }));
  const all = (await ec2.send(new sdk.DescribeSecurityGroupsCommand({ Filters: [{ Name: "group-name", Values: ["page-*"] }] }))).SecurityGroups!.map((g) => g.GroupId);
  for (const group of SecurityGroups!.slice(2)) await send("DeleteSecurityGroup", { GroupId: group.GroupId });
  const rest = await ec2.send(new sdk.DescribeSecurityGroupsCommand({ Filters: [{ Name: "group-name", Values: ["page-*"] }], MaxResults: 5, NextToken }));
  assert.deepEqual(rest.SecurityGroups!.map((g) => g.GroupId), all.slice(5));

  const tags = await ec2.send(new sdk.DescribeTagsCommand({ MaxResults: 5 }));
  assert.equal(tags.Tags!.length, 5);
  await send("DeleteTags", { Resources: tags.Tags!.map((t) => t.ResourceId), Tags: [{ Key: "Name" }] });
  const more = await ec2.send(new sdk.DescribeTagsCommand({ MaxResults: 5, NextToken: tags.NextToken }));
  assert.deepEqual(more.Tags!.map((t) => t.ResourceId), instanceIds.slice(5));
});

test("a token that was changed, or that another list gave, is refused", async () => {
  const token = (await ec2.send(new sdk.DescribeSubnetsCommand({ MaxResults: 5 }))).NextToken!;
  const refused = (NextToken: string) => assert.rejects(ec2.send(new sdk.DescribeSubnetsCommand({ MaxResults: 5, NextToken })), { name: "InvalidNextToken" }, NextToken);
  for (let i = 0; i < token.length; i++) await refused(token.slice(0, i) + (token[i] === "A" ? "B" : "A") + token.slice(i + 1));
  await refused(token.slice(0, -4));
  await refused(`${token}AAAA`);
  for (const other of ["DescribeRouteTables", "DescribeSecurityGroupRules", "DescribeInstanceTypes"]) await refused((await send(other, { MaxResults: 5 })).NextToken as string);
  assert.equal((await ec2.send(new sdk.DescribeSubnetsCommand({ MaxResults: 100, NextToken: token }))).NextToken, undefined, "itself is good");
});

test("MaxResults has bounds, and stands beside no ids where AWS refuses that", async () => {
  await assert.rejects(send("DescribeSubnets", { MaxResults: 4 }), { name: "InvalidParameterValue", message: "Value ( 4 ) for parameter maxResults is invalid. Expecting a value greater than 5." });
  await assert.rejects(send("DescribeSubnets", { MaxResults: 1001 }), { name: "InvalidParameterValue" });
  const volume = server.store.snapshot().list("volume", "us-east-1")[0]!.id;
  for (const [name, input, parameter] of [["DescribeInstances", { InstanceIds: [instanceIds[0]] }, "instancesSet"], ["DescribeVolumes", { VolumeIds: [volume] }, "volumeSet"]] as const)
    await assert.rejects(send(name, { ...input, MaxResults: 5 }), { name: "InvalidParameterCombination", message: `The parameter ${parameter} cannot be used with the parameter maxResults` });
  await assert.rejects(send("DescribeVpcs", { VpcIds: [vpcId], MaxResults: 5 }), { name: "InvalidParameterCombination", message: "The parameter VpcIds cannot be used with the parameter MaxResults" });
  assert.equal(listOf("DescribeSubnets", await send("DescribeSubnets", { SubnetIds: [subnetId], MaxResults: 5 })).length, 1);
});
