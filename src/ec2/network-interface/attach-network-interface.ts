// Owns AttachNetworkInterface (EC2 API reference): plugged in at once where the instance runs, else at its next start.

import { attachedInterfaces } from "../../model/lifecycle.ts";
import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { instanceTypeNamed } from "../instance-type/types.ts";
import { find } from "../resource.ts";
import { refuseUnsupported } from "../unsupported.ts";

export const attachNetworkInterface: Ec2Operation<"AttachNetworkInterface"> = (input, ctx) => ctx.write((tx) => {
  refuseUnsupported(input, ["EnaSrdSpecification", "EnaQueueCount"]);
  const eni = find(tx, "network-interface", input.NetworkInterfaceId, ctx.region);
  const instance = find(tx, "instance", input.InstanceId, ctx.region);
  if (instance.state !== "running" && instance.state !== "stopped") throw new Ec2Error("IncorrectState", `Instance '${instance.id}' is not in the 'running' or 'stopped' state.`);
  if ((input.NetworkCardIndex ?? 0) !== 0) throw new Ec2Error("InvalidParameterValue", `Network card index ${input.NetworkCardIndex} is not valid for the instance type.`);
  if (eni.attachment || eni.requesterManaged) throw new Ec2Error("InvalidParameterValue", `Network interface '${eni.id}' is currently in use.`);
  if (eni.availabilityZone !== instance.availabilityZone) throw new Ec2Error("InvalidParameterCombination", "You may not attach a network interface to an instance if they are not in the same availability zone");
  const attached = attachedInterfaces(tx, instance.id);
  const type = instanceTypeNamed(instance.instanceType);
  const deviceIndex = input.DeviceIndex!;
  if (!Number.isInteger(deviceIndex) || deviceIndex < 0) throw new Ec2Error("InvalidParameterValue", `Value (${deviceIndex}) for parameter deviceIndex is invalid.`);
  if (attached.some((a) => a.attachment!.deviceIndex === deviceIndex)) throw new Ec2Error("InvalidParameterValue", `Instance '${instance.id}' already has an interface attached at device index '${deviceIndex}'.`);
  if (type && attached.length + 1 > type.maxInterfaces) throw new Ec2Error("AttachmentLimitExceeded", `Interface count ${attached.length + 1} exceeds the limit for ${type.name}`);
  if (type && eni.privateAddresses.length > type.maxAddresses)
    throw new Ec2Error("PrivateIpAddressLimitExceeded", `Number of private addresses will exceed limit.`);
  const attachment = { id: ctx.newId("eni-attach"), instanceId: instance.id, deviceIndex, deleteOnTermination: false, attachedAt: ctx.now().toISOString() };
  tx.put("network-interface", { ...eni, attachment });
  return { AttachmentId: attachment.id, NetworkCardIndex: 0 };
});
