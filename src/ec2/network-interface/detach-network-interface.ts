// Owns DetachNetworkInterface (EC2 API reference): not the primary one.

import { isId } from "../../lib/ids.ts";
import { detachInterface } from "../../model/lifecycle.ts";
import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";

export const detachNetworkInterface: Ec2Operation<"DetachNetworkInterface"> = (input, ctx) => ctx.write((tx) => {
  const id = input.AttachmentId ?? "";
  if (isId("ela-attach", id)) throw new Ec2Error("OperationNotPermitted", "You are not allowed to manage 'ela-attach' attachments.");
  if (!isId("eni-attach", id)) throw new Ec2Error("InvalidAttachmentID.Malformed", `Invalid id: "${id}" (expecting "eni-attach-...")`);
  const eni = tx.list("network-interface", ctx.region).find((n) => n.attachment?.id === id);
  if (!eni) throw new Ec2Error("InvalidAttachmentID.NotFound", `The networkInterfaceAttachment ID '${id}' does not exist`);
  if (eni.attachment!.deviceIndex === 0) throw new Ec2Error("OperationNotPermitted", "The network interface at device index 0 cannot be detached.");
  detachInterface(tx, eni);
  return {};
});
