// Owns MonitorInstances (EC2 API reference).

import type { Ec2Operation } from "../../wire/operation.ts";
import { setMonitoring } from "./monitoring.ts";

export const monitorInstances: Ec2Operation<"MonitorInstances"> = (input, ctx) => ({ InstanceMonitorings: setMonitoring(ctx, input.InstanceIds, true) });
