// Owns what this machine can hold of an instance type (EC2 user guide, "Troubleshoot instance launch issues": insufficient instance
// capacity). A type's memory is a limit: what an instance does not use is there for others, so many small ones fit.

import { Ec2Error } from "../../wire/error.ts";
import type { Context } from "../../wire/operation.ts";
import type { InstanceType } from "../instance-type/types.ts";

/** A machine sold with so much has a little less for its programs. */
const NOMINAL = 1.15;

/** How many of the wanted instances may begin now. @throws when it is fewer than the least */
export function withinCapacity(ctx: Context, type: InstanceType, availabilityZone: string, least: number, most: number): number {
  const { memoryMiB, roomForInstances } = ctx.capacity();
  const room = type.memoryMiB > memoryMiB * NOMINAL ? 0 : roomForInstances;
  if (room >= least) return Math.min(room, most);
  throw new Ec2Error("InsufficientInstanceCapacity", `We currently do not have sufficient ${type.name} capacity in the Availability Zone you requested (${availabilityZone}). Our system will be working on provisioning additional capacity.`, 500);
}
