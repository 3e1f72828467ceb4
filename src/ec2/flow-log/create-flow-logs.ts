// Owns CreateFlowLogs (EC2 API reference): one flow log a resource. What is wrong with the request refuses it; what is wrong with some
// of its resources leaves these out, and refuses it when none is left.

import type * as ec2 from "@aws-sdk/client-ec2";
import { defaultFlowLogFormat, readFlowLogFormat } from "../../model/flow-log-format.ts";
import type { FlowLog } from "../../model/records.ts";
import type { Transaction } from "../../model/snapshot.ts";
import { Ec2Error } from "../../wire/error.ts";
import type { Context, Ec2Operation } from "../../wire/operation.ts";
import { tagsFor } from "../describe.ts";
import { makerOf, newRecord } from "../new-record.ts";
import { find, type NamedById } from "../resource.ts";
import { refuseUnsupported } from "../unsupported.ts";
import { readDestination } from "./log-destination.ts";

const MAX_RESOURCES = 300;
const kinds: Readonly<Record<string, NamedById>> = { VPC: "vpc", Subnet: "subnet", NetworkInterface: "network-interface" };

export const createFlowLogs: Ec2Operation<"CreateFlowLogs"> = (input, ctx) => ctx.write((tx) => {
  refuseUnsupported(input, ["DeliverCrossAccountRole", "TagFieldSpecifications"]);
  const kind = Object.hasOwn(kinds, input.ResourceType ?? "") ? kinds[input.ResourceType!]! : undefined;
  if (!kind) throw new Ec2Error("UnsupportedOperation", `The parameter ResourceType with value ${input.ResourceType} is not supported.`);
  const ids = [...new Set(input.ResourceIds ?? [])];
  if (ids.length === 0) throw new Ec2Error("MissingParameter", "The request must contain the parameter ResourceId");
  if (ids.length > MAX_RESOURCES) throw new Ec2Error("InvalidParameter", `The maximum number of resources in a single request is ${MAX_RESOURCES}.`);
  if (input.TrafficType === undefined) throw new Ec2Error("MissingParameter", "The request must contain the parameter TrafficType");
  const settings = { trafficType: input.TrafficType, ...readDestination(input), logFormat: readFormat(input.LogFormat), maxAggregationIntervalSeconds: readInterval(input.MaxAggregationInterval) };
  const tags = tagsFor("vpc-flow-log", input.TagSpecifications);
  const FlowLogIds: string[] = [];
  const refusals: { readonly resourceId: string; readonly error: Ec2Error }[] = [];
  for (const resourceId of ids) {
    const error = refusalOf(tx, ctx, kind, resourceId, settings);
    if (error) {
      refusals.push({ resourceId, error });
      continue;
    }
    const record: FlowLog = { ...newRecord(tx, makerOf(ctx), "fl", tags), resourceId, ...settings };
    tx.put("vpc-flow-log", record);
    FlowLogIds.push(record.id);
  }
  if (FlowLogIds.length === 0) throw refusals[0]!.error;
  const Unsuccessful: ec2.UnsuccessfulItem[] = refusals.map(({ resourceId, error }) => ({ ResourceId: resourceId, Error: { Code: error.code, Message: error.message } }));
  return { ClientToken: input.ClientToken, FlowLogIds, Unsuccessful };
});

type Settings = Omit<FlowLog, "id" | "region" | "index" | "tags" | "createdAt" | "resourceId">;

function refusalOf(tx: Transaction, ctx: Context, kind: NamedById, resourceId: string, settings: Settings): Ec2Error | undefined {
  try {
    find(tx, kind, resourceId, ctx.region);
  } catch (error) {
    if (error instanceof Ec2Error) return error;
    throw error;
  }
  const others = tx.list("vpc-flow-log", ctx.region).filter((f) => f.resourceId === resourceId);
  if (others.some((f) => f.logDestinationType === settings.logDestinationType && f.logDestination === settings.logDestination && f.logGroupName === settings.logGroupName && f.trafficType === settings.trafficType && f.logFormat === settings.logFormat))
    return new Ec2Error("FlowLogAlreadyExists", "Error. There is an existing Flow Log with the same configuration and log destination.");
  if (others.length >= ctx.quota("flow-logs-per-resource")) return new Ec2Error("FlowLogsLimitExceeded", `The maximum number of flow logs for the resource ${resourceId} has been reached.`);
  return undefined;
}

/** Fields as `${field-id}`, separated by spaces. */
function readFormat(format: string | undefined): string {
  if (format === undefined) return defaultFlowLogFormat;
  const fields = readFlowLogFormat(format);
  if (!fields) throw new Ec2Error("InvalidParameter", "Invalid LogFormat: it must have fields of flow log records as ${field-id}, separated by spaces.");
  const repeated = fields.find((f, i) => fields.indexOf(f) !== i);
  if (repeated !== undefined) throw new Ec2Error("InvalidParameter", `Invalid LogFormat: the field ${repeated} is repeated.`);
  return fields.map((f) => `\${${f}}`).join(" ");
}

function readInterval(seconds: number | undefined): 60 | 600 {
  if (seconds === undefined || seconds === 600) return 600;
  if (seconds !== 60) throw new Ec2Error("InvalidParameter", "Invalid Flow Log Max Aggregation Interval");
  return 60;
}
