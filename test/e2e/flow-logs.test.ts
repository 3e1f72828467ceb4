// Owns flow logs on a whole box, from packets to the files that a user reads (VPC user guide, "Flow log record examples"). The box's
// minutes are half seconds here.

import { spawn } from "node:child_process";
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import {
  CreateFlowLogsCommand, CreateNatGatewayCommand, CreateNetworkAclCommand, CreateNetworkAclEntryCommand, DeleteFlowLogsCommand, DescribeFlowLogsCommand, DescribeNetworkAclsCommand, DescribeNetworkInterfacesCommand,
  ReplaceNetworkAclAssociationCommand, waitUntilNatGatewayAvailable, type CreateFlowLogsRequest, type NetworkInterface,
} from "@aws-sdk/client-ec2";
import { Box, cli, until } from "../support/box.ts";
import { kernelLeftovers } from "../support/kernel-leftovers.ts";
import { buildNatNetwork, findImage, type NatNetwork } from "../support/nat-network.ts";

const box = new Box();
let n: NatNetwork, natAddress: string;
const role = "arn:aws:iam::000000000000:role/logs";
const interfaceOf = async (filter: string, id: string): Promise<NetworkInterface> => (await box.ec2.send(new DescribeNetworkInterfacesCommand({ Filters: [{ Name: filter, Values: [id] }] }))).NetworkInterfaces![0]!;
async function createLog(ResourceType: CreateFlowLogsRequest["ResourceType"], resource: string, TrafficType: "ACCEPT" | "REJECT" | "ALL", more: Partial<CreateFlowLogsRequest>): Promise<string> {
  return (await box.ec2.send(new CreateFlowLogsCommand({ ResourceType, ResourceIds: [resource], TrafficType, MaxAggregationInterval: 60, ...more }))).FlowLogIds![0]!;
}
const deleteLogs = (...FlowLogIds: string[]): Promise<unknown> => box.ec2.send(new DeleteFlowLogsCommand({ FlowLogIds }));
const formatOf = (...fields: string[]): string => fields.map((f) => `\${${f}}`).join(" ");
const toBucket = (bucket: string, ...fields: string[]): Partial<CreateFlowLogsRequest> => ({ LogDestinationType: "s3", LogDestination: `arn:aws:s3:::${bucket}`, ...(fields.length > 0 ? { LogFormat: formatOf(...fields) } : {}) });
/** Lines below a folder of STATE/flow-logs, without headers. */
function linesIn(folder: string): string[] {
  let files: string[];
  try {
    files = readdirSync(join(box.stateDir, "flow-logs", folder), { recursive: true, withFileTypes: true }).filter((f) => f.isFile()).map((f) => join(f.parentPath, f.name));
  } catch {
    return []; // nothing was delivered yet
  }
  assert.deepEqual(files.filter((file) => !/\/[^./][^/]*\.log(\.gz)?$/.test(file) && !file.endsWith(".part")), []);
  return files.filter((file) => !file.endsWith(".part")).flatMap((file) => (file.endsWith(".gz") ? gunzipSync(readFileSync(file)).toString().trimEnd().split("\n").slice(1) : readFileSync(file, "utf8").trimEnd().split("\n")));
}
const found = (folder: string, ...wanted: string[]): Promise<true> => until(`${wanted.join(" and ")} in ${folder}: ${linesIn(folder).join("\n")}`, async () => (wanted.every((line) => linesIn(folder).includes(line)) ? true : undefined), 15_000);
/** An instance pings once. */
const pings = async (from: string, to: string): Promise<boolean> => (await box.exec(from, "ping", "-n", "-c", "1", "-W", "1", to)).status === 0;

before(async () => {
  await box.up("--time-scale", "120");
  n = await buildNatNetwork(box, await findImage(box, "amzn-ami-vpc-nat-*"));
  natAddress = (await interfaceOf("attachment.instance-id", n.nat)).PrivateIpAddress!;
});
after(async () => {
  await box.remove();
  assert.deepEqual(await kernelLeftovers(box), []);
});

test("through the NAT instance: a VPC's log has both interfaces, and the packet's addresses beside the interface's", async () => {
  const log = await createLog("VPC", n.vpc, "ALL", toBucket("vpc/net", "instance-id", "srcaddr", "dstaddr", "pkt-srcaddr", "pkt-dstaddr", "protocol", "packets", "bytes", "action", "flow-direction", "traffic-path", "az-id"));
  assert.equal(await pings(n.private, "192.0.2.80"), true);
  const own = n.privateAddress, nat = natAddress, web = "192.0.2.80", zone = "use1-az1";
  await found("vpc/net/AWSLogs/000000000000/vpcflowlogs/us-east-1",
    `${n.private} ${own} ${web} ${own} ${web} 1 1 84 ACCEPT egress 1 ${zone}`,
    `${n.nat} ${own} ${nat} ${own} ${web} 1 1 84 ACCEPT ingress - ${zone}`,
    `${n.nat} ${nat} ${web} ${nat} ${web} 1 1 84 ACCEPT egress 8 ${zone}`,
    `${n.nat} ${web} ${nat} ${web} ${nat} 1 1 84 ACCEPT ingress - ${zone}`,
    `${n.nat} ${nat} ${own} ${web} ${own} 1 1 84 ACCEPT egress 1 ${zone}`,
    `${n.private} ${web} ${own} ${web} ${own} 1 1 84 ACCEPT ingress - ${zone}`);
  const { FlowLogs } = await box.ec2.send(new DescribeFlowLogsCommand({ FlowLogIds: [log] }));
  assert.deepEqual(FlowLogs!.map((f) => [f.FlowLogStatus, f.DeliverLogsStatus]), [["ACTIVE", "SUCCESS"]]);
  await deleteLogs(log);
  const before = linesIn("vpc").filter((line) => line.includes("ACCEPT")).length;
  assert.equal(await pings(n.private, "192.0.2.80"), true);
  await createLog("NetworkInterface", n.privateInterface, "ALL", toBucket("later", "srcaddr", "protocol", "packets", "action"));
  assert.equal(await pings(n.private, "192.0.2.80"), true);
  await found("later", `${n.privateAddress} 1 1 ACCEPT`, "192.0.2.80 1 1 ACCEPT");
  assert.equal(linesIn("vpc").filter((line) => line.includes("ACCEPT")).length, before, "a deleted log gets nothing more");
});

test("a subnet's REJECT log in a log group's streams; DNS and metadata are not logged", async () => {
  const log = await createLog("Subnet", n.publicSubnet, "REJECT", { LogGroupName: "/net/rejects", DeliverLogsPermissionArn: role, LogFormat: formatOf("srcaddr", "dstaddr", "dstport", "protocol", "action", "tcp-flags") });
  const every = await createLog("Subnet", n.publicSubnet, "ALL", toBucket("all", "dstaddr", "dstport", "action"));
  await box.exec(n.private, "timeout", "1", "bash", "-c", `echo > /dev/tcp/${natAddress}/8080`);
  await box.exec(n.nat, "bash", "-c", "getent hosts ietf.org; echo > /dev/tcp/169.254.169.254/80");
  assert.equal(await pings(n.private, natAddress), true);
  await found(`CloudWatchLogs/us-east-1/%2Fnet%2Frejects/${n.natInterface}-reject`, `${n.privateAddress} ${natAddress} 8080 6 REJECT 2`);
  await found("all", `${natAddress} 8080 REJECT`, `${natAddress} 0 ACCEPT`);
  assert.deepEqual(linesIn("all").filter((line) => line.startsWith("169.254.") || / 53 /.test(line)), []);
  await deleteLogs(log, every);
});

test("AWS's ping: the group lets it in, the ACL does not let its answer out", async () => {
  const { NetworkAcl } = await box.ec2.send(new CreateNetworkAclCommand({ VpcId: n.vpc })), NetworkAclId = NetworkAcl!.NetworkAclId!;
  const entry = { NetworkAclId, CidrBlock: "0.0.0.0/0", RuleNumber: 100, RuleAction: "allow", Protocol: "-1" } as const;
  await box.ec2.send(new CreateNetworkAclEntryCommand({ ...entry, Egress: false }));
  await box.ec2.send(new CreateNetworkAclEntryCommand({ ...entry, Egress: true }));
  await box.ec2.send(new CreateNetworkAclEntryCommand({ ...entry, Egress: true, RuleNumber: 1, RuleAction: "deny", Protocol: "1", IcmpTypeCode: { Type: -1, Code: -1 } }));
  const [usual] = (await box.ec2.send(new DescribeNetworkAclsCommand({ Filters: [{ Name: "association.subnet-id", Values: [n.publicSubnet] }] }))).NetworkAcls!;
  const AssociationId = usual!.Associations!.find((a) => a.SubnetId === n.publicSubnet)!.NetworkAclAssociationId!;
  const { NewAssociationId } = await box.ec2.send(new ReplaceNetworkAclAssociationCommand({ AssociationId, NetworkAclId }));
  const log = await createLog("NetworkInterface", n.natInterface, "ALL", toBucket("ping"));
  assert.equal(await pings(n.private, natAddress), false);
  const wanted = [`${n.natInterface} ${n.privateAddress} ${natAddress} 0 0 1 1 84 T T ACCEPT OK`, `${n.natInterface} ${natAddress} ${n.privateAddress} 0 0 1 1 84 T T REJECT OK`].map((line) => `2 000000000000 ${line}`);
  await until(`two records: ${linesIn("ping").join("\n")}`, async () => {
    const lines = linesIn("ping").map((line) => line.replace(/ \d{10} \d{10} /, " T T "));
    return wanted.every((line) => lines.includes(line)) ? true : undefined;
  });
  await until("an interval without traffic", async () => (linesIn("ping").some((line) => /^2 000000000000 eni-\w+ - - - - - - - \d{10} \d{10} - NODATA$/.test(line)) ? true : undefined));
  await box.ec2.send(new ReplaceNetworkAclAssociationCommand({ AssociationId: NewAssociationId!, NetworkAclId: usual!.NetworkAclId! }));
  await deleteLogs(log);
});

test("the command lists where records are, prints them, and follows", async () => {
  const log = await createLog("NetworkInterface", n.privateInterface, "ACCEPT", toBucket("told", "srcaddr", "dstaddr", "bytes"));
  const listed = JSON.parse((await box.vpcbox("flow-logs", log, "--json")).stdout) as { flowLogs: { id: string; folder: string }[] };
  assert.deepEqual(listed.flowLogs.map((f) => [f.id, f.folder]), [[log, join(box.stateDir, "flow-logs/told/AWSLogs/000000000000/vpcflowlogs/us-east-1")]]);
  const follower = spawn(cli, ["--box", box.name, "flow-logs", log, "--follow"], { stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  follower.stdout.on("data", (data: Buffer) => { text += data.toString(); });
  const line = `192.0.2.80 ${n.privateAddress} 84`;
  try {
    await until(`"${line}" followed`, async () => {
      if (text.includes(line)) return true;
      await pings(n.private, "192.0.2.80"); // the follower may not have begun at the first
      return undefined;
    });
  } finally {
    follower.kill("SIGINT");
  }
  const records = (await box.vpcbox("flow-logs", log, "--records")).stdout.split("\n");
  assert.ok(records.includes(line) && !records.some((r) => r.includes("bytes")));
  assert.match((await box.vpcbox("flow-logs")).stdout, new RegExp(`${log}  ${n.privateInterface}  ACCEPT  s3  us-east-1\n  \\d+ files?, \\d+ bytes, in /`));
  const unknown = await box.vpcbox("flow-logs", "fl-0");
  assert.deepEqual([unknown.status, unknown.stderr], [1, 'vpcbox: there is no flow log "fl-0"; list them with: vpcbox flow-logs\n']);
  await deleteLogs(log);
});

test("a NAT gateway's interface", async () => {
  const { NatGateway } = await box.ec2.send(new CreateNatGatewayCommand({ SubnetId: n.publicSubnet, ConnectivityType: "private" })), id = NatGateway!.NatGatewayId!;
  await waitUntilNatGatewayAvailable({ client: box.ec2, minDelay: 1, maxDelay: 1, maxWaitTime: 20 }, { NatGatewayIds: [id] });
  const gate = await interfaceOf("attachment.nat-gateway-id", id);
  await createLog("NetworkInterface", gate.NetworkInterfaceId!, "ALL", toBucket("gate", "instance-id", "srcaddr", "dstaddr", "pkt-dstaddr", "action", "flow-direction"));
  await box.exec(n.private, "ping", "-n", "-c", "1", "-W", "1", gate.PrivateIpAddress!);
  await found("gate", `- ${n.privateAddress} ${gate.PrivateIpAddress} ${gate.PrivateIpAddress} ACCEPT ingress`);
});

test("kill -9 leaves no half file, and what the kernel has accounted meanwhile is delivered by the next daemon; down delivers the last packets", async () => {
  await createLog("NetworkInterface", n.privateInterface, "ALL", toBucket("killed", "srcaddr", "dstaddr", "dstport", "packets"));
  await box.exec(n.private, "bash", "-c", "echo x > /dev/udp/192.0.2.80/7001"); // delivered or not: one interval may be lost
  process.kill(box.pid, "SIGKILL");
  const exec = (await box.vpcbox("status")).status;
  assert.notEqual(exec, 0);
  await box.up("--time-scale", "120");
  await box.exec(n.private, "bash", "-c", "echo x > /dev/udp/192.0.2.80/7002");
  await found("killed", `${n.privateAddress} 192.0.2.80 7002 1`);
  await box.exec(n.private, "bash", "-c", "echo x > /dev/udp/192.0.2.80/7003");
  const down = await box.vpcbox("down");
  assert.equal(down.status, 0, down.stderr);
  assert.ok(linesIn("killed").includes(`${n.privateAddress} 192.0.2.80 7003 1`), linesIn("killed").join("\n"));
  const files = readdirSync(join(box.stateDir, "flow-logs"), { recursive: true, encoding: "utf8" });
  assert.deepEqual(files.filter((file) => file.endsWith(".part")), []);
});
