// Owns what each parameter of the offered EC2 operations does, as data for docs/coverage.md: a parameter that stands nowhere here fails
// test/coverage.test.ts, so that none is taken silently. By name, or by "Operation.Parameter" where one operation differs.

/** packets: decides where packets go, whether they pass, or what a guest is. shown: kept and shown. refused: AWS's refusal.
 *  none: accepted, and nothing here could come of it. selects: says what the call is about, or how it answers. */
export type Effect = "packets" | "shown" | "refused" | "none" | "selects";

const words = (text: string): readonly string[] => text.trim().split(/\s+/);

const byEffect: Readonly<Record<Effect, readonly string[]>> = {
  selects: words(`DryRun ClientToken AllocationId AllocationIds Address AssociationId AssociationIds AttachmentId Attribute Domain FlowLogIds GroupId GroupName InstanceId InstanceIds InternetGatewayId KeyName KeyPairId
    LaunchTemplateId LaunchTemplateName NatGatewayId NetworkAclId NetworkInterfaceId PrefixListId PublicIp ResourceIds Resources RouteTableId RuleNumber SecurityGroupRuleIds SnapshotId SourceImageId SourceRegion
    SubnetCidrReservationId SubnetId NetworkInsightsPathId NetworkInsightsAnalysisId NetworkInsightsAccessScopeId NetworkInsightsAccessScopeAnalysisId FilterInArns FilterOutArns Source Destination SourceIp DestinationIp DestinationPort FilterAtSource FilterAtDestination MatchPaths ExcludePaths VolumeId VpcId VpcPeeringConnectionId Versions CurrentVersion PreviousVersion SourceVersion DhcpOptionsId ImageId NoReboot MinCount MaxCount AllowReassociation AllowReassignment
    AvailabilityZone AvailabilityZoneId ResourceType OperationType KeyFormat KeyType Egress PeerVpcId PeerRegion PeerOwnerId Value InterfaceType AvailabilityMode DeleteAssociatedSnapshots VolumeId LocalTarget`),
  packets: words(`Size CidrBlock Cidr CidrIp DestinationCidrBlock DestinationPrefixListId GatewayId Groups SecurityGroups SecurityGroupIds IpPermissions IpProtocol FromPort ToPort Protocol PortRange IcmpTypeCode RuleAction
    SecurityGroupRules Entries AddEntries RemoveEntries SourceDestCheck PrivateIpAddress PrivateIpAddresses PrivateIpAddressCount SecondaryAllocationIds SecondaryPrivateIpAddresses SecondaryPrivateIpAddressCount
    AssociatePublicIpAddress MapPublicIpOnLaunch NetworkInterfaces DeviceIndex ConnectivityType EnableDnsSupport EnableDnsHostnames DhcpConfigurations DomainName AccepterPeeringConnectionOptions RequesterPeeringConnectionOptions
    ReservationType UserData InstanceType InstanceInitiatedShutdownBehavior MetadataOptions HttpEndpoint HttpTokens HttpPutResponseHopLimit InstanceMetadataTags IamInstanceProfile LaunchTemplate LaunchTemplateData
    PublicKeyMaterial SourceSecurityGroupName SourceSecurityGroupOwnerId ConnectionTrackingSpecification Attachment TrafficType LogFormat LogDestination LogDestinationType LogGroupName MaxAggregationInterval DestinationOptions`),
  shown: words(`Iops Throughput VolumeType AddressFamily Architecture BlockDeviceMappings CopyImageTags CreditSpecification InstanceCreditSpecifications DefaultVersion DeliverLogsPermissionArn Description DisableApiStop DisableApiTermination EbsOptimized
    InstanceTenancy LaunchPermission MaintenanceOptions MaxEntries Monitoring Name NetworkBorderGroup Placement PrefixListName PrivateDnsHostnameTypeOnLaunch PublicIpv4Pool RootDeviceName SecurityGroupRuleDescriptions
    TagSpecifications Tags UserGroups UserIds VersionDescription VirtualizationType WithCooldown EnableResourceNameDnsARecordOnLaunch`),
  refused: words(`MultiAttachEnabled AdditionalAccounts AssignIpv6AddressOnCreation CarrierGatewayId CoreNetworkArn DisableLniAtDeviceIndex EgressOnlyInternetGatewayId EnableDns64 EnableLniAtDeviceIndex EnableResourceNameDnsAAAARecordOnLaunch Hibernate HttpProtocolIpv6
    LocalGatewayId MapCustomerOwnedIpOnLaunch NetworkCardIndex NetworkPerformanceOptions OdbNetworkArn TransitGatewayId VpcEndpointId EnaQueueCount EnaSrdSpecification`),
  // A stop without the guest's own shutdown, a drain of connections, a copy's duration: nothing here takes that long, or can be told apart.
  none: words(`AdditionalInfo Force SkipOsShutdown MaxDrainDurationSeconds MetricCategoryIds ResolveAlias SnapshotCopyCompletionDurationMinutes`),
};

const exceptions: Readonly<Record<string, Effect>> = {
  "CreateNetworkInsightsPath.Protocol": "selects",
  "RunInstances.ImageId": "packets",
  "RunInstances.KeyName": "packets",
  "RunInstances.SubnetId": "packets",
  "CreateNetworkInterface.SubnetId": "packets",
  "CreateRoute.NatGatewayId": "packets",
  "CreateRoute.InstanceId": "packets",
  "CreateRoute.NetworkInterfaceId": "packets",
  "CreateRoute.VpcPeeringConnectionId": "packets",
  "ReplaceRoute.NatGatewayId": "packets",
  "ReplaceRoute.InstanceId": "packets",
  "ReplaceRoute.NetworkInterfaceId": "packets",
  "ReplaceRoute.VpcPeeringConnectionId": "packets",
  "ReplaceRoute.LocalTarget": "packets",
  "AssociateRouteTable.SubnetId": "packets",
  "AssociateDhcpOptions.DhcpOptionsId": "packets",
  "ModifyInstanceAttribute.Value": "packets",
};

const names = new Map<string, Effect>((Object.entries(byEffect) as [Effect, readonly string[]][]).flatMap(([effect, list]) => list.map((name): [string, Effect] => [name, effect])));

/** What a parameter does; undefined: nobody has said. */
export function effectOf(operation: string, parameter: string): Effect | undefined {
  const own = exceptions[`${operation}.${parameter}`];
  if (own) return own;
  return /^(Describe|Get)/.test(operation) ? "selects" : names.get(parameter);
}

export const classifiedNames: ReadonlySet<string> = new Set([...names.keys(), ...Object.keys(exceptions).map((key) => key.split(".")[1]!)]);
