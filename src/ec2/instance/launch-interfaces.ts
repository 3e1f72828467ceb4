// Owns how RunInstances's network parameters become interfaces: the short form (SubnetId, SecurityGroupIds, PrivateIpAddress) and
// NetworkInterfaces[], new ones and existing ones (EC2 API reference, RunInstances, InstanceNetworkInterfaceSpecification).

import type * as ec2 from "@aws-sdk/client-ec2";
import { unreservedAddressCount } from "../../model/private-addresses.ts";
import type { NetworkInterface, Subnet, Tags } from "../../model/records.ts";
import type { Snapshot, Transaction } from "../../model/snapshot.ts";
import { Ec2Error } from "../../wire/error.ts";
import type { Context } from "../../wire/operation.ts";
import type { InstanceType } from "../instance-type/types.ts";
import { readConnectionTracking } from "../network-interface/connection-tracking.ts";
import { createInterface, withPublicIp } from "../network-interface/create-interface.ts";
import { find } from "../resource.ts";

type Spec = ec2.InstanceNetworkInterfaceSpecification;
export interface PlannedInterface {
  readonly deviceIndex: number;
  readonly existing?: NetworkInterface | undefined;
  readonly subnet: Subnet;
  readonly spec: Spec;
  readonly groupIds: readonly string[];
  readonly assignsPublicIp: boolean;
}

/** What each instance of the call gets, primary first. Nothing is put yet. */
export function planInterfaces(snapshot: Snapshot, ctx: Context, input: ec2.RunInstancesRequest, type: InstanceType): readonly PlannedInterface[] {
  const specs = input.NetworkInterfaces ?? [];
  if (specs.length === 0) return [planShortForm(snapshot, ctx, input)];
  refuseMixture(input);
  const byDevice = new Map<number, PlannedInterface>();
  for (const spec of specs) {
    const deviceIndex = spec.DeviceIndex ?? (spec.NetworkInterfaceId !== undefined || specs.length === 1 ? 0 : missing("DeviceIndex"));
    if (byDevice.has(deviceIndex)) throw new Ec2Error("InvalidParameterCombination", `Network interfaces must have unique device indexes: ${deviceIndex} is repeated.`);
    byDevice.set(deviceIndex, planSpec(snapshot, ctx, input, spec, deviceIndex, specs.length));
  }
  const planned = [...byDevice.values()].sort((a, b) => a.deviceIndex - b.deviceIndex);
  if (planned[0]!.deviceIndex !== 0) throw new Ec2Error("InvalidParameterCombination", "When specifying network interfaces, you must include a device at index 0.");
  if (planned.length > type.maxInterfaces) throw new Ec2Error("AttachmentLimitExceeded", `Interface count ${planned.length} exceeds the limit for ${type.name}`);
  const existing = planned.flatMap((p) => p.existing?.id ?? []);
  if (new Set(existing).size < existing.length) throw new Ec2Error("InvalidParameterCombination", "A network interface may not be specified more than once.");
  const zone = planned[0]!.subnet.availabilityZone;
  if (planned.some((p) => p.subnet.availabilityZone !== zone)) throw new Ec2Error("InvalidParameterCombination", "You may not specify network interfaces in different availability zones.");
  for (const p of planned) checkAddressCount(p, type);
  return planned;
}

function planShortForm(snapshot: Snapshot, ctx: Context, input: ec2.RunInstancesRequest): PlannedInterface {
  const subnet = launchSubnet(snapshot, ctx, input);
  const spec: Spec = { PrivateIpAddress: input.PrivateIpAddress };
  return { deviceIndex: 0, subnet, spec, groupIds: launchGroups(snapshot, ctx, input, subnet), assignsPublicIp: subnet.mapPublicIpOnLaunch };
}

function planSpec(snapshot: Snapshot, ctx: Context, input: ec2.RunInstancesRequest, spec: Spec, deviceIndex: number, count: number): PlannedInterface {
  const unsupported = (["Ipv6AddressCount", "Ipv6Addresses", "Ipv6Prefixes", "Ipv6PrefixCount", "Ipv4Prefixes", "Ipv4PrefixCount", "AssociateCarrierIpAddress"] as const)
    .find((name) => { const v = spec[name]; return Array.isArray(v) ? v.length > 0 : Boolean(v); });
  if (unsupported !== undefined) throw new Ec2Error("UnsupportedOperation", `The parameter ${unsupported} is not supported.`);
  if (spec.InterfaceType !== undefined && spec.InterfaceType !== "interface") throw new Ec2Error("InvalidParameterValue", `Invalid value '${spec.InterfaceType}' for InterfaceType.`);
  if ((spec.NetworkCardIndex ?? 0) !== 0) throw new Ec2Error("InvalidParameterValue", `Network card index ${spec.NetworkCardIndex} is not valid for the instance type.`);
  if (spec.NetworkInterfaceId !== undefined) return planExisting(snapshot, ctx, input, spec, deviceIndex);
  if (spec.AssociatePublicIpAddress === true && count > 1)
    throw new Ec2Error("InvalidParameterCombination", "The associatePublicIpAddress parameter cannot be specified when launching with multiple network interfaces.");
  if (spec.AssociatePublicIpAddress === true && deviceIndex !== 0)
    throw new Ec2Error("InvalidParameterCombination", "The associatePublicIpAddress parameter is only supported for the primary network interface (device index 0).");
  const subnet = spec.SubnetId === undefined ? defaultSubnet(snapshot, ctx, input.Placement?.AvailabilityZone) : find(snapshot, "subnet", spec.SubnetId, ctx.region);
  checkZone(subnet, input.Placement?.AvailabilityZone);
  return { deviceIndex, subnet, spec, groupIds: spec.Groups ?? [], assignsPublicIp: spec.AssociatePublicIpAddress ?? (count === 1 && subnet.mapPublicIpOnLaunch) };
}

function planExisting(snapshot: Snapshot, ctx: Context, input: ec2.RunInstancesRequest, spec: Spec, deviceIndex: number): PlannedInterface {
  const clash = (["SubnetId", "PrivateIpAddress", "SecondaryPrivateIpAddressCount", "AssociatePublicIpAddress", "Description"] as const).find((name) => spec[name] !== undefined)
    ?? ((spec.Groups ?? []).length > 0 ? "Groups" : (spec.PrivateIpAddresses ?? []).length > 0 ? "PrivateIpAddresses" : undefined);
  if (clash !== undefined) {
    const parameter = clash === "AssociatePublicIpAddress" ? "associatePublicIPAddress" : clash[0]!.toLowerCase() + clash.slice(1);
    throw new Ec2Error("InvalidParameterCombination", `A network interface may not specify both a network interface ID and a ${parameter}`);
  }
  if (spec.DeleteOnTermination === true) throw new Ec2Error("InvalidParameterCombination", "A network interface may not specify a network interface ID and delete on termination as true");
  if (input.MaxCount !== 1) throw new Ec2Error("InvalidParameterCombination", "When specifying a network interface ID, only one instance may be launched.");
  const eni = find(snapshot, "network-interface", spec.NetworkInterfaceId, ctx.region);
  if (eni.attachment || eni.requesterManaged) throw new Ec2Error("InvalidNetworkInterface.InUse", `Interface: [${eni.id}] in use.`);
  const subnet = find(snapshot, "subnet", eni.subnetId, ctx.region);
  checkZone(subnet, input.Placement?.AvailabilityZone);
  return { deviceIndex, existing: eni, subnet, spec, groupIds: eni.groupIds, assignsPublicIp: false };
}

function refuseMixture(input: ec2.RunInstancesRequest): void {
  const mixed = (what: string): never => { throw new Ec2Error("InvalidParameterCombination", `Network interfaces and an instance-level ${what} may not be specified on the same request`); };
  if (input.SubnetId !== undefined) mixed("subnet ID");
  if ((input.SecurityGroupIds ?? []).length > 0 || (input.SecurityGroups ?? []).length > 0) mixed("security groups");
  if (input.PrivateIpAddress !== undefined) mixed("private address");
}

const missing = (name: string): never => { throw new Ec2Error("MissingParameter", `The request must contain the parameter ${name}`); };

function launchSubnet(snapshot: Snapshot, ctx: Context, input: ec2.RunInstancesRequest): Subnet {
  const zone = input.Placement?.AvailabilityZone;
  if (input.SubnetId === undefined) return defaultSubnet(snapshot, ctx, zone);
  const subnet = find(snapshot, "subnet", input.SubnetId, ctx.region);
  checkZone(subnet, zone);
  return subnet;
}

function checkZone(subnet: Subnet, zone: string | undefined): void {
  if (zone !== undefined && zone !== "" && subnet.availabilityZone !== zone)
    throw new Ec2Error("InvalidParameterValue", `The availability zone '${zone}' does not match the availability zone of the subnet '${subnet.id}'.`);
}

function defaultSubnet(snapshot: Snapshot, ctx: Context, zone: string | undefined): Subnet {
  const vpc = snapshot.list("vpc", ctx.region).find((v) => v.isDefault);
  if (!vpc) throw new Ec2Error("VPCIdNotSpecified", "No default VPC for this user");
  const subnets = snapshot.list("subnet", ctx.region).filter((s) => s.vpcId === vpc.id && s.defaultForAz);
  if (zone !== undefined && zone !== "" && !new RegExp(`^${ctx.region}[a-z]$`).test(zone)) throw new Ec2Error("InvalidParameterValue", `Invalid availability zone: [${zone}]`);
  const subnet = zone === undefined || zone === "" ? subnets[0] : subnets.find((s) => s.availabilityZone === zone);
  if (!subnet)
    throw new Ec2Error("MissingInput", zone ? `No default subnet for availability zone: '${zone}'.` : `No subnets found for the default VPC '${vpc.id}'. Please specify a subnet.`);
  return subnet;
}

function launchGroups(snapshot: Snapshot, ctx: Context, input: ec2.RunInstancesRequest, subnet: Subnet): readonly string[] {
  const names = input.SecurityGroups ?? [];
  if (names.length > 0 && input.SubnetId !== undefined)
    throw new Ec2Error("InvalidParameterCombination", "The parameter groupName cannot be used with the parameter subnet");
  return [...(input.SecurityGroupIds ?? []), ...names.map((name) => {
    const group = snapshot.list("security-group", ctx.region).find((g) => g.vpcId === subnet.vpcId && g.name === name);
    if (!group) throw new Ec2Error("InvalidGroup.NotFound", `The security group '${name}' does not exist in default VPC '${subnet.vpcId}'`);
    return group.id;
  })];
}

function checkAddressCount(planned: PlannedInterface, type: InstanceType): void {
  const count = planned.existing ? planned.existing.privateAddresses.length : addressesWanted(planned.spec);
  if (count > type.maxAddresses) throw new Ec2Error("PrivateIpAddressLimitExceeded", `Number of private addresses will exceed limit. (Limit ${type.maxAddresses} for ${type.name})`);
}

const addressesWanted = (spec: Spec): number => {
  const named = addressesOf(spec);
  return (spec.SecondaryPrivateIpAddressCount ?? 0) + named.secondary.length + 1;
};

/** Which addresses a specification names: `PrivateIpAddress`, or `PrivateIpAddresses` with one primary. */
export function addressesOf(spec: { readonly PrivateIpAddress?: string | undefined; readonly PrivateIpAddresses?: readonly ec2.PrivateIpAddressSpecification[] | undefined; readonly SecondaryPrivateIpAddressCount?: number | undefined }): { readonly primary: string | undefined; readonly secondary: readonly string[] } {
  const list = spec.PrivateIpAddresses ?? [];
  const primaries = list.filter((a) => a.Primary === true).map((a) => a.PrivateIpAddress ?? missing("PrivateIpAddresses.PrivateIpAddress"));
  if (primaries.length > 1 || (primaries.length === 1 && spec.PrivateIpAddress !== undefined && spec.PrivateIpAddress !== primaries[0]))
    throw new Ec2Error("InvalidParameterCombination", "Only one primary private IP address can be specified.");
  if (spec.SecondaryPrivateIpAddressCount !== undefined && list.some((a) => a.Primary !== true))
    throw new Ec2Error("InvalidParameterCombination", "You may specify secondary private IP addresses or a secondary private IP address count, not both.");
  if (spec.SecondaryPrivateIpAddressCount !== undefined && spec.SecondaryPrivateIpAddressCount < 0)
    throw new Ec2Error("InvalidParameterValue", `Value (${spec.SecondaryPrivateIpAddressCount}) for parameter secondaryPrivateIpAddressCount is invalid.`);
  return { primary: spec.PrivateIpAddress ?? primaries[0], secondary: list.filter((a) => a.Primary !== true).map((a) => a.PrivateIpAddress ?? missing("PrivateIpAddresses.PrivateIpAddress")) };
}

/** So many addresses of its subnet are chosen here. */
const unnamedAddresses = (spec: Spec): number => (spec.SecondaryPrivateIpAddressCount ?? 0) + (addressesOf(spec).primary === undefined ? 1 : 0);

/** How many instances the subnets have room for. */
export function instancesThatFit(snapshot: Snapshot, planned: readonly PlannedInterface[]): number {
  const wanted = new Map<Subnet, number>();
  for (const p of planned) if (!p.existing) wanted.set(p.subnet, (wanted.get(p.subnet) ?? 0) + unnamedAddresses(p.spec));
  return Math.min(Infinity, ...[...wanted].map(([subnet, each]) => each === 0 ? Infinity : Math.floor(unreservedAddressCount(snapshot, subnet) / each)));
}

/** Makes or plugs in one instance's interfaces. */
export function plugInterfaces(tx: Transaction, ctx: Context, planned: readonly PlannedInterface[], instanceId: string, tags: Tags): readonly NetworkInterface[] {
  return planned.map((p) => {
    const attachment = {
      id: ctx.newId("eni-attach"), instanceId, deviceIndex: p.deviceIndex, attachedAt: ctx.now().toISOString(),
      deleteOnTermination: p.existing ? false : p.spec.DeleteOnTermination ?? true,
    };
    if (p.existing) {
      const eni: NetworkInterface = { ...p.existing, attachment };
      tx.put("network-interface", eni);
      return eni;
    }
    const { primary, secondary } = addressesOf(p.spec);
    return createInterface(tx, ctx, {
      subnet: p.subnet, description: p.spec.Description ?? "", groupIds: p.groupIds, primaryAddress: primary, secondaryAddresses: secondary,
      secondaryCount: p.spec.SecondaryPrivateIpAddressCount ?? 0, assignsPublicIp: p.assignsPublicIp, tags, attachment,
      connectionTracking: readConnectionTracking(p.spec.ConnectionTrackingSpecification),
    });
  });
}

/** At a start: an instance that was launched with a public address gets a new one, unless it has several interfaces or an Elastic IP. */
export function regainPublicIp(tx: Transaction, ctx: Context, instanceId: string): void {
  const attached = tx.list("network-interface").filter((eni) => eni.attachment?.instanceId === instanceId);
  const eni = attached[0];
  if (attached.length !== 1 || !eni?.assignsPublicIp || eni.privateAddresses.some((p) => p.publicIp !== undefined)) return;
  if (tx.list("elastic-ip").some((a) => a.networkInterfaceId === eni.id)) return;
  tx.put("network-interface", { ...eni, privateAddresses: withPublicIp(tx, ctx, eni.privateAddresses) });
}
