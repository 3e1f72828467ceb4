// Owns what the command `vpcbox flow-logs` is told: each flow log, and where its records are.

import { join } from "node:path";
import type { Snapshot } from "../model/snapshot.ts";
import { fileMark, folderOf } from "./places.ts";

export interface ListedFlowLog {
  readonly id: string;
  readonly region: string;
  readonly resource: string;
  readonly traffic: string;
  readonly destination: string; // "s3", "cloud-watch-logs"
  readonly folder: string;
  readonly mark: string; // in the name of every file of its own below the folder
  readonly problem?: string | undefined; // why the last delivery failed
}

export const listFlowLogs = (snapshot: Snapshot, root: string, accountId: string): readonly ListedFlowLog[] => snapshot.list("vpc-flow-log").map((flowLog) => ({
  id: flowLog.id, region: flowLog.region, resource: flowLog.resourceId, traffic: flowLog.trafficType, destination: flowLog.logDestinationType,
  folder: join(root, folderOf(flowLog, accountId)), mark: fileMark(flowLog), problem: flowLog.deliveryError,
}));
