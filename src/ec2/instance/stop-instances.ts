// Owns StopInstances (EC2 API reference): running -> stopping; the reconciler ends the guest and writes stopped.

import type { Instance } from "../../model/records.ts";
import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { instancesNamed, stateChange, userInitiated } from "./change-states.ts";

export const stopInstances: Ec2Operation<"StopInstances"> = (input, ctx) => ctx.write((tx) => {
  const instances = instancesNamed(tx, ctx, input.InstanceIds);
  if (input.Hibernate) throw new Ec2Error("UnsupportedHibernationConfiguration", "The specified instance was not enabled for hibernation at launch.");
  for (const i of instances) {
    if (i.state === "shutting-down" || i.state === "terminated") throw new Ec2Error("IncorrectInstanceState", `This instance '${i.id}' is not in a state from which it can be stopped.`);
    if (i.state === "pending" && i.startedAt === undefined) throw new Ec2Error("IncorrectInstanceState", `Instance '${i.id}' cannot be stopped as it has never reached the 'running' state.`);
    if (i.disableApiStop && i.state !== "stopped") throw new Ec2Error("OperationNotPermitted", `The instance '${i.id}' may not be stopped. Modify its 'disableApiStop' instance attribute and try again.`);
  }
  return {
    StoppingInstances: instances.map((instance) => {
      if (instance.state === "stopped" || instance.state === "stopping") return stateChange(instance, instance);
      const after: Instance = {
        ...instance, state: "stopping", stateTransitionReason: userInitiated(ctx.now()),
        stateReason: { code: "Client.UserInitiatedShutdown", message: "Client.UserInitiatedShutdown: User initiated shutdown" },
      };
      tx.put("instance", after);
      return stateChange(instance, after);
    }),
  };
});
