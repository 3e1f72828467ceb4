// Owns the records: what the box remembers of each EC2 resource. Plain immutable data, camelCase, JSON-safe (times are ISO
// strings). `index` is a number unique in the box and never used again; tables below `plan` name things by it.
// Source of meanings: the EC2 API reference, data types.

export type Tags = Readonly<Record<string, string>>;

export interface Base {
  readonly id: string;
  readonly region: string;
  readonly index: number;
  readonly tags: Tags;
  readonly createdAt: string;
}

export interface CidrAssociation { readonly associationId: string; readonly cidrBlock: string }

export interface Vpc extends Base {
  readonly cidrAssociations: readonly CidrAssociation[]; // first one is the primary block
  readonly isDefault: boolean;
  readonly instanceTenancy: string;
  readonly dhcpOptionsId: string; // "default" or dopt-...
  readonly enableDnsSupport: boolean;
  readonly enableDnsHostnames: boolean;
}

export interface Subnet extends Base {
  readonly vpcId: string;
  readonly cidrBlock: string;
  readonly availabilityZone: string; // us-east-1a
  readonly defaultForAz: boolean;
  readonly mapPublicIpOnLaunch: boolean;
}

export interface InternetGateway extends Base { readonly vpcId?: string | undefined }

export type RouteTarget =
  | { readonly kind: "local" }
  | { readonly kind: "gateway"; readonly gatewayId: string }
  | { readonly kind: "interface"; readonly networkInterfaceId: string; readonly instanceId?: string | undefined }
  | { readonly kind: "nat-gateway"; readonly natGatewayId: string }
  | { readonly kind: "peering"; readonly vpcPeeringConnectionId: string };
export interface Route {
  readonly destination: string; // CIDR, canonical, or a managed prefix list's id (pl-...)
  readonly target: RouteTarget; // whether it is a blackhole follows from the snapshot (model/routing.ts)
  readonly origin: "CreateRouteTable" | "CreateRoute";
}
export interface RouteTableAssociation { readonly id: string; readonly main: boolean; readonly subnetId?: string | undefined; readonly gatewayId?: string | undefined }
export interface RouteTable extends Base {
  readonly vpcId: string;
  readonly routes: readonly Route[]; // includes the local route of each VPC block
  readonly associations: readonly RouteTableAssociation[];
}

export interface SecurityGroupRule {
  readonly id: string; // sgr-...
  readonly isEgress: boolean;
  readonly protocol: string; // "-1", "tcp", "udp", "icmp" or a number as text
  readonly fromPort: number; // -1 where it does not apply; ICMP: type, -1 any
  readonly toPort: number; // ICMP: code, -1 any
  readonly cidrIpv4?: string | undefined;
  readonly cidrIpv6?: string | undefined; // kept and shown; no IPv6 packet moves
  readonly referencedGroupId?: string | undefined;
  readonly peer?: { readonly vpcId: string; readonly vpcPeeringConnectionId: string } | undefined; // where that group is, when not in this VPC
  readonly prefixListId?: string | undefined;
  readonly description?: string | undefined;
  readonly tags: Tags;
}
export interface SecurityGroup extends Base {
  readonly vpcId: string;
  readonly name: string;
  readonly description: string;
  readonly rules: readonly SecurityGroupRule[];
}

export interface PrivateAddress {
  readonly address: string;
  readonly primary: boolean;
  readonly publicIp?: string | undefined; // given by the subnet or at launch, owned by amazon; Elastic IPs are in Address
}
export interface Attachment {
  readonly id: string; // eni-attach-...
  readonly instanceId: string;
  readonly deviceIndex: number;
  readonly deleteOnTermination: boolean;
  readonly attachedAt: string;
}
export interface NetworkInterface extends Base {
  readonly vpcId: string;
  readonly subnetId: string;
  readonly availabilityZone: string;
  readonly macAddress: string;
  readonly description: string;
  readonly privateAddresses: readonly PrivateAddress[]; // first is primary
  readonly groupIds: readonly string[];
  readonly sourceDestCheck: boolean;
  readonly attachment?: Attachment | undefined;
  readonly requesterManaged?: boolean | undefined; // made by the box for a NAT gateway: no call changes it
  readonly connectionTracking?: { readonly tcpEstablishedTimeoutSeconds?: number | undefined; readonly udpStreamTimeoutSeconds?: number | undefined; readonly udpTimeoutSeconds?: number | undefined } | undefined;
  readonly assignsPublicIp?: boolean | undefined; // launched with a public address: it gets another at the next start
}

export interface Address extends Base {
  readonly publicIp: string;
  readonly associationId?: string | undefined;
  readonly networkInterfaceId?: string | undefined;
  readonly privateIp?: string | undefined;
  readonly ptrRecord?: string | undefined; // ModifyAddressAttribute's DomainName
}

export type InstanceState = "pending" | "running" | "shutting-down" | "terminated" | "stopping" | "stopped";
export interface MetadataOptions {
  readonly httpTokens: "optional" | "required";
  readonly httpPutResponseHopLimit: number;
  readonly httpEndpoint: "enabled" | "disabled";
  readonly instanceMetadataTags: "enabled" | "disabled";
}
export interface Instance extends Base {
  readonly reservationId: string;
  readonly amiLaunchIndex: number;
  readonly imageId: string;
  readonly architecture: "x86_64" | "arm64";
  readonly layers: readonly string[]; // the image's at launch: the image may be deregistered while the instance lives
  readonly instanceType: string;
  readonly keyName?: string | undefined;
  readonly publicKey?: string | undefined; // the key pair's at launch: it may be deleted while the instance lives
  readonly vpcId: string;
  readonly subnetId: string;
  readonly availabilityZone: string;
  readonly state: InstanceState; // written by the API (pending, stopping, shutting-down) and by the reconciler (running, stopped, terminated)
  readonly stateReason?: { readonly code: string; readonly message: string } | undefined;
  readonly stateTransitionReason: string;
  readonly launchTime: string;
  readonly startedAt?: string | undefined; // of its last boot; undefined: it has never run
  readonly terminatedAt?: string | undefined; // the record goes an hour later
  readonly bootNumber: number; // raised by Start and Reboot: a guest of an older number is stopped and booted again
  readonly userData?: string | undefined; // base64
  readonly shutdownBehavior: "stop" | "terminate";
  readonly disableApiTermination: boolean;
  readonly disableApiStop: boolean;
  readonly monitoring: boolean;
  readonly ebsOptimized: boolean;
  readonly metadataOptions: MetadataOptions;
  readonly rootVolumeId: string;
  readonly creditSpecification?: "standard" | "unlimited" | undefined; // burstable types only
  readonly iamInstanceProfileArn?: string | undefined;
  readonly iamInstanceProfileId?: string | undefined;
  readonly iamInstanceProfileAssociationId?: string | undefined;
  readonly clientToken: string;
}

export interface KeyPair extends Base {
  readonly name: string;
  readonly keyType: "rsa" | "ed25519";
  readonly fingerprint: string;
  readonly publicKey: string; // OpenSSH, one line
}

export interface Image extends Base {
  readonly name: string;
  readonly description: string;
  readonly ownerId: string;
  readonly ownerAlias?: string | undefined; // "amazon"
  readonly public: boolean;
  readonly architecture: "x86_64" | "arm64";
  readonly state: "pending" | "available" | "failed";
  readonly stateReason?: string | undefined;
  readonly snapshotId: string;
  readonly layers: readonly string[]; // image layers in the store of layers, bottom first; built by instances/
  readonly sourceInstanceId?: string | undefined;
  readonly captureNoReboot?: boolean | undefined; // CreateImage's NoReboot; else the source boots again once captured
  readonly rootVolumeSizeGiB: number;
  readonly deregistrationProtection?: boolean | undefined;
  readonly launchPermissions?: readonly string[] | undefined; // account ids
}

/** A disk as EC2 shows it. What an instance's guest has written is in its upper layer: a volume is a record beside it. */
export interface VolumeAttachment {
  readonly instanceId: string;
  readonly device: string; // /dev/xvda
  readonly deleteOnTermination: boolean;
  readonly attachedAt: string;
}
export interface Volume extends Base {
  readonly availabilityZone: string;
  readonly sizeGiB: number;
  readonly volumeType: string;
  readonly iops?: number | undefined;
  readonly throughputMiBps?: number | undefined;
  readonly encrypted: boolean;
  readonly snapshotId: string; // "" when it was made empty
  readonly attachment?: VolumeAttachment | undefined;
  readonly modification?: VolumeModification | undefined; // the last one
}
/** What a volume was before, and when it became what it is. */
export interface VolumeModification extends Pick<Volume, "sizeGiB" | "volumeType" | "iops" | "throughputMiBps"> {
  readonly at: string;
}
export interface VolumeSnapshot extends Base {
  readonly volumeId: string;
  readonly layers?: readonly string[] | undefined; // of the image that it belonged to, once that is deregistered
  readonly sizeGiB: number;
  readonly description: string;
  readonly ownerId: string;
  readonly ownerAlias?: string | undefined;
  readonly encrypted: boolean;
}

/** `data` is RequestLaunchTemplateData as it came; it is read at launch only. */
export interface LaunchTemplateVersion { readonly number: number; readonly description?: string | undefined; readonly createdAt: string; readonly data: object }
export interface LaunchTemplate extends Base {
  readonly name: string;
  readonly defaultVersion: number;
  readonly latestVersion: number; // the highest number there ever was
  readonly versions: readonly LaunchTemplateVersion[]; // in order of number
}

export interface NetworkAclEntry {
  readonly ruleNumber: number; // 1-32766; 32767 is the final deny
  readonly egress: boolean;
  readonly protocol: string; // "-1" or a number as text
  readonly action: "allow" | "deny";
  readonly cidrBlock: string;
  readonly fromPort?: number | undefined; // TCP and UDP only
  readonly toPort?: number | undefined;
  readonly icmpType?: number | undefined; // ICMP only; -1 any
  readonly icmpCode?: number | undefined;
}
export interface NetworkAcl extends Base {
  readonly vpcId: string;
  readonly isDefault: boolean;
  readonly entries: readonly NetworkAclEntry[];
  readonly associations: readonly { readonly id: string; readonly subnetId: string }[];
}

export interface DhcpOptions extends Base { readonly configurations: Readonly<Record<string, readonly string[]>> }

/** One address of a NAT gateway. A public one has an Elastic IP; all of a gateway's are on its one network interface. */
export interface NatGatewayAddress {
  readonly privateIp: string;
  readonly allocationId?: string | undefined;
  readonly publicIp?: string | undefined;
  readonly associationId?: string | undefined; // eipassoc-...
  readonly primary: boolean;
}
export interface NatGateway extends Base {
  readonly vpcId: string;
  readonly subnetId: string;
  readonly connectivityType: "public" | "private";
  readonly state: "pending" | "available" | "deleting" | "deleted" | "failed";
  readonly failure?: { readonly code: string; readonly message: string } | undefined;
  readonly networkInterfaceId: string; // requester-managed, without groups, source/destination check off; gone when deleted
  readonly addresses: readonly NatGatewayAddress[]; // first is primary
  readonly deletedAt?: string | undefined; // the record goes an hour later
  readonly clientToken?: string | undefined;
}

export interface PeeringSide { readonly vpcId: string; readonly region: string; readonly ownerId: string; readonly allowDnsResolution: boolean }
export interface VpcPeeringConnection extends Base {
  readonly requester: PeeringSide;
  readonly accepter: PeeringSide;
  readonly status: "pending-acceptance" | "active" | "rejected" | "deleted" | "expired" | "failed";
  readonly statusMessage: string;
  readonly expiresAt?: string | undefined; // while pending: seven days after the request
  readonly endedAt?: string | undefined;
}

export interface PrefixListEntry { readonly cidr: string; readonly description?: string | undefined }
export interface ManagedPrefixList extends Base {
  readonly name: string;
  readonly addressFamily: "IPv4" | "IPv6";
  readonly maxEntries: number;
  readonly version: number; // the current one
  readonly state?: "modify-complete" | "modify-failed" | "restore-complete" | undefined; // of the last change; absent: created
  readonly stateMessage?: string | undefined; // why it failed: the list is as before
  readonly versions: readonly { readonly version: number; readonly entries: readonly PrefixListEntry[] }[];
}

export interface FlowLog extends Base {
  readonly resourceId: string; // vpc-, subnet- or eni-
  readonly trafficType: "ACCEPT" | "REJECT" | "ALL";
  readonly logDestinationType: "cloud-watch-logs" | "s3";
  readonly logDestination?: string | undefined; // ARN
  readonly logGroupName?: string | undefined;
  readonly deliverLogsPermissionArn?: string | undefined;
  readonly logFormat: string; // "${version} ${account-id} ..."
  readonly maxAggregationIntervalSeconds: 60 | 600;
  readonly destinationOptions?: { readonly fileFormat: "plain-text"; readonly hiveCompatiblePartitions: boolean; readonly perHourPartition: boolean } | undefined;
  readonly deliveryError?: string | undefined; // why the last delivery failed; written by the collector
}

export interface SubnetCidrReservation extends Base {
  readonly subnetId: string;
  readonly cidr: string;
  readonly reservationType: "prefix" | "explicit";
  readonly description?: string | undefined;
}

/** IAM is one world for all regions: `region` is "aws-global". */
export interface IamPolicyDocuments { readonly [name: string]: string }
export interface IamRole extends Base {
  readonly name: string;
  readonly path: string;
  readonly description?: string | undefined;
  readonly assumeRolePolicyDocument: string; // JSON as it came
  readonly maxSessionDurationSeconds: number;
  readonly inlinePolicies: IamPolicyDocuments;
  readonly attachedPolicyArns: readonly string[];
}
export interface IamInstanceProfile extends Base { readonly name: string; readonly path: string; readonly roleName?: string | undefined }
export interface IamPolicy extends Base {
  readonly name: string;
  readonly path: string;
  readonly description?: string | undefined;
  readonly versions: readonly { readonly id: string; readonly document: string; readonly createdAt: string }[];
  readonly defaultVersionId: string;
  readonly latestVersion: number; // the highest number there ever was
}

export interface InsightsPathFilter {
  readonly sourceAddress?: string | undefined; // address or CIDR
  readonly sourcePorts?: { readonly from: number; readonly to: number } | undefined;
  readonly destinationAddress?: string | undefined;
  readonly destinationPorts?: { readonly from: number; readonly to: number } | undefined;
}
export interface NetworkInsightsPath extends Base {
  readonly source: string; // the id of an instance, interface, internet gateway or peering connection; it may be gone
  readonly destination?: string | undefined; // none: the filter at the source has an address
  readonly sourceIp?: string | undefined;
  readonly destinationIp?: string | undefined;
  readonly protocol: "tcp" | "udp";
  readonly destinationPort?: number | undefined;
  readonly filterAtSource?: InsightsPathFilter | undefined;
  readonly filterAtDestination?: InsightsPathFilter | undefined;
}
/** What was found, in EC2's own shapes (PathComponent, Explanation, AlternatePathHint): what it names may be gone tomorrow. */
export interface InsightsResult {
  readonly pathFound: boolean;
  readonly forward: readonly object[];
  readonly return: readonly object[];
  readonly explanations: readonly object[];
  readonly hints: readonly object[];
}
export type InsightsStatus = "running" | "succeeded" | "failed";
export interface NetworkInsightsAnalysis extends Base {
  readonly pathId: string;
  readonly filterInArns: readonly string[];
  readonly filterOutArns: readonly string[];
  readonly status: InsightsStatus; // running is the intent; the daemon writes the others
  readonly statusMessage?: string | undefined;
  readonly warningMessage?: string | undefined;
  readonly result?: InsightsResult | undefined;
}
/** `matchPaths`, `excludePaths` are AccessScopePathRequest as they came. */
export interface NetworkInsightsAccessScope extends Base { readonly matchPaths: readonly object[]; readonly excludePaths: readonly object[] }
export interface NetworkInsightsAccessScopeAnalysis extends Base {
  readonly scopeId: string;
  readonly status: InsightsStatus;
  readonly statusMessage?: string | undefined;
  readonly warningMessage?: string | undefined;
  readonly endedAt?: string | undefined;
  readonly analyzedInterfaces: number;
  readonly findings: readonly (readonly object[])[]; // each one's PathComponents
}
