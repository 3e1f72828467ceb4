// Owns StartInstances (EC2 API reference): stopped -> pending, with a new boot number; the reconciler boots it. Starting one that
// runs is no error.

import type { Instance } from "../../model/records.ts";
import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { must } from "../../lib/assert.ts";
import { instanceTypeNamed } from "../instance-type/types.ts";
import { withinCapacity } from "./capacity.ts";
import { instancesNamed, stateChange } from "./change-states.ts";
import { regainPublicIp } from "./launch-interfaces.ts";

export const startInstances: Ec2Operation<"StartInstances"> = (input, ctx) => ctx.write((tx) => {
  const instances = instancesNamed(tx, ctx, input.InstanceIds);
  const refused = instances.find((i) => !["stopped", "pending", "running"].includes(i.state));
  if (refused) throw new Ec2Error("IncorrectInstanceState", `The instance '${refused.id}' is not in a state from which it can be started.`);
  const starting = instances.filter((i) => i.state === "stopped");
  for (const instance of starting) withinCapacity(ctx, must(instanceTypeNamed(instance.instanceType), `${instance.instanceType} is a type`), instance.availabilityZone, starting.length, starting.length);
  return {
    StartingInstances: instances.map((instance) => {
      if (instance.state !== "stopped") return stateChange(instance, instance);
      const after: Instance = { ...instance, state: "pending", stateReason: undefined, stateTransitionReason: "", bootNumber: instance.bootNumber + 1, launchTime: ctx.now().toISOString() };
      tx.put("instance", after);
      regainPublicIp(tx, ctx, instance.id);
      return stateChange(instance, after);
    }),
  };
});
