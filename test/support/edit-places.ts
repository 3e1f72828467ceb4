// Owns what is edited while the daemon is killed: a few places of a network, each with what a client can read of it and a next change.
// A change has happened or not; what a client reads in between is a defect.

import {
  AssociateAddressCommand, AuthorizeSecurityGroupIngressCommand, CreateNetworkAclEntryCommand, CreateSubnetCommand, CreateTagsCommand, DeleteNetworkAclEntryCommand, DeleteSubnetCommand, DescribeAddressesCommand, DescribeInstancesCommand,
  DescribeNetworkAclsCommand, DescribeNetworkInterfacesCommand, DescribeRouteTablesCommand, DescribeSecurityGroupRulesCommand, DescribeSubnetsCommand, DescribeTagsCommand, DescribeVolumesCommand, DisassociateAddressCommand,
  ModifyNetworkInterfaceAttributeCommand, ReplaceRouteCommand, RevokeSecurityGroupIngressCommand, RunInstancesCommand, TerminateInstancesCommand, type EC2Client,
} from "@aws-sdk/client-ec2";
import type { Random } from "./random-rules.ts";

export interface Place {
  readonly name: string;
  /** What a client sees of it now. */
  read(ec2: EC2Client): Promise<string>;
  /** A change and what is seen after it. @param now what is seen before it */
  next(now: string, random: Random): { readonly to: string; send(ec2: EC2Client): Promise<unknown> };
}

export interface Edited {
  readonly vpc: string; readonly aside: string; readonly acl: string; readonly table: string; readonly gateway: string; readonly image: string; readonly subnet: string; readonly allocation: string;
  readonly nat: { readonly id: string; readonly eni: string };
  readonly private: { readonly id: string; readonly eni: string; readonly group: string };
  readonly spare: { readonly eni: string; readonly addresses: readonly string[] };
}

export const ASIDE_ROUTE = "198.18.0.0/15", ASIDE_SUBNET = "10.0.9.0/24";
const lines = (list: readonly string[]): string => [...list].sort().join("\n");
const without = (text: string, gone: readonly string[]): string => lines(text.split("\n").filter((line) => line !== "" && !gone.includes(line)));
const other = <T>(random: Random, from: readonly T[], now: T): T => { const rest = from.filter((one) => one !== now); return rest[Math.floor(random() * rest.length)]!; };

export function placesOf(e: Edited): Place[] {
  return [rules(e), entries(e), subnets(e), tags(e), routes(e), addresses(e), groups(e), instances(e)];
}

/** Pairs of rules: both of a pair come and go together. */
const rules = (e: Edited): Place => ({
  name: "rules",
  read: async (ec2) => lines((await ec2.send(new DescribeSecurityGroupRulesCommand({ Filters: [{ Name: "group-id", Values: [e.aside] }] }))).SecurityGroupRules!.filter((r) => !r.IsEgress).map((r) => `${r.IpProtocol} ${r.FromPort}`)),
  next: (now, random) => {
    const port = 2000 + Math.floor(random() * 8), pair = [`tcp ${port}`, `udp ${port}`];
    const input = { GroupId: e.aside, IpPermissions: ["tcp", "udp"].map((IpProtocol) => ({ IpProtocol, FromPort: port, ToPort: port, IpRanges: [{ CidrIp: "10.0.0.0/8" }] })) };
    if (now.includes(pair[0]!)) return { to: without(now, pair), send: (ec2) => ec2.send(new RevokeSecurityGroupIngressCommand(input)) };
    return { to: lines([...without(now, []).split("\n").filter((line) => line !== ""), ...pair]), send: (ec2) => ec2.send(new AuthorizeSecurityGroupIngressCommand(input)) };
  },
});

const entries = (e: Edited): Place => ({
  name: "ACL entries",
  read: async (ec2) => lines((await ec2.send(new DescribeNetworkAclsCommand({ NetworkAclIds: [e.acl] }))).NetworkAcls![0]!.Entries!.filter((one) => one.RuleNumber! < 50).map((one) => `${one.RuleNumber} ${one.CidrBlock} ${one.RuleAction}`)),
  next: (now, random) => {
    const number = 1 + Math.floor(random() * 6), entry = `${number} 198.51.100.0/24 deny`, at = { NetworkAclId: e.acl, RuleNumber: number, Egress: true };
    if (now.split("\n").includes(entry)) return { to: without(now, [entry]), send: (ec2) => ec2.send(new DeleteNetworkAclEntryCommand(at)) };
    return { to: lines([...now.split("\n").filter((line) => line !== ""), entry]), send: (ec2) => ec2.send(new CreateNetworkAclEntryCommand({ ...at, Protocol: "-1", RuleAction: "deny", CidrBlock: "198.51.100.0/24" })) };
  },
});

/** With its tag and the default ACL's association, or not there. */
const subnets = (e: Edited): Place => {
  const id = async (ec2: EC2Client): Promise<string> => (await ec2.send(new DescribeSubnetsCommand({ Filters: [{ Name: "cidr-block", Values: [ASIDE_SUBNET] }] }))).Subnets![0]!.SubnetId!;
  return {
    name: "subnet",
    read: async (ec2) => {
      const [subnet] = (await ec2.send(new DescribeSubnetsCommand({ Filters: [{ Name: "cidr-block", Values: [ASIDE_SUBNET] }] }))).Subnets!;
      const associated = (await ec2.send(new DescribeNetworkAclsCommand({ NetworkAclIds: [e.acl] }))).NetworkAcls![0]!.Associations!.map((a) => a.SubnetId);
      return subnet ? `${subnet.Tags?.map((t) => t.Value).join()} ${associated.includes(subnet.SubnetId) ? "associated" : "without an ACL"}` : "none";
    },
    next: (now) => now === "none"
      ? { to: "aside associated", send: (ec2) => ec2.send(new CreateSubnetCommand({ VpcId: e.vpc, CidrBlock: ASIDE_SUBNET, TagSpecifications: [{ ResourceType: "subnet", Tags: [{ Key: "Name", Value: "aside" }] }] })) }
      : { to: "none", send: async (ec2) => ec2.send(new DeleteSubnetCommand({ SubnetId: await id(ec2) })) },
  };
};

const tags = (e: Edited): Place => ({
  name: "tags",
  read: async (ec2) => lines((await ec2.send(new DescribeTagsCommand({ Filters: [{ Name: "key", Values: ["turn"] }] }))).Tags!.map((t) => `${t.ResourceType} ${t.Value}`)),
  next: (_, random) => {
    const turn = String(Math.floor(random() * 1e9));
    return { to: lines([`instance ${turn}`, `vpc ${turn}`]), send: (ec2) => ec2.send(new CreateTagsCommand({ Resources: [e.private.id, e.vpc], Tags: [{ Key: "turn", Value: turn }] })) };
  },
});

const routes = (e: Edited): Place => ({
  name: "route",
  read: async (ec2) => {
    const route = (await ec2.send(new DescribeRouteTablesCommand({ RouteTableIds: [e.table] }))).RouteTables![0]!.Routes!.find((r) => r.DestinationCidrBlock === ASIDE_ROUTE);
    return `${route?.GatewayId ?? route?.NetworkInterfaceId} ${route?.State}`;
  },
  next: (now, random) => {
    const to = other(random, [e.gateway, e.nat.eni, e.private.eni], now.split(" ")[0]!);
    return { to: `${to} active`, send: (ec2) => ec2.send(new ReplaceRouteCommand({ RouteTableId: e.table, DestinationCidrBlock: ASIDE_ROUTE, ...(to === e.gateway ? { GatewayId: to } : { NetworkInterfaceId: to }) })) };
  },
});

const addresses = (e: Edited): Place => ({
  name: "address",
  read: async (ec2) => (await ec2.send(new DescribeAddressesCommand({ AllocationIds: [e.allocation] }))).Addresses![0]!.PrivateIpAddress ?? "nowhere",
  next: (now, random) => {
    const to = other(random, ["nowhere", ...e.spare.addresses], now);
    if (to !== "nowhere") return { to, send: (ec2) => ec2.send(new AssociateAddressCommand({ AllocationId: e.allocation, NetworkInterfaceId: e.spare.eni, PrivateIpAddress: to, AllowReassociation: true })) };
    return { to, send: async (ec2) => ec2.send(new DisassociateAddressCommand({ AssociationId: (await ec2.send(new DescribeAddressesCommand({ AllocationIds: [e.allocation] }))).Addresses![0]!.AssociationId })) };
  },
});

/** Of the very interface that the steady flow leaves from. */
const groups = (e: Edited): Place => ({
  name: "groups",
  read: async (ec2) => lines((await ec2.send(new DescribeNetworkInterfacesCommand({ NetworkInterfaceIds: [e.private.eni] }))).NetworkInterfaces![0]!.Groups!.map((g) => g.GroupId!)),
  next: (now) => {
    const to = now.includes("\n") ? [e.private.group] : [e.private.group, e.aside];
    return { to: lines(to), send: (ec2) => ec2.send(new ModifyNetworkInterfaceAttributeCommand({ NetworkInterfaceId: e.private.eni, Groups: to })) };
  },
});

/** One more instance or none: with interface and volume. One that is going away is gone. */
const instances = (e: Edited): Place => {
  const there = async (ec2: EC2Client) => (await ec2.send(new DescribeInstancesCommand({ Filters: [{ Name: "tag:Name", Values: ["more"] }, { Name: "instance-state-name", Values: ["pending", "running"] }] }))).Reservations!.flatMap((r) => r.Instances!);
  return {
    name: "instance",
    read: async (ec2) => {
      const live = await there(ec2);
      const parts = await Promise.all(live.map(async ({ InstanceId }) => {
        const [enis, volumes] = await Promise.all([ec2.send(new DescribeNetworkInterfacesCommand({ Filters: [{ Name: "attachment.instance-id", Values: [InstanceId!] }] })), ec2.send(new DescribeVolumesCommand({ Filters: [{ Name: "attachment.instance-id", Values: [InstanceId!] }] }))]);
        return `one with ${enis.NetworkInterfaces!.length} interface and ${volumes.Volumes!.length} volume`;
      }));
      return parts.join("\n") || "none";
    },
    next: (now) => now === "none"
      ? { to: "one with 1 interface and 1 volume", send: (ec2) => ec2.send(new RunInstancesCommand({ ImageId: e.image, InstanceType: "t3.micro", SubnetId: e.subnet, MinCount: 1, MaxCount: 1, TagSpecifications: [{ ResourceType: "instance", Tags: [{ Key: "Name", Value: "more" }] }] })) }
      : { to: "none", send: async (ec2) => ec2.send(new TerminateInstancesCommand({ InstanceIds: (await there(ec2)).map((i) => i.InstanceId!) })) },
  };
};
