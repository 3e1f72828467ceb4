// Owns the guide's network, step by step through the EC2 API, as "NAT instances" in the Amazon VPC User Guide has it.

import {
  AllocateAddressCommand, AssociateAddressCommand, AssociateRouteTableCommand, AttachInternetGatewayCommand, AuthorizeSecurityGroupEgressCommand,
  AuthorizeSecurityGroupIngressCommand, CreateImageCommand, CreateInternetGatewayCommand, CreateKeyPairCommand, CreateRouteCommand, CreateRouteTableCommand,
  CreateSecurityGroupCommand, CreateSubnetCommand, CreateVpcCommand, DescribeImagesCommand, DescribeInstancesCommand, DescribeRouteTablesCommand,
  ModifyInstanceAttributeCommand, RevokeSecurityGroupEgressCommand, RunInstancesCommand, TerminateInstancesCommand,
  type EC2Client, type Image, type Instance, type IpPermission, type ResourceType, type TagSpecification,
} from "@aws-sdk/client-ec2";
import { laptopAddress } from "../src/internet/addresses.ts";
import type { GuideBox } from "./guide-box.ts";
import { StepFailure, type Report } from "./guide-report.ts";

export const GUIDE_TAG = "vpcbox:guide";
export const GUIDE = "nat-instance";
export const KEY_NAME = "vpcbox-guide";
export const VPC_CIDR = "10.0.0.0/16";
export const PUBLIC_CIDR = "10.0.0.0/24";
export const PRIVATE_CIDR = "10.0.1.0/24";
const EVERYWHERE = "0.0.0.0/0";
const YOUR_NETWORK = `${laptopAddress}/32`;
const WAIT_MS = 60_000;
const ASK_AGAIN_MS = 50;

/** The guide's commands for Amazon Linux 2, one after the other. */
const NAT_COMMANDS = [
  "sudo sysctl -w net.ipv4.ip_forward=1",
  "sudo /sbin/iptables -t nat -A POSTROUTING -o eth0 -j MASQUERADE",
  "sudo yum install -y iptables-services",
  "sudo service iptables save",
] as const;

export interface GuideNetwork {
  readonly vpc: string;
  readonly publicSubnet: string;
  readonly privateSubnet: string;
  readonly gateway: string;
  readonly publicTable: string;
  readonly mainTable: string;
  readonly natGroup: string;
  readonly nat: Instance;
  readonly publicAddress: string;
  readonly keyFile: string;
}

export const tags = (type: ResourceType, name: string): TagSpecification[] => [{ ResourceType: type, Tags: [{ Key: "Name", Value: name }, { Key: GUIDE_TAG, Value: GUIDE }] }];
export const tcp = (port: number, cidr: string): IpPermission => ({ IpProtocol: "tcp", FromPort: port, ToPort: port, IpRanges: [{ CidrIp: cidr }] });
export const icmp = (cidr: string): IpPermission => ({ IpProtocol: "icmp", FromPort: -1, ToPort: -1, IpRanges: [{ CidrIp: cidr }] });

export class NetworkBuilder {
  readonly #ec2: EC2Client;
  readonly #report: Report;
  readonly #box: GuideBox;
  constructor(ec2: EC2Client, report: Report, box: GuideBox) {
    this.#ec2 = ec2;
    this.#report = report;
    this.#box = box;
  }

  /** "Before you begin": an AMI of one's own that forwards. @returns its id. */
  async buildImage(): Promise<string> {
    const r = this.#report;
    r.heading("headingImage");
    const base = await this.findImage("amzn2-ami-hvm-*");
    const started = await r.step("launchBuilder", { image: base.Name! }, () => this.#launch({ image: base, name: "guide-nat-image-builder" }), (i) => i.InstanceId!);
    const id = started.InstanceId!;
    await r.step("waitBuilder", {}, () => this.running(id), (i) => `${i.State!.Name}, ${i.PrivateIpAddress}`, { key: "lookConsole", places: { instance: id } });
    for (const command of NAT_COMMANDS) {
      await r.step("command", { command }, async () => {
        const result = await this.#box.exec(id, "ec2-user", command);
        if (result.status !== 0) throw new StepFailure(lastLine(result.stderr) || lastLine(result.stdout) || `exit status ${result.status}`);
        return lastLine(result.stdout) || "ok";
      }, (line) => line);
    }
    const image = await r.step("createImage", {}, async () => {
      const { ImageId } = await this.#ec2.send(new CreateImageCommand({ InstanceId: id, Name: `vpcbox-guide-nat-${Date.now()}`, Description: "forwards and masquerades", TagSpecifications: [...tags("image", "guide-nat"), ...tags("snapshot", "guide-nat")] }));
      return ImageId!;
    }, (imageId) => imageId);
    await r.step("waitImage", {}, () => this.#until(async () => {
      const [found] = (await this.#ec2.send(new DescribeImagesCommand({ ImageIds: [image] }))).Images ?? [];
      if (found?.State === "failed") throw new StepFailure(r.say("reasonState", { instance: image, state: "failed", detail: found.StateReason?.Message ?? "" }));
      return found?.State === "available" ? found.State : undefined;
    }), (state) => state);
    await r.step("endBuilder", {}, () => this.#ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] })), () => r.say("endBuilderDone"));
    return image;
  }

  /** Steps 1 to 6. */
  async build(natImage: string): Promise<GuideNetwork> {
    const [ec2, r] = [this.#ec2, this.#report];
    r.heading("heading1");
    const vpc = await r.step("createVpc", { cidr: VPC_CIDR }, async () => (await ec2.send(new CreateVpcCommand({ CidrBlock: VPC_CIDR, TagSpecifications: tags("vpc", "guide") }))).Vpc!.VpcId!, (id) => id);
    const subnet = async (cidr: string, name: string): Promise<string> => (await ec2.send(new CreateSubnetCommand({ VpcId: vpc, CidrBlock: cidr, TagSpecifications: tags("subnet", name) }))).Subnet!.SubnetId!;
    const publicSubnet = await r.step("createPublicSubnet", { cidr: PUBLIC_CIDR }, () => subnet(PUBLIC_CIDR, "guide-public"), (id) => id);
    const privateSubnet = await r.step("createPrivateSubnet", { cidr: PRIVATE_CIDR }, () => subnet(PRIVATE_CIDR, "guide-private"), (id) => id);
    const gateway = await r.step("attachGateway", {}, async () => {
      const id = (await ec2.send(new CreateInternetGatewayCommand({ TagSpecifications: tags("internet-gateway", "guide") }))).InternetGateway!.InternetGatewayId!;
      await ec2.send(new AttachInternetGatewayCommand({ InternetGatewayId: id, VpcId: vpc }));
      return id;
    }, (id) => id);
    const publicTable = await r.step("createTable", {}, async () => {
      const id = (await ec2.send(new CreateRouteTableCommand({ VpcId: vpc, TagSpecifications: tags("route-table", "guide-public") }))).RouteTable!.RouteTableId!;
      await ec2.send(new CreateRouteCommand({ RouteTableId: id, DestinationCidrBlock: EVERYWHERE, GatewayId: gateway }));
      return id;
    }, (id) => `${id}, ${EVERYWHERE} -> ${gateway}`);
    await r.step("associateTable", {}, async () => (await ec2.send(new AssociateRouteTableCommand({ RouteTableId: publicTable, SubnetId: publicSubnet }))).AssociationId!, (id) => id);

    r.heading("heading2");
    const natGroup = await r.step("createNatGroup", {}, async () => {
      const id = (await ec2.send(new CreateSecurityGroupCommand({ GroupName: "NATSG", Description: "NAT instance", VpcId: vpc, TagSpecifications: tags("security-group", "NATSG") }))).GroupId!;
      await ec2.send(new RevokeSecurityGroupEgressCommand({ GroupId: id, IpPermissions: [{ IpProtocol: "-1", IpRanges: [{ CidrIp: EVERYWHERE }] }] }));
      return id;
    }, (id) => id);
    await r.step("natInbound", { cidr: PRIVATE_CIDR, network: YOUR_NETWORK }, () => this.allowIn(natGroup, tcp(80, PRIVATE_CIDR), tcp(443, PRIVATE_CIDR), tcp(22, YOUR_NETWORK)), (ids) => ids);
    await r.step("natOutbound", {}, () => this.allowOut(natGroup, tcp(80, EVERYWHERE), tcp(443, EVERYWHERE)), (ids) => ids);

    r.heading("heading3");
    const keyFile = await r.step("createKey", {}, async () => {
      const key = await ec2.send(new CreateKeyPairCommand({ KeyName: KEY_NAME, TagSpecifications: tags("key-pair", KEY_NAME) }));
      return this.#box.saveKey(key.KeyMaterial!);
    }, (file) => file);
    const [image] = (await ec2.send(new DescribeImagesCommand({ ImageIds: [natImage] }))).Images!;
    const nat = await r.step("launchNat", {}, async () => this.running((await this.#launch({ image: image!, name: "guide-nat", subnet: publicSubnet, group: natGroup, key: KEY_NAME })).InstanceId!), (i) => `${i.InstanceId}, ${i.PrivateIpAddress}`);

    r.heading("heading4");
    await r.step("disableCheck", {}, () => ec2.send(new ModifyInstanceAttributeCommand({ InstanceId: nat.InstanceId, SourceDestCheck: { Value: false } })), () => r.say("disabled"));

    r.heading("heading5");
    const address = await r.step("allocate", {}, () => ec2.send(new AllocateAddressCommand({ Domain: "vpc", TagSpecifications: tags("elastic-ip", "guide-nat") })), (a) => a.PublicIp!);
    const networkInterface = nat.NetworkInterfaces![0]!.NetworkInterfaceId!;
    await r.step("associate", {}, () => ec2.send(new AssociateAddressCommand({ AllocationId: address.AllocationId, NetworkInterfaceId: networkInterface })), () => `${address.PublicIp} -> ${networkInterface}`);

    r.heading("heading6");
    const mainTable = await r.step("mainRoute", { instance: nat.InstanceId! }, async () => {
      const { RouteTables } = await ec2.send(new DescribeRouteTablesCommand({ Filters: [{ Name: "vpc-id", Values: [vpc] }, { Name: "association.main", Values: ["true"] }] }));
      const id = RouteTables![0]!.RouteTableId!;
      await ec2.send(new CreateRouteCommand({ RouteTableId: id, DestinationCidrBlock: EVERYWHERE, InstanceId: nat.InstanceId }));
      return id;
    }, (id) => id);
    return { vpc, publicSubnet, privateSubnet, gateway, publicTable, mainTable, natGroup, nat, publicAddress: address.PublicIp!, keyFile };
  }

  /** The test's instance, with a group of its own. */
  async launchPrivate(network: GuideNetwork): Promise<Instance> {
    const [ec2, r] = [this.#ec2, this.#report];
    await r.step("testInbound", { cidr: PRIVATE_CIDR }, () => this.allowIn(network.natGroup, icmp(PRIVATE_CIDR)), (ids) => ids);
    await r.step("testOutbound", { cidr: PRIVATE_CIDR }, () => this.allowOut(network.natGroup, tcp(22, PRIVATE_CIDR), icmp(EVERYWHERE)), (ids) => ids);
    const group = await r.step("createPrivateGroup", { cidr: PUBLIC_CIDR }, async () => {
      const id = (await ec2.send(new CreateSecurityGroupCommand({ GroupName: "private", Description: "private instance", VpcId: network.vpc, TagSpecifications: tags("security-group", "guide-private") }))).GroupId!;
      await this.allowIn(id, tcp(22, PUBLIC_CIDR));
      return id;
    }, (id) => id);
    return r.step("launchPrivate", {}, async () => {
      const image = await this.findImage("al2023-ami-*");
      return this.running((await this.#launch({ image, name: "guide-private", subnet: network.privateSubnet, group, key: KEY_NAME })).InstanceId!);
    }, (i) => `${i.InstanceId}, ${i.PrivateIpAddress}`);
  }

  async findImage(name: string): Promise<Image> {
    const { Images = [] } = await this.#ec2.send(new DescribeImagesCommand({ Owners: ["amazon"], Filters: [{ Name: "name", Values: [name] }] }));
    const [newest] = Images.sort((a, b) => (b.CreationDate ?? "").localeCompare(a.CreationDate ?? ""));
    if (!newest) throw new StepFailure(this.#report.say("reasonNoImage", { name }));
    return newest;
  }

  /** Waits until the instance runs. */
  running(id: string): Promise<Instance> {
    return this.#until(async () => {
      const instance = (await this.#ec2.send(new DescribeInstancesCommand({ InstanceIds: [id] }))).Reservations![0]!.Instances![0]!;
      const state = instance.State!.Name!;
      if (state !== "pending" && state !== "running") throw new StepFailure(this.#report.say("reasonState", { instance: id, state, detail: instance.StateReason?.Message ?? "" }), { key: "lookConsole", places: { instance: id } });
      return state === "running" ? instance : undefined;
    });
  }

  async allowIn(group: string, ...permissions: IpPermission[]): Promise<string> {
    const { SecurityGroupRules = [] } = await this.#ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId: group, IpPermissions: permissions }));
    return SecurityGroupRules.map((rule) => rule.SecurityGroupRuleId).join(", ");
  }

  async allowOut(group: string, ...permissions: IpPermission[]): Promise<string> {
    const { SecurityGroupRules = [] } = await this.#ec2.send(new AuthorizeSecurityGroupEgressCommand({ GroupId: group, IpPermissions: permissions }));
    return SecurityGroupRules.map((rule) => rule.SecurityGroupRuleId).join(", ");
  }

  async #launch(wanted: { image: Image; name: string; subnet?: string; group?: string; key?: string }): Promise<Instance> {
    const { Instances } = await this.#ec2.send(new RunInstancesCommand({
      ImageId: wanted.image.ImageId, InstanceType: wanted.image.Architecture === "arm64" ? "t4g.micro" : "t3.micro", MinCount: 1, MaxCount: 1,
      SubnetId: wanted.subnet, SecurityGroupIds: wanted.group === undefined ? undefined : [wanted.group], KeyName: wanted.key, TagSpecifications: tags("instance", wanted.name),
    }));
    return Instances![0]!;
  }

  /** Asks the API until it has an answer: what becomes true in its own time has no event there. */
  async #until<T>(ask: () => Promise<T | undefined>): Promise<T> {
    const end = Date.now() + WAIT_MS;
    for (;;) {
      const value = await ask();
      if (value !== undefined) return value;
      if (Date.now() > end) throw new StepFailure(this.#report.say("reasonTimeout", { seconds: WAIT_MS / 1000 }));
      await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS));
    }
  }
}

export const lastLine = (text: string): string => text.trim().split("\n").at(-1)?.trim() ?? "";
