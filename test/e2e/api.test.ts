// Owns what clients meet of a running box's API beside its operations: what AWS makes by itself in every region, API versions of all
// years, many connections at once, and clients that are slow to ask or to read.

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import {
  DescribeInternetGatewaysCommand, DescribeNetworkAclsCommand, DescribeRegionsCommand, DescribeRouteTablesCommand, DescribeSecurityGroupsCommand, DescribeSubnetsCommand, DescribeVpcsCommand, EC2Client,
} from "@aws-sdk/client-ec2";
import { Box } from "../support/box.ts";
import { kernelLeftovers } from "../support/kernel-leftovers.ts";
import { signedPost } from "../support/sign.ts";

const box = new Box();
before(() => box.up("--access-key", "test:secret"));
after(async () => {
  await box.remove();
  assert.deepEqual(await kernelLeftovers(box), []);
});

const clientIn = (region: string): EC2Client => new EC2Client({ endpoint: box.endpoint, region, credentials: { accessKeyId: "test", secretAccessKey: "secret" }, maxAttempts: 1 });

test("every region begins with a default VPC: subnets in each zone, gateway, main table with the way out, default group and ACL", async () => {
  const first = clientIn("us-east-1"), ids = new Set<string>();
  const regions = (await first.send(new DescribeRegionsCommand({ AllRegions: true }))).Regions!.map((r) => r.RegionName!);
  first.destroy();
  assert.ok(regions.length >= 15 && regions.includes("ap-northeast-1"));
  for (const region of regions) {
    const ec2 = clientIn(region);
    try {
      const { Vpcs } = await ec2.send(new DescribeVpcsCommand({}));
      assert.deepEqual(Vpcs!.map((v) => [v.IsDefault, v.CidrBlock]), [[true, "172.31.0.0/16"]], region);
      const VpcId = Vpcs![0]!.VpcId!, Filters = [{ Name: "vpc-id", Values: [VpcId] }];
      ids.add(VpcId);
      const { Subnets } = await ec2.send(new DescribeSubnetsCommand({ Filters }));
      assert.deepEqual(Subnets!.map((s) => [s.AvailabilityZone, s.CidrBlock, s.DefaultForAz, s.MapPublicIpOnLaunch]), ["a", "b", "c"].map((zone, i) => [`${region}${zone}`, `172.31.${i * 16}.0/20`, true, true]), region);
      const { InternetGateways } = await ec2.send(new DescribeInternetGatewaysCommand({ Filters: [{ Name: "attachment.vpc-id", Values: [VpcId] }] }));
      const { RouteTables } = await ec2.send(new DescribeRouteTablesCommand({ Filters }));
      assert.deepEqual(RouteTables!.map((t) => [t.Associations!.map((a) => a.Main), t.Routes!.map((r) => [r.DestinationCidrBlock, r.GatewayId, r.State])]),
        [[[true], [["172.31.0.0/16", "local", "active"], ["0.0.0.0/0", InternetGateways![0]!.InternetGatewayId, "active"]]]], region);
      const { SecurityGroups } = await ec2.send(new DescribeSecurityGroupsCommand({ Filters }));
      assert.deepEqual(SecurityGroups!.map((g) => [g.GroupName, g.IpPermissions!.map((p) => [p.IpProtocol, p.UserIdGroupPairs!.map((u) => u.GroupId)]), g.IpPermissionsEgress!.map((p) => [p.IpProtocol, p.IpRanges!.map((r) => r.CidrIp)])]),
        [["default", [["-1", [SecurityGroups![0]!.GroupId]]], [["-1", ["0.0.0.0/0"]]]]], region);
      const { NetworkAcls } = await ec2.send(new DescribeNetworkAclsCommand({ Filters }));
      assert.deepEqual(NetworkAcls!.map((a) => [a.IsDefault, a.Associations!.length]), [[true, 3]], region);
    } finally {
      ec2.destroy();
    }
  }
  assert.equal(ids.size, regions.length, "each its own");
});

const port = (): number => Number(new URL(box.endpoint).port);
/** A connection, and what came on it until its end. */
function dial(): { readonly socket: Socket; readonly text: Promise<string> } {
  const socket = connect(port(), "127.0.0.1");
  let text = "";
  return { socket, text: new Promise((resolve, reject) => { socket.setEncoding("utf8").on("data", (chunk) => { text += chunk; }).on("end", () => resolve(text)).on("error", reject); }) };
}
const ask = (body: string): Promise<string> => { const { socket, text } = dial(); socket.write(signedPost("ec2", body)); return text; };

test("operations answer in the namespace of whatever version is asked for, refusals in EC2's form; a version that is none is refused", async () => {
  for (const version of ["2006-06-26", "2009-11-30", "2014-10-01", "2016-11-15", "2099-01-01"]) {
    assert.match(await ask(`Action=DescribeVpcs&Version=${version}`), new RegExp(`^HTTP/1.1 200 [^]*<DescribeVpcsResponse xmlns="http://ec2.amazonaws.com/doc/${version}/"><requestId>`));
    assert.match(await ask(`Action=DescribeVpcs&VpcId.1=vpc-0123456789abcdef0&Version=${version}`), /^HTTP\/1.1 400 [^]*<Response><Errors><Error><Code>InvalidVpcID.NotFound<\/Code><Message>[^<]+<\/Message><\/Error><\/Errors><RequestID>[0-9a-f-]{36}<\/RequestID><\/Response>$/);
  }
  for (const version of ["", "latest", "2016-11-15/", "%3Cb%3E"]) assert.match(await ask(`Action=DescribeVpcs&Version=${version}`), /^HTTP\/1.1 400 [^]*content-type: text\/xml[^]*<Code>NoSuchVersion<\/Code>/i);
});

test("500 connections at once are all answered, among 100 that are slow to ask", { timeout: 120_000 }, async () => {
  const request = signedPost("ec2", "Action=DescribeVpcs&Version=2016-11-15");
  const slow = Array.from({ length: 100 }, () => dial()), [inHeaders, inBody] = [100, request.indexOf("\r\n\r\n") + 10];
  for (const [i, { socket }] of slow.entries()) socket.write(request.subarray(0, i % 2 ? inBody : inHeaders));
  const many = Array.from({ length: 500 }, () => dial());
  await Promise.all(many.map(({ socket }) => once(socket, "connect")));
  for (const { socket } of many) socket.write(request);
  for (const text of await Promise.all(many.map((m) => m.text))) assert.match(text, /^HTTP\/1.1 200 [^]*<\/DescribeVpcsResponse>$/);
  for (const [i, { socket }] of slow.entries()) socket.write(request.subarray(i % 2 ? inBody : inHeaders));
  for (const [i, { text }] of slow.entries()) assert.match(await text, i % 2 ? /^HTTP\/1.1 200 [^]*<\/DescribeVpcsResponse>$/ : /^HTTP\/1.1 (200 [^]*<\/DescribeVpcsResponse>|408 [^]*<\/Response>)$/); // headers have ten seconds
});

test("clients that do not read what they asked for keep nobody waiting", { timeout: 120_000 }, async () => {
  const body = "Action=DescribeInstanceTypes&Version=2016-11-15", whole = (await ask(body)).length;
  const deaf = Array.from({ length: 50 }, () => dial());
  for (const { socket } of deaf) {
    socket.pause();
    for (let i = 0; i < 20; i++) socket.write(signedPost("ec2", body).toString().replace("connection: close\r\n", "")); // pipelined: more than the kernel holds for it
  }
  for (let i = 0; i < 20; i++) assert.match(await ask("Action=DescribeVpcs&Version=2016-11-15"), /<\/DescribeVpcsResponse>$/);
  assert.ok(whole > 10_000);
  for (const { socket } of deaf) socket.destroy();
});
