// Owns GetConsoleOutput (EC2 API reference): what the guest has printed since it booted, in base64.

import type { Ec2Operation } from "../../wire/operation.ts";
import { find } from "../resource.ts";

const LIMIT_BYTES = 64 * 1024; // EC2 keeps the last 64 KB

export const getConsoleOutput: Ec2Operation<"GetConsoleOutput"> = async (input, ctx) => {
  const instance = find(ctx.snapshot(), "instance", input.InstanceId, ctx.region);
  const output = await ctx.consoleOutput(instance.id);
  if (!output) return { InstanceId: instance.id, Timestamp: ctx.now() };
  return { InstanceId: instance.id, Timestamp: output.at, Output: Buffer.from(output.text).subarray(-LIMIT_BYTES).toString("base64") };
};
