// Owns where the records of a flow log are: for a bucket as AWS lays it out (VPC user guide, "Flow log files"), for a log group a folder
// for each stream, both under STATE/flow-logs. What came in a name never leads out of there.

import type { FlowLog } from "../model/records.ts";

/** One path segment of whatever text: what a file system takes differently is written as in an URL. */
const segment = (text: string): string => (/^\.+$/.test(text) ? text.replaceAll(".", "%2E") : text.replace(/[\0-\x1f\x7f/%]/g, encodeURIComponent));
const two = (n: number): string => String(n).padStart(2, "0");

function partsOf(at: Date) {
  return { year: String(at.getUTCFullYear()), month: two(at.getUTCMonth() + 1), day: two(at.getUTCDate()), hour: two(at.getUTCHours()), minute: two(at.getUTCMinutes()) };
}

/** The folder that holds everything of a flow log, and perhaps of others. Relative to STATE/flow-logs. */
export function folderOf(log: FlowLog, accountId: string): string {
  if (log.logDestinationType === "cloud-watch-logs") return `CloudWatchLogs/${log.region}/${segment(log.logGroupName ?? "")}`; // no bucket's name has capitals
  const [bucket = "", ...prefix] = (log.logDestination ?? "").replace(/^arn:[^:]*:s3:::/, "").split("/");
  const hive = log.destinationOptions?.hiveCompatiblePartitions ?? false;
  const own = hive ? ["AWSLogs", `aws-account-id=${accountId}`, "aws-service=vpcflowlogs", `aws-region=${log.region}`] : ["AWSLogs", accountId, "vpcflowlogs", log.region];
  return [bucket, ...prefix.filter((part) => part !== ""), ...own].map(segment).join("/");
}

/** A new file of a bucket: the records of one interval, compressed. */
export function bucketFile(log: FlowLog, accountId: string, at: Date, hash: string): string {
  const { year, month, day, hour, minute } = partsOf(at);
  const hive = log.destinationOptions?.hiveCompatiblePartitions ?? false;
  const dated = hive ? [`year=${year}`, `month=${month}`, `day=${day}`] : [year, month, day];
  if (log.destinationOptions?.perHourPartition) dated.push(hive ? `hour=${hour}` : hour);
  return [folderOf(log, accountId), ...dated, `${accountId}_vpcflowlogs_${log.region}_${log.id}_${year}${month}${day}T${hour}${minute}Z_${hash}.log.gz`].join("/");
}

/** The file that a log stream's records of an hour are in: one stream for an interface and kind of traffic, of all logs of its group. */
export function streamFile(log: FlowLog, accountId: string, interfaceId: string, at: Date): string {
  const { year, month, day, hour } = partsOf(at);
  return `${folderOf(log, accountId)}/${interfaceId}-${log.trafficType.toLowerCase()}/${year}-${month}-${day}T${hour}Z.log`;
}

/** Which files below its folder are a flow log's: of a bucket by their names; a log group's streams are everybody's. */
export const fileMark = (log: FlowLog): string => (log.logDestinationType === "s3" ? `_${log.id}_` : ".log");
