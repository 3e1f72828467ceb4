// Owns RunInstances (EC2 API reference): everything is checked, then instances, interfaces and volumes are put as `pending`; the
// reconciler boots them.

import type * as ec2 from "@aws-sdk/client-ec2";
import { join } from "../../model/joins.ts";
import type { Image, Instance } from "../../model/records.ts";
import type { Snapshot, Transaction } from "../../model/snapshot.ts";
import { Ec2Error } from "../../wire/error.ts";
import type { Context, Ec2Operation } from "../../wire/operation.ts";
import { tagsFor } from "../describe.ts";
import { associated, profileNamed } from "../iam-instance-profile/profile-named.ts";
import { instanceTypeNamed, type InstanceType } from "../instance-type/types.ts";
import { keyPairNamed } from "../key-pair/key-pairs.ts";
import { withTemplate } from "../launch-template/template-data.ts";
import { find } from "../resource.ts";
import { refuseUnsupported } from "../unsupported.ts";
import { planVolumes, putVolumes } from "../volume/block-devices.ts";
import { withinCapacity } from "./capacity.ts";
import { instancesThatFit, planInterfaces, plugInterfaces } from "./launch-interfaces.ts";
import { changeMetadataOptions, defaultMetadataOptions, oneOf } from "./metadata-options.ts";
import { reservationViews } from "./view.ts";

type Input = ec2.RunInstancesRequest;
const taggable = ["volume", "network-interface", "spot-instances-request", "elastic-gpu"];

export const runInstances: Ec2Operation<"RunInstances"> = (request, ctx) => ctx.write((tx) => {
  checkCounts(request);
  const { input, templateTags } = withTemplate(tx, ctx, request);
  refuseWhatIsNotOffered(input);
  const image = launchImage(tx, ctx, input.ImageId);
  const type = launchType(input.InstanceType, image);
  const keyPair = input.KeyName === undefined ? undefined : keyPairNamed(tx, ctx.region, input.KeyName);
  if (input.KeyName !== undefined && !keyPair) throw new Ec2Error("InvalidKeyPair.NotFound", `The key pair '${input.KeyName}' does not exist`);
  const profile = profileNamed(tx, ctx, input.IamInstanceProfile);
  const userData = checkUserData(input.UserData);
  const tags = (kind: string): Record<string, string> => tagsFor(kind, input.TagSpecifications, ["instance", ...taggable].filter((k) => k !== kind));
  const instanceTags = { ...tags("instance"), ...templateTags };
  const common = {
    instanceType: type.name, imageId: image.id, layers: image.layers, architecture: image.architecture, keyName: input.KeyName,
    publicKey: keyPair?.publicKey, userData,
    shutdownBehavior: oneOf("instanceInitiatedShutdownBehavior", input.InstanceInitiatedShutdownBehavior, ["stop", "terminate"] as const) ?? "stop",
    disableApiTermination: input.DisableApiTermination ?? false,
    disableApiStop: input.DisableApiStop ?? false,
    monitoring: input.Monitoring?.Enabled ?? false,
    ebsOptimized: input.EbsOptimized ?? false,
    metadataOptions: changeMetadataOptions(defaultMetadataOptions(image.name), input.MetadataOptions),
    creditSpecification: creditsOf(type, input.CreditSpecification?.CpuCredits),
    clientToken: input.ClientToken ?? "",
  } satisfies Partial<Instance>;
  const volumes = planVolumes(tx, ctx, image, input.BlockDeviceMappings);
  const interfaces = planInterfaces(tx, ctx, input, type);
  const count = withinCapacity(ctx, type, interfaces[0]!.subnet.availabilityZone, input.MinCount!, launchCount(tx, ctx, input, type, instancesThatFit(tx, interfaces)));
  const primary = interfaces[0]!;
  const now = ctx.now().toISOString();
  const reservationId = ctx.newId("r");
  const launched = Array.from({ length: count }, (_, amiLaunchIndex): Instance => {
    const id = ctx.newId("i");
    const index = tx.nextIndex();
    plugInterfaces(tx, ctx, interfaces, id, tags("network-interface"));
    const rootVolumeId = putVolumes(tx, ctx, volumes, id, primary.subnet.availabilityZone, tags("volume"));
    const instance: Instance = {
      id, region: ctx.region, index, tags: instanceTags, createdAt: now, reservationId, amiLaunchIndex, ...common,
      vpcId: primary.subnet.vpcId, subnetId: primary.subnet.id, availabilityZone: primary.subnet.availabilityZone,
      state: "pending", stateTransitionReason: "", launchTime: now, bootNumber: 1, rootVolumeId, ...associated(ctx, profile),
    };
    tx.put("instance", instance);
    return instance;
  });
  return reservationViews(join(tx), ctx, launched)[0]!;
});

function checkCounts({ MinCount: min, MaxCount: max }: Input): void {
  const bad = (name: string, value: number | undefined, why: string): never => { throw new Ec2Error("InvalidParameterValue", `Value (${value}) for parameter ${name} is invalid. ${why}`); };
  if (min === undefined || min < 1) bad("minCount", min, "Minimum instance count must be at least 1.");
  if (max === undefined || max < 1) bad("maxCount", max, "Maximum instance count must be at least 1.");
  if (min! > max!) bad("minCount", min, "Minimum instance count may not exceed the maximum instance count.");
}

function refuseWhatIsNotOffered(input: Input): void {
  refuseUnsupported(input, [
    "Ipv6AddressCount", "Ipv6Addresses", "KernelId", "RamdiskId", "ElasticGpuSpecification", "ElasticInferenceAccelerators", "InstanceMarketOptions", "CpuOptions",
    "CapacityReservationSpecification", "HibernationOptions", "LicenseSpecifications", "EnclaveOptions", "EnablePrimaryIpv6", "Operator", "SecondaryInterfaces", "PrivateDnsNameOptions",
  ], {
    HibernationOptions: (v: ec2.HibernationOptionsRequest) => v.Configured !== true,
    EnclaveOptions: (v: ec2.EnclaveOptionsRequest) => v.Enabled !== true,
    EnablePrimaryIpv6: (v: boolean) => !v,
    Ipv6AddressCount: (v: number) => v === 0,
    CapacityReservationSpecification: (v: ec2.CapacityReservationSpecification) => v.CapacityReservationTarget === undefined,
    PrivateDnsNameOptions: (v: ec2.PrivateDnsNameOptionsRequest) => (v.HostnameType ?? "ip-name") === "ip-name" && !v.EnableResourceNameDnsARecord && !v.EnableResourceNameDnsAAAARecord,
  });
  const placement = input.Placement ?? {};
  if ((placement.Tenancy ?? "default") !== "default") throw new Ec2Error("UnsupportedOperation", "The parameter Placement.Tenancy is not supported.");
  refuseUnsupported(placement, ["GroupId", "GroupName", "HostId", "HostResourceGroupArn", "PartitionNumber", "SpreadDomain", "Affinity"], { GroupName: (v: string) => v === "" });
}

function launchImage(snapshot: Snapshot, ctx: Context, id: string | undefined): Image {
  if (id === undefined || id === "") throw new Ec2Error("MissingParameter", "The request must contain the parameter ImageId");
  const image = find(snapshot, "image", id, ctx.region);
  if (image.state !== "available") throw new Ec2Error("InvalidAMIID.Unavailable", `The image ID '${id}' is not available`);
  return image;
}

function launchType(name: string | undefined, image: Image): InstanceType {
  const type = instanceTypeNamed(name ?? "m1.small");
  if (!type) throw new Ec2Error("InvalidParameterValue", `Invalid value '${name}' for InstanceType.`);
  if (!type.architectures.includes(image.architecture)) {
    const has = type.architectures.join(",");
    throw new Ec2Error("InvalidParameterValue", `The architecture '${has}' of the specified instance type does not match the architecture '${image.architecture}' of the specified AMI. Specify an instance type and an AMI that have matching architectures, and try again. You can use 'describe-instance-types' or 'describe-images' to discover the architecture of the instance type or AMI.`);
  }
  return type;
}

/** Base64, at most 16 KiB when decoded. */
export function checkUserData(userData: string | undefined): string | undefined {
  if (userData === undefined || userData === "") return undefined;
  const text = userData.replace(/\s/g, "");
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.length % 4 === 1) throw new Ec2Error("InvalidUserData.Malformed", "Invalid BASE64 encoding of user data");
  if (Buffer.from(text, "base64").length > 16384) throw new Ec2Error("InvalidParameterValue", "User data is limited to 16384 bytes");
  return text;
}

function creditsOf(type: InstanceType, asked: string | undefined): "standard" | "unlimited" | undefined {
  if (!type.burstable) {
    if (asked !== undefined) throw new Ec2Error("InvalidParameterCombination", `The ${type.name} instance type does not support credit specifications.`);
    return undefined;
  }
  return oneOf("CpuCredits", asked, ["standard", "unlimited"] as const) ?? (type.name.startsWith("t2.") ? "standard" : "unlimited");
}

/** As many as asked for at most, at least as many as asked for, within the quota and the subnets' room. */
function launchCount(tx: Transaction, ctx: Context, input: Input, type: InstanceType, room: number): number {
  const min = input.MinCount!;
  if (input.MaxCount! > 1 && (input.PrivateIpAddress !== undefined || (input.NetworkInterfaces ?? []).some((n) => n.PrivateIpAddress !== undefined || (n.PrivateIpAddresses ?? []).length > 0)))
    throw new Ec2Error("InvalidParameterCombination", "When specifying a private IP address, only one instance may be launched.");
  if (room < min) throw new Ec2Error("InsufficientFreeAddressesInSubnet", "There are not enough free addresses in the subnet to satisfy the requested number of instances.");
  const quota = ctx.quota("vcpus-per-region");
  const used = Number.isFinite(quota) ? vcpusInUse(tx, ctx.region) : 0;
  const byQuota = Math.floor((quota - used) / type.vcpus);
  if (byQuota < min)
    throw new Ec2Error("VcpuLimitExceeded", `You have requested more vCPU capacity than your current vCPU limit of ${quota} allows for the instance bucket that the specified instance type belongs to. Please visit http://aws.amazon.com/contact-us/ec2-request to request an adjustment to this limit.`);
  return Math.min(input.MaxCount!, room, byQuota);
}

const vcpusInUse = (snapshot: Snapshot, region: string): number => snapshot.list("instance", region)
  .filter((i) => i.state === "pending" || i.state === "running")
  .reduce((sum, i) => sum + (instanceTypeNamed(i.instanceType)?.vcpus ?? 0), 0);
