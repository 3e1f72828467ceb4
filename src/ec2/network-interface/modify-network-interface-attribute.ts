// Owns ModifyNetworkInterfaceAttribute (EC2 API reference): one attribute a call, at once in the datapath.

import type * as ec2 from "@aws-sdk/client-ec2";
import type { NetworkInterface } from "../../model/records.ts";
import type { Transaction } from "../../model/snapshot.ts";
import { Ec2Error } from "../../wire/error.ts";
import type { Context, Ec2Operation } from "../../wire/operation.ts";
import { find } from "../resource.ts";
import { refuseUnsupported } from "../unsupported.ts";
import { readConnectionTracking } from "./connection-tracking.ts";
import { checkGroups, withPublicIp } from "./create-interface.ts";
import { refuseManaged } from "./requester-managed.ts";

export const modifyNetworkInterfaceAttribute: Ec2Operation<"ModifyNetworkInterfaceAttribute"> = (input, ctx) => ctx.write((tx) => {
  refuseUnsupported(input, ["EnaSrdSpecification", "EnablePrimaryIpv6", "AssociatedSubnetIds"], { EnablePrimaryIpv6: (v: boolean) => !v });
  const eni = find(tx, "network-interface", input.NetworkInterfaceId, ctx.region);
  refuseManaged(eni);
  const changes: NetworkInterface[] = [];
  if (input.Description) changes.push({ ...eni, description: input.Description.Value ?? "" });
  if (input.SourceDestCheck) changes.push({ ...eni, sourceDestCheck: input.SourceDestCheck.Value ?? false });
  if (input.Groups && input.Groups.length > 0) changes.push({ ...eni, groupIds: checkGroups(tx, ctx, eni.vpcId, eni.subnetId, input.Groups) });
  if (input.Attachment) changes.push(changeAttachment(eni, input.Attachment));
  if (input.ConnectionTrackingSpecification) changes.push({ ...eni, connectionTracking: readConnectionTracking(input.ConnectionTrackingSpecification) });
  if (input.AssociatePublicIpAddress !== undefined) changes.push(changePublicIp(tx, ctx, eni, input.AssociatePublicIpAddress));
  if (changes.length > 1) throw new Ec2Error("InvalidParameterCombination", "Fields for multiple attribute types specified");
  if (changes.length === 0) throw new Ec2Error("InvalidParameterCombination", "No attributes specified.");
  tx.put("network-interface", changes[0]!);
  return {};
});

function changeAttachment(eni: NetworkInterface, change: ec2.NetworkInterfaceAttachmentChanges): NetworkInterface {
  if (!eni.attachment || eni.attachment.id !== change.AttachmentId)
    throw new Ec2Error("InvalidAttachmentID.NotFound", `The networkInterfaceAttachment ID '${change.AttachmentId ?? ""}' does not exist`);
  return { ...eni, attachment: { ...eni.attachment, deleteOnTermination: change.DeleteOnTermination ?? eni.attachment.deleteOnTermination } };
}

/** The public address that the primary private address is given; an Elastic IP in its place stays. */
function changePublicIp(tx: Transaction, ctx: Context, eni: NetworkInterface, wanted: boolean): NetworkInterface {
  if (!eni.attachment || eni.attachment.deviceIndex !== 0) throw new Ec2Error("InvalidParameterCombination", "The associatePublicIpAddress parameter is only supported for the primary network interface of an instance.");
  const without = eni.privateAddresses.map(({ address, primary }) => ({ address, primary }));
  if (!wanted) return { ...eni, assignsPublicIp: undefined, privateAddresses: without };
  const state = tx.get("instance", eni.attachment.instanceId)?.state;
  const has = eni.privateAddresses[0]!.publicIp !== undefined || tx.list("elastic-ip").some((a) => a.networkInterfaceId === eni.id && a.privateIp === without[0]!.address);
  return { ...eni, assignsPublicIp: true, privateAddresses: has || (state !== "running" && state !== "pending") ? eni.privateAddresses : withPublicIp(tx, ctx, without) };
}
