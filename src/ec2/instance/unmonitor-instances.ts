// Owns UnmonitorInstances (EC2 API reference).

import type { Ec2Operation } from "../../wire/operation.ts";
import { setMonitoring } from "./monitoring.ts";

export const unmonitorInstances: Ec2Operation<"UnmonitorInstances"> = (input, ctx) => ({ InstanceMonitorings: setMonitoring(ctx, input.InstanceIds, false) });
