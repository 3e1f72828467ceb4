// Owns how a flow log looks to clients (EC2 API reference, FlowLog) and its filters.

import type * as ec2 from "@aws-sdk/client-ec2";
import type { FlowLog } from "../../model/records.ts";
import { tagList, type FilterTable } from "../describe.ts";

const deliveryStatus = (f: FlowLog): string => (f.deliveryError === undefined ? "SUCCESS" : "FAILED");

export const flowLogView = (f: FlowLog): ec2.FlowLog => ({
  FlowLogId: f.id,
  FlowLogStatus: "ACTIVE",
  ResourceId: f.resourceId,
  TrafficType: f.trafficType,
  LogDestinationType: f.logDestinationType,
  LogDestination: f.logDestination,
  LogGroupName: f.logGroupName,
  LogFormat: f.logFormat,
  MaxAggregationInterval: f.maxAggregationIntervalSeconds,
  DeliverLogsPermissionArn: f.deliverLogsPermissionArn,
  DeliverLogsStatus: deliveryStatus(f),
  DeliverLogsErrorMessage: f.deliveryError,
  DestinationOptions: f.destinationOptions && { FileFormat: f.destinationOptions.fileFormat, HiveCompatiblePartitions: f.destinationOptions.hiveCompatiblePartitions, PerHourPartition: f.destinationOptions.perHourPartition },
  CreationTime: new Date(f.createdAt),
  Tags: tagList(f.tags),
});

export const flowLogFilters: FilterTable<FlowLog> = {
  "deliver-log-status": deliveryStatus,
  "flow-log-id": (f) => f.id,
  "log-destination-type": (f) => f.logDestinationType,
  "log-group-name": (f) => f.logGroupName,
  "resource-id": (f) => f.resourceId,
  "traffic-type": (f) => f.trafficType,
};
