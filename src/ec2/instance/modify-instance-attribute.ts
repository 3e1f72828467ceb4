// Owns ModifyInstanceAttribute (EC2 API reference): one attribute a call, by its own parameter or by Attribute and Value. What
// the interface holds (source/destination check, groups) is written to the interface, and takes effect at once.

import type * as ec2 from "@aws-sdk/client-ec2";
import { attachedInterfaces } from "../../model/lifecycle.ts";
import type { Instance, NetworkInterface } from "../../model/records.ts";
import type { Snapshot, Transaction } from "../../model/snapshot.ts";
import { Ec2Error } from "../../wire/error.ts";
import type { Context, Ec2Operation } from "../../wire/operation.ts";
import { instanceTypeNamed } from "../instance-type/types.ts";
import { checkGroups } from "../network-interface/create-interface.ts";
import { find } from "../resource.ts";
import { refuseUnsupported } from "../unsupported.ts";
import { oneOf } from "./metadata-options.ts";
import { checkUserData } from "./run-instances.ts";

type Input = ec2.ModifyInstanceAttributeRequest;

export const modifyInstanceAttribute: Ec2Operation<"ModifyInstanceAttribute"> = (input, ctx) => ctx.write((tx) => {
  const instance = find(tx, "instance", input.InstanceId, ctx.region);
  if (instance.state === "terminated") throw new Ec2Error("IncorrectInstanceState", `The instance '${instance.id}' is not in a valid state for this operation.`);
  refuseUnsupported(input, ["Kernel", "Ramdisk", "SriovNetSupport", "EnclaveOptions", "EnaSupport"], {
    EnaSupport: (v: ec2.AttributeBooleanValue) => v.Value !== false, SriovNetSupport: (v: ec2.AttributeValue) => v.Value === "simple",
    EnclaveOptions: (v: ec2.EnclaveOptionsRequest) => v.Enabled !== true,
  });
  const given = attributesGiven(input);
  if (given.length > 1) throw new Ec2Error("InvalidParameterCombination", "Fields for multiple attribute types specified");
  if (given.length === 0) throw new Ec2Error("InvalidParameterCombination", "No attributes specified.");
  given[0]!(tx, ctx, instance);
  return {};
});

type Change = (tx: Transaction, ctx: Context, instance: Instance) => void;

function attributesGiven(input: Input): readonly Change[] {
  const all = input.Attribute === undefined ? input : { ...input, ...byName(input.Attribute, input.Value) };
  const changes: Change[] = [];
  const put = (change: (i: Instance) => Instance): void => { changes.push((tx, _ctx, i) => tx.put("instance", change(i))); };
  const flag = (value: ec2.AttributeBooleanValue | undefined, field: "disableApiTermination" | "disableApiStop"): void => {
    if (value) put((i) => ({ ...i, [field]: value.Value ?? false }));
  };
  if (all.SourceDestCheck) changes.push((tx, _ctx, i) => setSourceDestCheck(tx, i, all.SourceDestCheck!.Value ?? false));
  flag(all.DisableApiTermination, "disableApiTermination");
  flag(all.DisableApiStop, "disableApiStop");
  if (all.InstanceInitiatedShutdownBehavior) {
    const behavior = oneOf("instanceInitiatedShutdownBehavior", all.InstanceInitiatedShutdownBehavior.Value, ["stop", "terminate"] as const);
    put((i) => ({ ...i, shutdownBehavior: behavior ?? i.shutdownBehavior }));
  }
  if (all.EbsOptimized) changes.push((tx, _ctx, i) => tx.put("instance", { ...stopped(i), ebsOptimized: all.EbsOptimized!.Value ?? false }));
  if (all.InstanceType) changes.push((tx, _ctx, i) => setType(tx, i, all.InstanceType!.Value));
  if (all.UserData) changes.push((tx, _ctx, i) => tx.put("instance", { ...stopped(i), userData: userDataOf(all.UserData!.Value) }));
  if (all.Groups && all.Groups.length > 0) changes.push((tx, ctx, i) => setGroups(tx, ctx, i, all.Groups!));
  if (all.BlockDeviceMappings && all.BlockDeviceMappings.length > 0) changes.push((tx, _ctx, i) => setDevices(tx, i, all.BlockDeviceMappings!));
  return changes;
}

/** Attribute=... Value=... is the older form of the same. */
function byName(attribute: string, value: string | undefined): Partial<Input> {
  const needed = (): string => value ?? missing();
  const missing = (): never => { throw new Ec2Error("MissingParameter", "The request must contain the parameter value"); };
  const yes = (): { Value: boolean } => ({ Value: needed().toLowerCase() === "true" });
  switch (attribute) {
    case "sourceDestCheck": return { SourceDestCheck: yes() };
    case "disableApiTermination": return { DisableApiTermination: yes() };
    case "disableApiStop": return { DisableApiStop: yes() };
    case "ebsOptimized": return { EbsOptimized: yes() };
    case "instanceInitiatedShutdownBehavior": return { InstanceInitiatedShutdownBehavior: { Value: needed() } };
    case "instanceType": return { InstanceType: { Value: needed() } };
    case "userData": return { UserData: { Value: Buffer.from(needed(), "base64") } };
    case "blockDeviceMapping": case "groupSet": return {};
    default: throw new Ec2Error("InvalidParameterValue", `Value (${attribute}) for parameter attribute is invalid. Unknown attribute.`);
  }
}

/** The value of a binary attribute comes decoded; records keep base64. */
function userDataOf(value: Uint8Array | string | undefined): string | undefined {
  if (value === undefined || value.length === 0) return undefined;
  return checkUserData(typeof value === "string" ? value : Buffer.from(value).toString("base64"));
}

function stopped(instance: Instance): Instance {
  if (instance.state !== "stopped") throw new Ec2Error("IncorrectInstanceState", `The instance '${instance.id}' is not in the 'stopped' state.`);
  return instance;
}

/** An instance's only interface; with several, EC2 wants the interface's id. */
export function onlyInterface(snapshot: Snapshot, instance: Instance): NetworkInterface {
  const attached = attachedInterfaces(snapshot, instance.id);
  if (attached.length > 1)
    throw new Ec2Error("InvalidInstanceID", `There are multiple interfaces attached to instance '${instance.id}'. Please specify an interface ID for the operation instead.`);
  if (!attached[0]) throw new Ec2Error("InvalidInstanceID", `There is no interface attached to instance '${instance.id}'.`);
  return attached[0];
}

function setSourceDestCheck(tx: Transaction, instance: Instance, on: boolean): void {
  tx.put("network-interface", { ...onlyInterface(tx, instance), sourceDestCheck: on });
}

function setGroups(tx: Transaction, ctx: Context, instance: Instance, ids: readonly string[]): void {
  const eni = onlyInterface(tx, instance);
  tx.put("network-interface", { ...eni, groupIds: checkGroups(tx, ctx, eni.vpcId, eni.subnetId, ids) });
}

function setType(tx: Transaction, instance: Instance, name: string | undefined): void {
  const type = instanceTypeNamed(name ?? "");
  if (!type) throw new Ec2Error("InvalidInstanceAttributeValue", `Invalid value '${name ?? ""}' for InstanceType.`);
  if (!type.architectures.includes(instance.architecture)) throw new Ec2Error("InvalidInstanceAttributeValue", `The instance configuration for this AWS Marketplace product or AMI is not supported on instance type ${type.name}: it is of architecture ${instance.architecture}.`);
  stopped(instance);
  const attached = attachedInterfaces(tx, instance.id);
  if (attached.length > type.maxInterfaces || attached.some((eni) => eni.privateAddresses.length > type.maxAddresses))
    throw new Ec2Error("AttachmentLimitExceeded", `Interface count ${attached.length} exceeds the limit for ${type.name}`);
  const creditSpecification = type.burstable ? instance.creditSpecification ?? (type.name.startsWith("t2.") ? "standard" : "unlimited") : undefined;
  tx.put("instance", { ...instance, instanceType: type.name, creditSpecification });
}

function setDevices(tx: Transaction, instance: Instance, mappings: readonly ec2.InstanceBlockDeviceMappingSpecification[]): void {
  for (const mapping of mappings) {
    const volume = tx.list("volume").find((v) => v.attachment?.instanceId === instance.id && v.attachment.device === mapping.DeviceName);
    if (!volume) throw new Ec2Error("InvalidInstanceAttributeValue", `No device is currently mapped at ${mapping.DeviceName ?? ""}`);
    const deleteOnTermination = mapping.Ebs?.DeleteOnTermination ?? volume.attachment!.deleteOnTermination;
    tx.put("volume", { ...volume, attachment: { ...volume.attachment!, deleteOnTermination } });
  }
}
