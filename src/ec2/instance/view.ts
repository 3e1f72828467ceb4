// Owns how an instance looks to clients (EC2 API reference, Instance and Reservation). A terminated one shows little: its
// interfaces, addresses and volumes are gone.

import type * as ec2 from "@aws-sdk/client-ec2";
import { privateDnsName } from "../../lib/dns-names.ts";
import type { Joins } from "../../model/joins.ts";
import type { Instance, InstanceState, MetadataOptions, Volume } from "../../model/records.ts";
import type { Context } from "../../wire/operation.ts";
import { tagList } from "../describe.ts";
import { profileView } from "../iam-instance-profile/view.ts";
import { instanceTypeNamed } from "../instance-type/types.ts";
import { rootDevice } from "../volume/block-devices.ts";
import { groupViews, instanceInterfaceView, publicAssociation } from "../network-interface/view.ts";


const stateCodes: Readonly<Record<InstanceState, number>> = { "pending": 0, "running": 16, "shutting-down": 32, "terminated": 48, "stopping": 64, "stopped": 80 };
export const stateView = (state: InstanceState): ec2.InstanceState => ({ Code: stateCodes[state], Name: state });

export function instanceView(joins: Joins, ctx: Context, instance: Instance): ec2.Instance {
  const gone = instance.state === "terminated";
  const interfaces = gone ? [] : joins.interfacesOf(instance.id);
  const primary = interfaces[0];
  const address = primary?.privateAddresses[0];
  const association = primary && publicAssociation(joins, ctx, primary, address!);
  const type = instanceTypeNamed(instance.instanceType);
  return {
    InstanceId: instance.id,
    ImageId: instance.imageId,
    State: stateView(instance.state),
    PrivateDnsName: address ? privateDnsName(address.address, instance.region) : "",
    PublicDnsName: association?.publicDnsName ?? "",
    StateTransitionReason: instance.stateTransitionReason,
    KeyName: instance.keyName,
    AmiLaunchIndex: instance.amiLaunchIndex,
    ProductCodes: [],
    InstanceType: instance.instanceType as ec2._InstanceType,
    LaunchTime: new Date(instance.launchTime),
    Placement: { AvailabilityZone: instance.availabilityZone, GroupName: "", Tenancy: "default" },
    Monitoring: { State: instance.monitoring ? "enabled" : "disabled" },
    SubnetId: gone ? undefined : instance.subnetId,
    VpcId: gone ? undefined : instance.vpcId,
    PrivateIpAddress: address?.address,
    PublicIpAddress: association?.publicIp,
    StateReason: stateReasonView(instance),
    Architecture: instance.architecture,
    BlockDeviceMappings: gone ? [] : joins.volumesOf(instance.id).map(blockDeviceView),
    ClientToken: instance.clientToken,
    EbsOptimized: instance.ebsOptimized,
    EnaSupport: true,
    Hypervisor: "xen", // what EC2 says of Nitro types too
    NetworkInterfaces: interfaces.map((eni) => instanceInterfaceView(joins, ctx, eni)),
    RootDeviceName: rootDevice,
    RootDeviceType: "ebs",
    SecurityGroups: primary ? groupViews(joins, primary.groupIds) : [],
    SourceDestCheck: primary?.sourceDestCheck,
    Tags: tagList(instance.tags),
    VirtualizationType: "hvm",
    CpuOptions: type && { CoreCount: type.vcpus / type.threadsPerCore, ThreadsPerCore: type.threadsPerCore },
    CapacityReservationSpecification: { CapacityReservationPreference: "open" },
    HibernationOptions: { Configured: false },
    MetadataOptions: metadataOptionsView(instance.metadataOptions),
    EnclaveOptions: { Enabled: false },
    BootMode: bootMode(instance),
    CurrentInstanceBootMode: bootMode(instance),
    PlatformDetails: "Linux/UNIX",
    UsageOperation: "RunInstances",
    UsageOperationUpdateTime: new Date(instance.createdAt),
    PrivateDnsNameOptions: gone ? undefined : { HostnameType: "ip-name", EnableResourceNameDnsARecord: false, EnableResourceNameDnsAAAARecord: false },
    IamInstanceProfile: profileView(instance),
    MaintenanceOptions: { AutoRecovery: "default", RebootMigration: "default" },
    NetworkPerformanceOptions: { BandwidthWeighting: "default" },
    Operator: { Managed: false },
  };
}

export const bootMode = (instance: Instance): "uefi" | "legacy-bios" => (instance.architecture === "arm64" ? "uefi" : "legacy-bios");

export function stateReasonView(instance: Instance): ec2.StateReason | undefined {
  if (instance.stateReason) return { Code: instance.stateReason.code, Message: instance.stateReason.message };
  return instance.state === "pending" ? { Code: "pending", Message: "pending" } : undefined;
}

export function metadataOptionsView(options: MetadataOptions): ec2.InstanceMetadataOptionsResponse {
  return {
    State: "applied",
    HttpTokens: options.httpTokens,
    HttpPutResponseHopLimit: options.httpPutResponseHopLimit,
    HttpEndpoint: options.httpEndpoint,
    HttpProtocolIpv6: "disabled",
    InstanceMetadataTags: options.instanceMetadataTags,
  };
}

export function blockDeviceView(volume: Volume): ec2.InstanceBlockDeviceMapping {
  const attachment = volume.attachment!;
  return {
    DeviceName: attachment.device,
    Ebs: { VolumeId: volume.id, Status: "attached", AttachTime: new Date(attachment.attachedAt), DeleteOnTermination: attachment.deleteOnTermination },
  };
}

/** Instances as reservations, in the order in which they come. */
export function reservationViews(joins: Joins, ctx: Context, instances: readonly Instance[]): ec2.Reservation[] {
  const byReservation = new Map<string, ec2.Instance[]>();
  for (const instance of instances) {
    const list = byReservation.get(instance.reservationId);
    if (list) list.push(instanceView(joins, ctx, instance));
    else byReservation.set(instance.reservationId, [instanceView(joins, ctx, instance)]);
  }
  return [...byReservation].map(([ReservationId, Instances]) => ({ ReservationId, OwnerId: ctx.accountId, Groups: [], Instances }));
}
