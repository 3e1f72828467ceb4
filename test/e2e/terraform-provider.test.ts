// Owns that Terraform's AWS provider finds what it reads: the calls of its resources for a VPC with NAT instance and NAT gateway, in the
// provider's order, through the SDK. After the build each resource is read twice, and nothing differs from what was asked for: an empty plan.
// Provider 5.x, internal/service/ec2: what each resource creates, waits for, reads and takes for "gone".

import { after, before, describe, test } from "node:test";
import assert from "node:assert/strict";
import * as sdk from "@aws-sdk/client-ec2";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { Box, until } from "../support/box.ts";
import { kernelLeftovers } from "../support/kernel-leftovers.ts";

const box = new Box();
let ec2: sdk.EC2Client;
before(async () => {
  await box.up();
  ec2 = box.ec2;
});
after(async () => {
  await box.remove();
  assert.deepEqual(await kernelLeftovers(box), []);
});

const tags = (name: string): sdk.Tag[] => [{ Key: "Name", Value: name }, { Key: "owner", Value: "terraform" }];
const tagged = (type: sdk.ResourceType, name: string): sdk.TagSpecification[] => [{ ResourceType: type, Tags: tags(name) }];
const by = (filters: Record<string, string>): sdk.Filter[] => Object.entries(filters).map(([Name, value]) => ({ Name, Values: [value] }));
const sorted = (list: sdk.Tag[] | undefined): string => (list ?? []).map((t) => `${t.Key}=${t.Value}`).sort().join(" ");
const mine = "Name=main owner=terraform";

/** What a resource shows when it is read, compared with what was asked for. */
type Attributes = Readonly<Record<string, unknown>>;
interface Resource { readonly name: string; readonly asked: Attributes; read(): Promise<Attributes>; destroy(): Promise<void>; readonly gone: string }
const built: Resource[] = [];
async function one<T>(what: string, list: Promise<readonly T[] | undefined>): Promise<T> {
  const items = (await list) ?? [];
  assert.equal(items.length, 1, what);
  return items[0]!;
}

const id: Record<string, string> = {};
const vpcOf = () => one("VPC", ec2.send(new sdk.DescribeVpcsCommand({ VpcIds: [id.vpc!] })).then((r) => r.Vpcs));
const instanceOf = (instance: string) => one("instance", ec2.send(new sdk.DescribeInstancesCommand({ InstanceIds: [instance] })).then((r) => r.Reservations!.flatMap((x) => x.Instances!)));
const attribute = async (instance: string, Attribute: sdk.InstanceAttributeName): Promise<sdk.DescribeInstanceAttributeCommandOutput> => ec2.send(new sdk.DescribeInstanceAttributeCommand({ InstanceId: instance, Attribute }));
const add = (resource: Resource): void => void built.push(resource);

async function network(): Promise<void> {
  id.vpc = (await ec2.send(new sdk.CreateVpcCommand({ CidrBlock: "10.60.0.0/16", InstanceTenancy: "default", AmazonProvidedIpv6CidrBlock: false, TagSpecifications: tagged("vpc", "main") }))).Vpc!.VpcId!;
  await until("the VPC", async () => ((await vpcOf()).State === "available" ? true : undefined));
  await ec2.send(new sdk.ModifyVpcAttributeCommand({ VpcId: id.vpc, EnableDnsHostnames: { Value: true } }));
  const enabled = async (Attribute: sdk.VpcAttributeName) => ec2.send(new sdk.DescribeVpcAttributeCommand({ VpcId: id.vpc!, Attribute }));
  add({
    name: "aws_vpc", gone: "InvalidVpcID.NotFound",
    asked: { block: "10.60.0.0/16", tenancy: "default", dhcp: true, support: true, hostnames: true, usage: false, acl: true, main: true, group: true, tags: mine, state: "associated" },
    read: async () => {
      const vpc = await vpcOf();
      return {
        block: vpc.CidrBlock, tenancy: vpc.InstanceTenancy, dhcp: vpc.DhcpOptionsId !== undefined, support: (await enabled("enableDnsSupport")).EnableDnsSupport!.Value, hostnames: (await enabled("enableDnsHostnames")).EnableDnsHostnames!.Value,
        usage: (await enabled("enableNetworkAddressUsageMetrics")).EnableNetworkAddressUsageMetrics!.Value, state: vpc.CidrBlockAssociationSet![0]!.CidrBlockState!.State, tags: sorted(vpc.Tags),
        acl: (await one("default ACL", ec2.send(new sdk.DescribeNetworkAclsCommand({ Filters: by({ "default": "true", "vpc-id": id.vpc! }) })).then((r) => r.NetworkAcls))).IsDefault,
        main: (await one("main table", ec2.send(new sdk.DescribeRouteTablesCommand({ Filters: by({ "association.main": "true", "vpc-id": id.vpc! }) })).then((r) => r.RouteTables))).Associations![0]!.Main,
        group: (await one("default group", ec2.send(new sdk.DescribeSecurityGroupsCommand({ Filters: by({ "group-name": "default", "vpc-id": id.vpc! }) })).then((r) => r.SecurityGroups))).GroupId !== undefined,
      };
    },
    destroy: async () => void await ec2.send(new sdk.DeleteVpcCommand({ VpcId: id.vpc! })),
  });
  for (const [name, block, open] of [["public", "10.60.0.0/24", true], ["private", "10.60.1.0/24", false]] as const) {
    const subnet = id[name] = (await ec2.send(new sdk.CreateSubnetCommand({ VpcId: id.vpc, CidrBlock: block, AvailabilityZone: "us-east-1a", TagSpecifications: tagged("subnet", "main") }))).Subnet!.SubnetId!;
    const read = () => one("subnet", ec2.send(new sdk.DescribeSubnetsCommand({ SubnetIds: [subnet] })).then((r) => r.Subnets));
    await until("the subnet", async () => ((await read()).State === "available" ? true : undefined));
    if (open) await ec2.send(new sdk.ModifySubnetAttributeCommand({ SubnetId: subnet, MapPublicIpOnLaunch: { Value: true } }));
    add({
      name: `aws_subnet.${name}`, gone: "InvalidSubnetID.NotFound", asked: { block, zone: "us-east-1a", zoneId: true, open, six: false, dns64: false, native: false, hostname: "ip-name", a: false, tags: mine },
      read: async () => {
        const s = await read();
        return { block: s.CidrBlock, zone: s.AvailabilityZone, zoneId: /^use1-az\d$/.test(s.AvailabilityZoneId!), open: s.MapPublicIpOnLaunch, six: s.AssignIpv6AddressOnCreation, dns64: s.EnableDns64, native: s.Ipv6Native, hostname: s.PrivateDnsNameOptionsOnLaunch!.HostnameType, a: s.PrivateDnsNameOptionsOnLaunch!.EnableResourceNameDnsARecord, tags: sorted(s.Tags) };
      },
      destroy: async () => void await ec2.send(new sdk.DeleteSubnetCommand({ SubnetId: subnet })),
    });
  }
  id.igw = (await ec2.send(new sdk.CreateInternetGatewayCommand({ TagSpecifications: tagged("internet-gateway", "main") }))).InternetGateway!.InternetGatewayId!;
  await ec2.send(new sdk.AttachInternetGatewayCommand({ InternetGatewayId: id.igw, VpcId: id.vpc }));
  const gateway = () => one("gateway", ec2.send(new sdk.DescribeInternetGatewaysCommand({ InternetGatewayIds: [id.igw!] })).then((r) => r.InternetGateways));
  await until("the attachment", async () => ((await gateway()).Attachments![0]?.State as string) === "available" ? true : undefined);
  add({
    name: "aws_internet_gateway", gone: "InvalidInternetGatewayID.NotFound", asked: { vpc: id.vpc, tags: mine },
    read: async () => { const g = await gateway(); return { vpc: g.Attachments![0]?.VpcId, tags: sorted(g.Tags) }; },
    destroy: async () => {
      await ec2.send(new sdk.DetachInternetGatewayCommand({ InternetGatewayId: id.igw!, VpcId: id.vpc! }));
      assert.deepEqual((await gateway()).Attachments ?? [], []);
      await ec2.send(new sdk.DeleteInternetGatewayCommand({ InternetGatewayId: id.igw! }));
    },
  });
}

async function group(): Promise<void> {
  id.group = (await ec2.send(new sdk.CreateSecurityGroupCommand({ GroupName: "NATSG", Description: "Managed by Terraform", VpcId: id.vpc!, TagSpecifications: tagged("security-group", "main") }))).GroupId!;
  const read = () => one("group", ec2.send(new sdk.DescribeSecurityGroupsCommand({ GroupIds: [id.group!] })).then((r) => r.SecurityGroups));
  // The provider takes the default way out away and puts what the configuration says.
  await ec2.send(new sdk.RevokeSecurityGroupEgressCommand({ GroupId: id.group, IpPermissions: [{ IpProtocol: "-1", FromPort: 0, ToPort: 0, IpRanges: [{ CidrIp: "0.0.0.0/0" }] }] }));
  await ec2.send(new sdk.AuthorizeSecurityGroupEgressCommand({ GroupId: id.group, IpPermissions: [{ IpProtocol: "-1", FromPort: 0, ToPort: 0, IpRanges: [{ CidrIp: "0.0.0.0/0" }] }] }));
  add({
    name: "aws_security_group", gone: "InvalidGroup.NotFound", asked: { name: "NATSG", about: "Managed by Terraform", vpc: id.vpc, egress: "-1 0.0.0.0/0", tags: mine },
    read: async () => { const g = await read(); return { name: g.GroupName, about: g.Description, vpc: g.VpcId, egress: g.IpPermissionsEgress!.map((p) => `${p.IpProtocol} ${p.IpRanges!.map((r) => r.CidrIp).join()}`).join(" "), tags: sorted(g.Tags) }; },
    destroy: async () => void await ec2.send(new sdk.DeleteSecurityGroupCommand({ GroupId: id.group! })),
  });
  const { SecurityGroupRules } = await ec2.send(new sdk.AuthorizeSecurityGroupIngressCommand({ GroupId: id.group, IpPermissions: [{ IpProtocol: "tcp", FromPort: 443, ToPort: 443, IpRanges: [{ CidrIp: "10.60.1.0/24", Description: "web" }] }], TagSpecifications: tagged("security-group-rule", "main") }));
  const rule = SecurityGroupRules![0]!.SecurityGroupRuleId!;
  add({
    name: "aws_vpc_security_group_ingress_rule", gone: "InvalidSecurityGroupRuleId.NotFound", asked: { block: "10.60.1.0/24", about: "web", from: 443, to: 443, protocol: "tcp", egress: false, tags: mine },
    read: async () => {
      const r = await one("rule", ec2.send(new sdk.DescribeSecurityGroupRulesCommand({ SecurityGroupRuleIds: [rule] })).then((x) => x.SecurityGroupRules));
      return { block: r.CidrIpv4, about: r.Description, from: r.FromPort, to: r.ToPort, protocol: r.IpProtocol, egress: r.IsEgress, tags: sorted(r.Tags) };
    },
    destroy: async () => void await ec2.send(new sdk.RevokeSecurityGroupIngressCommand({ GroupId: id.group!, SecurityGroupRuleIds: [rule] })),
  });
}

async function instances(): Promise<void> {
  const key = (await ec2.send(new sdk.ImportKeyPairCommand({ KeyName: "terraform", PublicKeyMaterial: Buffer.from("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIF0VJZ0zHvQyVdAqA7zNO4PpEYzfDP3sJ5E8iGTpcXNd terraform"), TagSpecifications: tagged("key-pair", "main") }))).KeyFingerprint;
  add({
    name: "aws_key_pair", gone: "InvalidKeyPair.NotFound", asked: { fingerprint: key, type: "ed25519", tags: mine },
    read: async () => { const k = await one("key", ec2.send(new sdk.DescribeKeyPairsCommand({ KeyNames: ["terraform"], IncludePublicKey: true })).then((r) => r.KeyPairs)); return { fingerprint: k.KeyFingerprint, type: k.KeyType, tags: sorted(k.Tags) }; },
    destroy: async () => void await ec2.send(new sdk.DeleteKeyPairCommand({ KeyName: "terraform" })),
  });
  // data "aws_ami": most recent of the owner's with that name
  const images = (await ec2.send(new sdk.DescribeImagesCommand({ Owners: ["amazon"], IncludeDeprecated: false, Filters: [{ Name: "name", Values: ["amzn-ami-vpc-nat-*"] }, { Name: "virtualization-type", Values: ["hvm"] }, { Name: "root-device-type", Values: ["ebs"] }] }))).Images!;
  const image = images.toSorted((a, b) => b.CreationDate!.localeCompare(a.CreationDate!))[0]!;
  assert.ok(image.RootDeviceName && image.BlockDeviceMappings![0]!.Ebs!.SnapshotId);
  const type = await one("type", ec2.send(new sdk.DescribeInstanceTypesCommand({ InstanceTypes: ["t3.micro"] })).then((r) => r.InstanceTypes));
  assert.equal(type.BurstablePerformanceSupported, true);
  const nat = id.nat = (await ec2.send(new sdk.RunInstancesCommand({
    ImageId: image.ImageId, InstanceType: "t3.micro", MinCount: 1, MaxCount: 1, ClientToken: "terraform-20261124", KeyName: "terraform", DisableApiTermination: false, DisableApiStop: false, EbsOptimized: false, Monitoring: { Enabled: false }, SubnetId: id.public!, SecurityGroupIds: [id.group!],
    CreditSpecification: { CpuCredits: "unlimited" }, MetadataOptions: { HttpEndpoint: "enabled", HttpTokens: "required", HttpPutResponseHopLimit: 2 }, TagSpecifications: [...tagged("instance", "main"), ...tagged("volume", "main")],
  }))).Instances![0]!.InstanceId!;
  await until("the instance", async () => ((await instanceOf(nat)).State!.Name === "running" ? true : undefined));
  await ec2.send(new sdk.ModifyInstanceAttributeCommand({ InstanceId: nat, SourceDestCheck: { Value: false } }));
  add({
    name: "aws_instance", gone: "terminated",
    asked: {
      image: image.ImageId, type: "t3.micro", key: "terraform", subnet: id.public, groups: id.group, check: false, public: true, dns: true, tags: mine, volumeTags: mine, tokens: "required", hops: 2, applied: "applied", monitoring: "disabled", stop: false, termination: false, behavior: "stop",
      data: undefined, credits: "unlimited", root: "/dev/xvda", volume: "gp", recovery: "default", tenancy: "default", reservation: "open", hostname: "ip-name", enclave: false,
    },
    read: async () => {
      const i = await instanceOf(nat);
      const volume = await one("volume", ec2.send(new sdk.DescribeVolumesCommand({ VolumeIds: i.BlockDeviceMappings!.map((m) => m.Ebs!.VolumeId!) })).then((r) => r.Volumes));
      const credit = await one("credits", ec2.send(new sdk.DescribeInstanceCreditSpecificationsCommand({ InstanceIds: [nat] })).then((r) => r.InstanceCreditSpecifications));
      return {
        image: i.ImageId, type: i.InstanceType, key: i.KeyName, subnet: i.SubnetId, groups: i.SecurityGroups!.map((g) => g.GroupId).join(), check: i.SourceDestCheck, public: i.PublicIpAddress !== undefined, dns: /compute/.test(i.PublicDnsName!), tags: sorted(i.Tags), volumeTags: sorted(volume.Tags),
        tokens: i.MetadataOptions!.HttpTokens, hops: i.MetadataOptions!.HttpPutResponseHopLimit, applied: i.MetadataOptions!.State, monitoring: i.Monitoring!.State, stop: (await attribute(nat, "disableApiStop")).DisableApiStop!.Value, termination: (await attribute(nat, "disableApiTermination")).DisableApiTermination!.Value,
        behavior: (await attribute(nat, "instanceInitiatedShutdownBehavior")).InstanceInitiatedShutdownBehavior!.Value, data: (await attribute(nat, "userData")).UserData?.Value, credits: credit.CpuCredits, root: i.RootDeviceName, volume: volume.VolumeType!.slice(0, 2), recovery: i.MaintenanceOptions!.AutoRecovery, tenancy: i.Placement!.Tenancy,
        reservation: i.CapacityReservationSpecification!.CapacityReservationPreference, hostname: i.PrivateDnsNameOptions!.HostnameType, enclave: i.EnclaveOptions!.Enabled,
      };
    },
    destroy: async () => {
      await ec2.send(new sdk.TerminateInstancesCommand({ InstanceIds: [nat] }));
      await until("the end", async () => ((await instanceOf(nat)).State!.Name === "terminated" ? true : undefined));
    },
  });
  const eni = id.eni = (await ec2.send(new sdk.CreateNetworkInterfaceCommand({ SubnetId: id.private!, Groups: [id.group!], Description: "spare", TagSpecifications: tagged("network-interface", "main") }))).NetworkInterface!.NetworkInterfaceId!;
  const readEni = () => one("interface", ec2.send(new sdk.DescribeNetworkInterfacesCommand({ NetworkInterfaceIds: [eni] })).then((r) => r.NetworkInterfaces));
  await until("the interface", async () => ((await readEni()).Status === "available" ? true : undefined));
  add({
    name: "aws_network_interface", gone: "InvalidNetworkInterfaceID.NotFound", asked: { subnet: id.private, groups: id.group, about: "spare", check: true, type: "interface", addresses: 1, tags: mine },
    read: async () => { const n = await readEni(); return { subnet: n.SubnetId, groups: n.Groups!.map((g) => g.GroupId).join(), about: n.Description, check: n.SourceDestCheck, type: n.InterfaceType, addresses: n.PrivateIpAddresses!.length, tags: sorted(n.TagSet) }; },
    destroy: async () => void await ec2.send(new sdk.DeleteNetworkInterfaceCommand({ NetworkInterfaceId: eni })),
  });
}

async function natGateway(): Promise<void> {
  const eip = (await ec2.send(new sdk.AllocateAddressCommand({ Domain: "vpc", TagSpecifications: tagged("elastic-ip", "main") }))).AllocationId!;
  add({
    name: "aws_eip", gone: "InvalidAllocationID.NotFound", asked: { domain: "vpc", pool: "amazon", tags: mine, ptr: 0 },
    read: async () => {
      const a = await one("address", ec2.send(new sdk.DescribeAddressesCommand({ AllocationIds: [eip] })).then((r) => r.Addresses));
      return { domain: a.Domain, pool: a.PublicIpv4Pool, tags: sorted(a.Tags), ptr: (await ec2.send(new sdk.DescribeAddressesAttributeCommand({ AllocationIds: [eip], Attribute: "domain-name" }))).Addresses!.filter((x) => x.PtrRecord).length };
    },
    destroy: async () => void await ec2.send(new sdk.ReleaseAddressCommand({ AllocationId: eip })),
  });
  const gateway = id.gateway = (await ec2.send(new sdk.CreateNatGatewayCommand({ SubnetId: id.public!, AllocationId: eip, ConnectivityType: "public", ClientToken: "terraform-nat", TagSpecifications: tagged("natgateway", "main") }))).NatGateway!.NatGatewayId!;
  const read = () => one("NAT gateway", ec2.send(new sdk.DescribeNatGatewaysCommand({ NatGatewayIds: [gateway] })).then((r) => r.NatGateways));
  await until("the NAT gateway", async () => ((await read()).State === "available" ? true : undefined));
  add({
    name: "aws_nat_gateway", gone: "deleted", asked: { subnet: id.public, allocation: eip, type: "public", eni: true, private: true, public: true, primary: true, tags: mine },
    read: async () => { const g = await read(); const [a] = g.NatGatewayAddresses!; return { subnet: g.SubnetId, allocation: a!.AllocationId, type: g.ConnectivityType, eni: /^eni-/.test(a!.NetworkInterfaceId!), private: /^10\.60\.0\./.test(a!.PrivateIp!), public: a!.PublicIp !== undefined, primary: a!.IsPrimary, tags: sorted(g.Tags) }; },
    destroy: async () => {
      await ec2.send(new sdk.DeleteNatGatewayCommand({ NatGatewayId: gateway }));
      await until("the NAT gateway's end", async () => ((await read()).State === "deleted" ? true : undefined));
    },
  });
}

async function routes(): Promise<void> {
  const readTable = (table: string) => one("table", ec2.send(new sdk.DescribeRouteTablesCommand({ RouteTableIds: [table] })).then((r) => r.RouteTables));
  const primary = (await instanceOf(id.nat!)).NetworkInterfaces![0]!.NetworkInterfaceId!; // the provider routes by interface: it takes instance_id no longer
  for (const [name, target, shown] of [["public", { GatewayId: id.igw! }, id.igw], ["private", { NetworkInterfaceId: primary }, primary], ["spare", { NatGatewayId: id.gateway! }, id.gateway]] as const) {
    const table = (await ec2.send(new sdk.CreateRouteTableCommand({ VpcId: id.vpc!, ClientToken: `terraform-${name}`, TagSpecifications: tagged("route-table", "main") }))).RouteTable!.RouteTableId!;
    await ec2.send(new sdk.CreateRouteCommand({ RouteTableId: table, DestinationCidrBlock: "0.0.0.0/0", ...target }));
    await until("the route", async () => ((await readTable(table)).Routes!.find((r) => r.DestinationCidrBlock === "0.0.0.0/0")?.State === "active" ? true : undefined));
    add({
      name: `aws_route_table.${name}`, gone: "InvalidRouteTableID.NotFound", asked: { routes: `0.0.0.0/0 ${shown} active 10.60.0.0/16 local active`, vgws: 0, tags: mine },
      read: async () => { const t = await readTable(table); return { routes: t.Routes!.map((r) => `${r.DestinationCidrBlock} ${r.NatGatewayId ?? r.NetworkInterfaceId ?? r.GatewayId} ${r.State}`).sort().join(" "), vgws: (t.PropagatingVgws ?? []).length, tags: sorted(t.Tags) }; },
      destroy: async () => void await ec2.send(new sdk.DeleteRouteTableCommand({ RouteTableId: table })),
    });
    if (name === "spare") continue;
    const association = (await ec2.send(new sdk.AssociateRouteTableCommand({ RouteTableId: table, SubnetId: id[name]! }))).AssociationId!;
    const find = () => one("association", ec2.send(new sdk.DescribeRouteTablesCommand({ Filters: by({ "association.route-table-association-id": association }) })).then((r) => r.RouteTables));
    add({
      name: `aws_route_table_association.${name}`, gone: "association", asked: { subnet: id[name], state: "associated" },
      read: async () => { const a = (await find()).Associations!.find((x) => x.RouteTableAssociationId === association)!; return { subnet: a.SubnetId, state: a.AssociationState!.State }; },
      destroy: async () => void await ec2.send(new sdk.DisassociateRouteTableCommand({ AssociationId: association })),
    });
  }
}

describe("Terraform's provider", () => {
  test("is let in: the caller's identity, the account's attributes, regions and zones", async () => {
    const sts = new STSClient({ endpoint: box.endpoint, region: "us-east-1", credentials: { accessKeyId: "test", secretAccessKey: "test" } });
    assert.equal((await sts.send(new GetCallerIdentityCommand({}))).Account, "000000000000");
    sts.destroy();
    assert.deepEqual((await ec2.send(new sdk.DescribeAccountAttributesCommand({ AttributeNames: ["supported-platforms"] }))).AccountAttributes!.flatMap((a) => a.AttributeValues!.map((v) => v.AttributeValue)), ["VPC"]);
    assert.equal((await ec2.send(new sdk.DescribeRegionsCommand({ RegionNames: ["us-east-1"] }))).Regions!.length, 1);
    assert.equal((await ec2.send(new sdk.DescribeAvailabilityZonesCommand({ Filters: by({ "zone-name": "us-east-1a", "opt-in-status": "opt-in-not-required" }) }))).AvailabilityZones!.length, 1);
  });

  test("builds, and reads twice what it asked for", async () => {
    await network();
    await group();
    await instances();
    await natGateway();
    await routes();
    for (const round of [1, 2]) for (const { name, asked, read } of built) assert.deepEqual(await read(), asked, `${name}, read ${round}`);
    const all = await ec2.send(new sdk.DescribeTagsCommand({ Filters: [{ Name: "key", Values: ["owner"] }, { Name: "value", Values: ["terraform"] }] }));
    assert.ok(all.Tags!.length >= built.length - 3, "every resource but the associations has its tag there");
  });

  test("default_*: the VPC that is there, its group emptied, its table and ACL as they are", async () => {
    const vpc = await one("default VPC", ec2.send(new sdk.DescribeVpcsCommand({ Filters: by({ isDefault: "true" }) })).then((r) => r.Vpcs));
    const subnet = await one("default subnet", ec2.send(new sdk.DescribeSubnetsCommand({ Filters: by({ availabilityZone: "us-east-1a", defaultForAz: "true" }) })).then((r) => r.Subnets));
    assert.equal(subnet.VpcId, vpc.VpcId);
    const group = await one("default group", ec2.send(new sdk.DescribeSecurityGroupsCommand({ Filters: by({ "group-name": "default", "vpc-id": vpc.VpcId! }) })).then((r) => r.SecurityGroups));
    await ec2.send(new sdk.RevokeSecurityGroupIngressCommand({ GroupId: group.GroupId, IpPermissions: group.IpPermissions }));
    await ec2.send(new sdk.RevokeSecurityGroupEgressCommand({ GroupId: group.GroupId, IpPermissions: group.IpPermissionsEgress }));
    const emptied = await one("group", ec2.send(new sdk.DescribeSecurityGroupsCommand({ GroupIds: [group.GroupId!] })).then((r) => r.SecurityGroups));
    assert.deepEqual([emptied.IpPermissions, emptied.IpPermissionsEgress], [[], []]);
    await one("DHCP options", ec2.send(new sdk.DescribeDhcpOptionsCommand({ DhcpOptionsIds: [vpc.DhcpOptionsId!] })).then((r) => r.DhcpOptions));
  });

  test("destroys, and each is gone as it looks for it", async () => {
    for (const { name, gone, read, destroy } of built.toReversed()) {
      if (name.startsWith("aws_subnet") || name === "aws_security_group") assert.deepEqual((await ec2.send(new sdk.DescribeNetworkInterfacesCommand({ Filters: by({ "vpc-id": id.vpc!, "description": "AWS Lambda VPC ENI*" }) }))).NetworkInterfaces, []); // it looks for what holds on
      await destroy();
      if (gone === "terminated") assert.equal((await instanceOf(id.nat!)).State!.Name, "terminated", name);
      else if (gone === "deleted" || gone === "association") continue;
      else await assert.rejects(read(), { name: gone }, name);
    }
  });
});
