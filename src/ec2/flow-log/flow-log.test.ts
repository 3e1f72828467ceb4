// Owns the conversations of flow logs as records.

import { test } from "node:test";
import assert from "node:assert/strict";
import { refused, smallNetwork, type SmallNetwork } from "../../../test/support/memory-context.ts";
import { defaultFlowLogFormat, flowLogFields, readFlowLogFormat } from "../../model/flow-log-format.ts";
import { createNetworkInterface } from "../network-interface/create-network-interface.ts";
import { deleteNetworkInterface } from "../network-interface/delete-network-interface.ts";
import { createFlowLogs } from "./create-flow-logs.ts";
import { deleteFlowLogs } from "./delete-flow-logs.ts";
import { describeFlowLogs } from "./describe-flow-logs.ts";

const bucket = "arn:aws:s3:::logs/net/";
const create = (n: SmallNetwork, extra: object = {}) => createFlowLogs({ ResourceType: "VPC", ResourceIds: [n.vpc], TrafficType: "ALL", LogDestinationType: "s3", LogDestination: bucket, ...extra }, n.ctx);

test("create, describe, filter, page, delete", async () => {
  const n = smallNetwork();
  const eni = (await createNetworkInterface({ SubnetId: n.publicSubnet }, n.ctx)).NetworkInterface!.NetworkInterfaceId!;
  const { FlowLogIds: [vpcLog], Unsuccessful } = await create(n, { TagSpecifications: [{ ResourceType: "vpc-flow-log", Tags: [{ Key: "a", Value: "b" }] }], DestinationOptions: { PerHourPartition: true } }) as { FlowLogIds: string[]; Unsuccessful: object[] };
  assert.match(vpcLog!, /^fl-0[0-9a-f]{16}$/);
  assert.deepEqual(Unsuccessful, []);
  const group = { ResourceType: "Subnet" as const, LogDestinationType: undefined, LogDestination: undefined, LogGroupName: "net", DeliverLogsPermissionArn: "arn:aws:iam::000000000000:role/logs" };
  const { FlowLogIds: subnetLogs } = await create(n, { ...group, ResourceIds: [n.publicSubnet, n.privateSubnet], TrafficType: "REJECT", MaxAggregationInterval: 60, LogFormat: "${srcaddr}  ${action} ${pkt-srcaddr}" });
  await create(n, { ...group, ResourceType: "NetworkInterface", ResourceIds: [eni], LogGroupName: undefined, LogDestination: "arn:aws:logs:us-east-1:000000000000:log-group:by-arn" });
  const { FlowLogs: all } = await describeFlowLogs({}, n.ctx);
  assert.deepEqual(all![0], {
    FlowLogId: vpcLog, FlowLogStatus: "ACTIVE", ResourceId: n.vpc, TrafficType: "ALL", LogDestinationType: "s3", LogDestination: bucket, LogGroupName: undefined, LogFormat: defaultFlowLogFormat, MaxAggregationInterval: 600,
    DeliverLogsPermissionArn: undefined, DeliverLogsStatus: "SUCCESS", DeliverLogsErrorMessage: undefined, DestinationOptions: { FileFormat: "plain-text", HiveCompatiblePartitions: false, PerHourPartition: true }, CreationTime: n.ctx.now(), Tags: [{ Key: "a", Value: "b" }],
  });
  assert.deepEqual([all![1]!.LogFormat, all![1]!.MaxAggregationInterval, all![1]!.LogGroupName, all![1]!.LogDestinationType], ["${srcaddr} ${action} ${pkt-srcaddr}", 60, "net", "cloud-watch-logs"]);
  assert.equal(all![3]!.LogGroupName, "by-arn");
  const found = async (Name: string, ...Values: string[]) => (await describeFlowLogs({ Filter: [{ Name, Values }] }, n.ctx)).FlowLogs!.length;
  assert.deepEqual([await found("resource-id", n.vpc, eni), await found("traffic-type", "REJECT"), await found("log-destination-type", "s3"), await found("log-group-name", "net"), await found("flow-log-id", vpcLog!), await found("deliver-log-status", "SUCCESS"), await found("tag:a", "b"), await found("tag-key", "z")],
    [2, 2, 1, 2, 1, 4, 1, 0]);
  const first = await describeFlowLogs({ MaxResults: 3 }, n.ctx);
  assert.equal((await describeFlowLogs({ MaxResults: 3, NextToken: first.NextToken }, n.ctx)).FlowLogs!.length, 1);
  assert.deepEqual(await deleteFlowLogs({ FlowLogIds: subnetLogs! }, n.ctx), { Unsuccessful: [] });
  await deleteNetworkInterface({ NetworkInterfaceId: eni }, n.ctx);
  assert.deepEqual((await describeFlowLogs({}, n.ctx)).FlowLogs!.map((f) => f.FlowLogId), [vpcLog], "a flow log goes with what it watches");
});

test("the same one twice, unknown resources, the quota: those are left out, and none left is a refusal", async () => {
  const n = smallNetwork({ quotas: { "flow-logs-per-resource": 2 } });
  await create(n);
  const exists = "Error. There is an existing Flow Log with the same configuration and log destination.";
  await refused(n.ctx, () => create(n), "FlowLogAlreadyExists", exists);
  await create(n, { TrafficType: "REJECT" });
  await refused(n.ctx, () => create(n, { TrafficType: "ACCEPT" }), "FlowLogsLimitExceeded", /maximum number/);
  await refused(n.ctx, () => create(n, { ResourceIds: ["vpc-00000000000000000"] }), "InvalidVpcID.NotFound", "The vpc ID 'vpc-00000000000000000' does not exist");
  const home = n.ctx.snapshot().list("vpc").find((v) => v.isDefault)!.id;
  const mixed = await create(n, { ResourceIds: [home, n.vpc, "vpc-00000000000000000"] });
  assert.equal(mixed.FlowLogIds!.length, 1);
  assert.deepEqual(mixed.Unsuccessful, [{ ResourceId: n.vpc, Error: { Code: "FlowLogAlreadyExists", Message: exists } }, { ResourceId: "vpc-00000000000000000", Error: { Code: "InvalidVpcID.NotFound", Message: "The vpc ID 'vpc-00000000000000000' does not exist" } }]);
});

test("refusals of flow logs", async () => {
  const n = smallNetwork();
  const rows: [object, string, string | RegExp][] = [
    [{ ResourceType: "TransitGateway" }, "UnsupportedOperation", /TransitGateway/],
    [{ ResourceIds: [] }, "MissingParameter", /ResourceId/],
    [{ TrafficType: undefined }, "MissingParameter", /TrafficType/],
    [{ LogGroupName: "x" }, "InvalidParameter", "Please only provide LogGroupName or only provide LogDestination."],
    [{ LogGroupName: "x", LogDestination: undefined }, "InvalidParameter", "LogDestination type must be cloud-watch-logs if LogGroupName is provided."],
    [{ LogDestination: undefined }, "InvalidParameter", "LogDestination can't be empty if LogGroupName is not provided."],
    [{ LogDestination: "arn:aws:logs:us-east-1:000000000000:log-group:x" }, "InvalidParameter", /not a valid ARN/],
    [{ LogDestination: "arn:aws:s3:::logs/AWSLogs/" }, "InvalidParameter", /AWSLogs/],
    [{ LogDestinationType: "cloud-watch-logs", LogDestination: undefined, LogGroupName: "x" }, "InvalidParameter", "DeliverLogsPermissionArn can't be empty if LogDestinationType is cloud-watch-logs."],
    [{ LogDestinationType: "cloud-watch-logs", LogDestination: undefined, LogGroupName: "x", DeliverLogsPermissionArn: "role" }, "InvalidParameter", /role/],
    [{ LogDestinationType: "kinesis-data-firehose", LogDestination: "arn:aws:firehose:us-east-1:000000000000:deliverystream/s" }, "UnsupportedOperation", /kinesis-data-firehose/],
    [{ LogDestinationType: "cloud-watch-logs", LogDestination: undefined, LogGroupName: "x", DeliverLogsPermissionArn: "arn:aws:iam::000000000000:role/x", DestinationOptions: {} }, "InvalidParameter", /DestinationOptions/],
    [{ DestinationOptions: { FileFormat: "parquet" } }, "UnsupportedOperation", "The parameter FileFormat with value parquet is not supported."],
    [{ MaxAggregationInterval: 30 }, "InvalidParameter", "Invalid Flow Log Max Aggregation Interval"],
    [{ LogFormat: "${srcaddr} ${nothing}" }, "InvalidParameter", /LogFormat/],
    [{ LogFormat: "" }, "InvalidParameter", /LogFormat/],
    [{ LogFormat: "${srcaddr} ${srcaddr}" }, "InvalidParameter", /repeated/],
    [{ DeliverCrossAccountRole: "arn:aws:iam::000000000000:role/x" }, "UnsupportedOperation", /DeliverCrossAccountRole/],
    [{ TagSpecifications: [{ ResourceType: "vpc", Tags: [] }] }, "InvalidParameterValue", /taggable/],
  ];
  for (const [change, code, words] of rows) await refused(n.ctx, () => create(n, change), code, words);
  const unknown = ["fl-00000000000000000", "fl-00000000000000001"];
  const words = `These flow log ids in the input list are not found: [TotalCount: 2] ${unknown.join(" ")}`;
  await refused(n.ctx, () => describeFlowLogs({ FlowLogIds: unknown }, n.ctx), "InvalidFlowLogId.NotFound", words);
  const { FlowLogIds } = await create(n);
  await refused(n.ctx, () => deleteFlowLogs({ FlowLogIds: [...FlowLogIds!, ...unknown] }, n.ctx), "InvalidFlowLogId.NotFound", words);
  await refused(n.ctx, () => deleteFlowLogs({ FlowLogIds: [] }, n.ctx), "MissingParameter", /FlowLogId/);
});

test("the format: AWS's fields, and version 2 by default", () => {
  assert.equal(Object.keys(flowLogFields).length, 42);
  assert.equal(defaultFlowLogFormat, "${version} ${account-id} ${interface-id} ${srcaddr} ${dstaddr} ${srcport} ${dstport} ${protocol} ${packets} ${bytes} ${start} ${end} ${action} ${log-status}");
  assert.deepEqual(readFlowLogFormat(" ${bytes}  ${action} "), ["bytes", "action"]);
  for (const bad of ["", "bytes", "${bytes}${action}", "${constructor}"]) assert.equal(readFlowLogFormat(bad), undefined, bad);
});
