// Owns TerminateInstances (EC2 API reference): -> shutting-down; the reconciler removes the guest and writes terminated. Repeating
// it is no error. AWS refuses the protected ones and carries out the rest of their Availability Zone's; here nothing is done.

import type { Instance } from "../../model/records.ts";
import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { instancesNamed, stateChange, userInitiated } from "./change-states.ts";

export const terminateInstances: Ec2Operation<"TerminateInstances"> = (input, ctx) => ctx.write((tx) => {
  const instances = instancesNamed(tx, ctx, input.InstanceIds);
  const locked = instances.find((i) => i.disableApiTermination && i.state !== "terminated" && i.state !== "shutting-down");
  if (locked) throw new Ec2Error("OperationNotPermitted", `The instance '${locked.id}' may not be terminated. Modify its 'disableApiTermination' instance attribute and try again.`);
  return {
    TerminatingInstances: instances.map((instance) => {
      if (instance.state === "terminated" || instance.state === "shutting-down") return stateChange(instance, instance);
      const after: Instance = {
        ...instance, state: "shutting-down", stateTransitionReason: userInitiated(ctx.now()),
        stateReason: { code: "Client.UserInitiatedShutdown", message: "Client.UserInitiatedShutdown: User initiated shutdown" },
      };
      tx.put("instance", after);
      return stateChange(instance, after);
    }),
  };
});
