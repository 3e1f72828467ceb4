// Owns RebootInstances (EC2 API reference): a higher boot number; the reconciler stops the older guest and boots again. The
// state stays running.

import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { instancesNamed } from "./change-states.ts";

export const rebootInstances: Ec2Operation<"RebootInstances"> = (input, ctx) => ctx.write((tx) => {
  const instances = instancesNamed(tx, ctx, input.InstanceIds);
  for (const i of instances)
    if (i.state !== "running" && i.state !== "pending") throw new Ec2Error("IncorrectInstanceState", `The instance '${i.id}' is not in a state from which it can be rebooted.`);
  for (const i of instances) tx.put("instance", { ...i, bootNumber: i.bootNumber + 1 });
  return {};
});
