// Owns where a flow log is to be delivered: which of CreateFlowLogs's parameters go together (EC2 API reference, CreateFlowLogs).

import type * as ec2 from "@aws-sdk/client-ec2";
import type { FlowLog } from "../../model/records.ts";
import { Ec2Error } from "../../wire/error.ts";

type Destination = Pick<FlowLog, "logDestinationType" | "logDestination" | "logGroupName" | "deliverLogsPermissionArn" | "destinationOptions">;
const invalid = (message: string): Ec2Error => new Ec2Error("InvalidParameter", message);

const unsupported = (name: string, value: string): Ec2Error => new Ec2Error("UnsupportedOperation", `The parameter ${name} with value ${value} is not supported.`);

const forms: Readonly<Record<FlowLog["logDestinationType"], RegExp>> = {
  "cloud-watch-logs": /^arn:aws:logs:[a-z0-9-]+:\d{12}:log-group:[\w./#-]{1,512}(:\*)?$/,
  "s3": /^arn:aws:s3:::[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](\/.*)?$/,
};

export function readDestination(input: ec2.CreateFlowLogsRequest): Destination {
  const logDestinationType = input.LogDestinationType ?? "cloud-watch-logs";
  if (logDestinationType === "kinesis-data-firehose") throw unsupported("LogDestinationType", logDestinationType); // no delivery streams here
  const { LogDestination: arn, LogGroupName: group, DeliverLogsPermissionArn: role } = input;
  if (arn !== undefined && group !== undefined) throw invalid("Please only provide LogGroupName or only provide LogDestination.");
  if (group !== undefined && logDestinationType !== "cloud-watch-logs") throw invalid("LogDestination type must be cloud-watch-logs if LogGroupName is provided.");
  if (arn === undefined && group === undefined) throw invalid("LogDestination can't be empty if LogGroupName is not provided.");
  if (group !== undefined && !/^[\w./#-]{1,512}$/.test(group)) throw invalid(`Value (${group}) for parameter LogGroupName is invalid.`);
  if (arn !== undefined && !forms[logDestinationType].test(arn)) throw invalid(`LogDestination: ${arn} is not a valid ARN of a destination of type ${logDestinationType}.`);
  if (arn !== undefined && logDestinationType === "s3" && arn.split("/").slice(1).includes("AWSLogs")) throw invalid("AWSLogs is a reserved term and cannot be used as a subfolder name.");
  if (logDestinationType === "cloud-watch-logs" && role === undefined) throw invalid("DeliverLogsPermissionArn can't be empty if LogDestinationType is cloud-watch-logs.");
  if (role !== undefined && !/^arn:aws:iam::\d{12}:role\/[\x21-\x7e]+$/.test(role)) throw invalid(`DeliverLogsPermissionArn: ${role} is not a valid ARN of a role.`);
  return {
    logDestinationType, logDestination: arn, deliverLogsPermissionArn: role,
    logGroupName: group ?? (logDestinationType === "cloud-watch-logs" ? arn!.split(":")[6] : undefined),
    destinationOptions: readOptions(input.DestinationOptions, logDestinationType),
  };
}

/** How files in a bucket are written; only there. */
function readOptions(options: ec2.DestinationOptionsRequest | undefined, type: FlowLog["logDestinationType"]): Destination["destinationOptions"] {
  if (type !== "s3") {
    if (options) throw invalid("DestinationOptions may only be provided if LogDestinationType is s3.");
    return undefined;
  }
  if (options?.FileFormat === "parquet") throw unsupported("FileFormat", "parquet");
  return options && { fileFormat: "plain-text", hiveCompatiblePartitions: options.HiveCompatiblePartitions ?? false, perHourPartition: options.PerHourPartition ?? false };
}
