// Owns the lines of AWS's own examples (VPC user guide, "Flow log record examples"), and where files are.

import { test } from "node:test";
import assert from "node:assert/strict";
import { parseCidr, parseIp } from "../lib/ip.ts";
import { defaultFlowLogFormat, flowLogFields } from "../model/flow-log-format.ts";
import type { FlowAccount } from "../datapath/flow-accounts.ts";
import type { FlowLog } from "../model/records.ts";
import type { InterfaceFacts } from "./interface-facts.ts";
import { bucketFile, folderOf, streamFile } from "./places.ts";
import { lineWriter } from "./record-line.ts";

const facts: InterfaceFacts = { id: "eni-1235b8ca123456789", vpcId: "vpc-abcdefab012345678", subnetId: "subnet-aaaaaaaa012345678", instanceId: "i-01234567890123456", region: "us-east-1", zoneId: "use1-az1", primaryAddress: "10.0.0.71", nitro: true, farBlocks: [parseCidr("10.9.0.0/16")!] };
const flow = (source: string, destination: string, more: Partial<FlowAccount> = {}): FlowAccount => ({
  port: 16, source: parseIp(source)!, destination: parseIp(destination)!, sourcePort: 34210, destinationPort: 80, protocol: 6, egress: false, rejected: false, path: 0, packets: 14, bytes: 15044, firstMs: 1616729292000, lastMs: 1616729349999, tcpFlags: 19, ...more,
});
const one = (format: string, record: FlowAccount, of: Partial<InterfaceFacts> = {}): string => lineWriter(format, "123456789012").line({ ...facts, ...of }, record);
const format = (names: string): string => names.split(" ").map((name) => `\${${name}}`).join(" ");

test("the default format, and records of nothing", () => {
  const { header, line } = lineWriter(defaultFlowLogFormat, "123456789010");
  assert.equal(header, "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status");
  assert.equal(line({ ...facts, primaryAddress: "172.31.16.21" }, flow("172.31.16.139", "172.31.16.21", { sourcePort: 20641, destinationPort: 22, packets: 20, bytes: 4249 })), "2 123456789010 eni-1235b8ca123456789 172.31.16.139 172.31.16.21 20641 22 6 20 4249 1616729292 1616729349 ACCEPT OK");
  assert.match(line(facts, flow("1.2.3.4", "10.0.0.71", { rejected: true })), / REJECT OK$/);
  for (const status of ["NODATA", "SKIPDATA"] as const) assert.equal(line(facts, { status, startMs: 1431280876000, endMs: 1431280934000 }), `2 123456789010 eni-1235b8ca123456789 - - - - - - - 1431280876 1431280934 - ${status}`);
});

test("a NAT gateway's four lines: its own end by its own address, the packet's beside it", () => {
  const names = format("instance-id interface-id srcaddr dstaddr pkt-srcaddr pkt-dstaddr"), of = { instanceId: undefined, primaryAddress: "10.0.0.220" };
  assert.deepEqual([
    one(names, flow("10.0.1.5", "203.0.113.5"), of), one(names, flow("10.0.0.220", "203.0.113.5", { egress: true }), of), one(names, flow("203.0.113.5", "10.0.0.220"), of), one(names, flow("203.0.113.5", "10.0.1.5", { egress: true }), of),
  ], [
    "- eni-1235b8ca123456789 10.0.1.5 10.0.0.220 10.0.1.5 203.0.113.5", "- eni-1235b8ca123456789 10.0.0.220 203.0.113.5 10.0.0.220 203.0.113.5",
    "- eni-1235b8ca123456789 203.0.113.5 10.0.0.220 203.0.113.5 10.0.0.220", "- eni-1235b8ca123456789 10.0.0.220 10.0.1.5 203.0.113.5 10.0.1.5",
  ]);
});

test("every field of versions 3 to 5; a later version's are \"-\"; the version is the highest field's", () => {
  const names = format("version srcaddr dstaddr srcport dstport protocol start end type packets bytes account-id vpc-id subnet-id instance-id interface-id region az-id sublocation-type sublocation-id action tcp-flags pkt-srcaddr pkt-dstaddr pkt-src-aws-service pkt-dst-aws-service traffic-path flow-direction log-status");
  const ids = "123456789012 vpc-abcdefab012345678 subnet-aaaaaaaa012345678 i-01234567890123456 eni-1235b8ca123456789 us-east-1 use1-az1 - -";
  assert.equal(one(names, flow("203.0.113.9", "10.0.0.71")), `5 203.0.113.9 10.0.0.71 34210 80 6 1616729292 1616729349 IPv4 14 15044 ${ids} ACCEPT 19 203.0.113.9 10.0.0.71 EC2 - - ingress OK`);
  assert.equal(one(names, flow("10.0.0.71", "192.0.2.81", { egress: true, path: 8, tcpFlags: 3 })), `5 10.0.0.71 192.0.2.81 34210 80 6 1616729292 1616729349 IPv4 14 15044 ${ids} ACCEPT 3 10.0.0.71 192.0.2.81 - AMAZON 8 egress OK`);
  for (const [path, to, of, shown] of [[8, "1.2.3.4", {}, "8"], [8, "1.2.3.4", { nitro: false }, "2"], [8, "1.2.3.4", { nitro: false, instanceId: undefined }, "8"], [4, "10.8.0.1", {}, "4"], [4, "10.9.0.1", {}, "5"], [1, "10.0.1.1", {}, "1"], [0, "10.0.1.1", {}, "-"]] as const)
    assert.equal(one("${traffic-path}", flow("10.0.0.71", to, { egress: true, path }), of), shown, `${path} ${to}`);
  const every = lineWriter(format(Object.keys(flowLogFields).join(" ")), "123456789012").line(facts, flow("1.2.3.4", "10.0.0.71")).split(" ");
  assert.deepEqual([every.length, every[0], every.slice(-13)], [42, "10", Array(13).fill("-")]);
  assert.equal(one("${version} ${type}", flow("1.2.3.4", "10.0.0.71")), "3 IPv4");
});

const record = (more: Partial<FlowLog>): FlowLog => ({ id: "fl-1234abcd", region: "us-east-1", index: 20, tags: {}, createdAt: "", resourceId: "vpc-1", trafficType: "ALL", logDestinationType: "s3", logDestination: "arn:aws:s3:::bucket", logFormat: "", maxAggregationIntervalSeconds: 60, ...more });

test("AWS's layout of a bucket: prefix, hours, Hive", () => {
  const at = new Date("2018-06-20T16:20:31Z"), file = (more: Partial<FlowLog>): string => bucketFile(record(more), "123456789012", at, "fe123456");
  const options = (hiveCompatiblePartitions: boolean, perHourPartition: boolean) => ({ logDestination: "arn:aws:s3:::bucket/net/work/", destinationOptions: { fileFormat: "plain-text", hiveCompatiblePartitions, perHourPartition } }) as const;
  const name = "123456789012_vpcflowlogs_us-east-1_fl-1234abcd_20180620T1620Z_fe123456.log.gz";
  assert.equal(file({}), `bucket/AWSLogs/123456789012/vpcflowlogs/us-east-1/2018/06/20/${name}`);
  assert.equal(file(options(false, true)), `bucket/net/work/AWSLogs/123456789012/vpcflowlogs/us-east-1/2018/06/20/16/${name}`);
  assert.equal(file(options(true, false)), `bucket/net/work/AWSLogs/aws-account-id=123456789012/aws-service=vpcflowlogs/aws-region=us-east-1/year=2018/month=06/day=20/${name}`);
  assert.equal(file(options(true, true)), `bucket/net/work/AWSLogs/aws-account-id=123456789012/aws-service=vpcflowlogs/aws-region=us-east-1/year=2018/month=06/day=20/hour=16/${name}`);
});

test("no name leads out of the folder", () => {
  assert.equal(folderOf(record({ logDestination: "arn:aws:s3:::bucket/../..//./a\nb" }), "1"), "bucket/%2E%2E/%2E%2E/%2E/a%0Ab/AWSLogs/1/vpcflowlogs/us-east-1");
  const group = (logGroupName: string): string => folderOf(record({ logDestinationType: "cloud-watch-logs", logDestination: undefined, logGroupName }), "1");
  assert.deepEqual([group(".."), group("/aws/vpc"), group("a#b")], ["CloudWatchLogs/us-east-1/%2E%2E", "CloudWatchLogs/us-east-1/%2Faws%2Fvpc", "CloudWatchLogs/us-east-1/a#b"]);
  assert.equal(streamFile(record({ logDestinationType: "cloud-watch-logs", logGroupName: "net", trafficType: "REJECT" }), "1", "eni-1", new Date("2018-06-20T16:20:31Z")), "CloudWatchLogs/us-east-1/net/eni-1-reject/2018-06-20T16Z.log");
});
