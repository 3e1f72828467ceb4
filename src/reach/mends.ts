// Owns what mends a fault of the network: the one command, and what the records are after it. What a command says and what the walk
// goes on with are made together, so that they cannot part. Pure.

import { contains, formatCidr, formatIp, parseCidr } from "../lib/ip.ts";
import type { Network } from "../model/network.ts";
import type { Change } from "../model/overlay.ts";
import { ICMP, TCP, type Direction, type Packet } from "../model/packet.ts";
import { allocatePublicIp } from "../model/public-addresses.ts";
import type { Base, Instance, NetworkAcl, NetworkInterface, Route, RouteTable, RouteTarget, SecurityGroup, VpcPeeringConnection } from "../model/records.ts";
import { isPrefixListId } from "../model/prefix-lists.ts";
import { peeredVpcs } from "../model/routing.ts";

export interface Mend { readonly command: string; readonly changes: readonly Change[] }

const FIRST_EPHEMERAL = 1024, LAST_PORT = 65535;
const ec2 = (record: Base, words: string): string => `aws ec2 ${words}${record.region === "us-east-1" ? "" : ` --region ${record.region}`}`;

export const checkOff = (eni: NetworkInterface): Mend => ({
  command: ec2(eni, `modify-network-interface-attribute --network-interface-id ${eni.id} --no-source-dest-check`),
  changes: [{ kind: "network-interface", record: { ...eni, sourceDestCheck: false } }],
});

/** Lets the packet's kind pass between the group and the other end's subnet, or its one address. */
export function allowInGroup(network: Network, eni: NetworkInterface, group: SecurityGroup, direction: Direction, packet: Packet): Mend {
  const cidrIpv4 = blockOf(network, eni.vpcId, direction === "egress" ? packet.destination : packet.source);
  const protocol = packet.protocol === ICMP ? "icmp" : packet.protocol === TCP ? "tcp" : "udp";
  const [fromPort, toPort] = portsOf(packet);
  const port = fromPort === toPort ? String(fromPort) : `${fromPort}-${toPort}`;
  return {
    command: ec2(group, `authorize-security-group-${direction} --group-id ${group.id} --protocol ${protocol} --port ${port} --cidr ${cidrIpv4}`),
    changes: [{ kind: "security-group", record: { ...group, rules: [...group.rules, { id: "sgr-mended", isEgress: direction === "egress", protocol, fromPort, toPort, cidrIpv4, tags: {} }] } }],
  };
}

/** An entry before the one that denies, or in its place where there is no room. */
export function allowInAcl(network: Network, acl: NetworkAcl, deciding: number | undefined, direction: Direction, packet: Packet): Mend {
  const egress = direction === "egress";
  const used = new Set(acl.entries.filter((e) => e.egress === egress).map((e) => e.ruleNumber));
  const free = freeNumber(used, deciding);
  const cidrBlock = blockOf(network, acl.vpcId, egress ? packet.destination : packet.source);
  const [fromPort, toPort] = portsOf(packet);
  const isIcmp = packet.protocol === ICMP;
  const what = isIcmp ? "--protocol icmp --icmp-type-code Type=-1,Code=-1" : `--protocol ${packet.protocol === TCP ? "tcp" : "udp"} --port-range From=${fromPort},To=${toPort}`;
  const ruleNumber = free ?? deciding!;
  const entry = { ruleNumber, egress, protocol: String(packet.protocol), action: "allow" as const, cidrBlock, ...(isIcmp ? { icmpType: -1, icmpCode: -1 } : { fromPort, toPort }) };
  return {
    command: ec2(acl, `${free === undefined ? "replace" : "create"}-network-acl-entry --network-acl-id ${acl.id} --${direction} --rule-number ${ruleNumber} ${what} --rule-action allow --cidr-block ${cidrBlock}`),
    changes: [{ kind: "network-acl", record: { ...acl, entries: [...acl.entries.filter((e) => !(e.egress === egress && e.ruleNumber === ruleNumber)), entry] } }],
  };
}

/** A client's port is any: an answer's are all that there may be. */
function portsOf({ protocol, sourcePort, destinationPort }: Packet): readonly [from: number, to: number] {
  if (protocol === ICMP) return [-1, -1];
  return destinationPort >= FIRST_EPHEMERAL && sourcePort < destinationPort ? [FIRST_EPHEMERAL, LAST_PORT] : [destinationPort, destinationPort];
}

function freeNumber(used: ReadonlySet<number>, deciding: number | undefined): number | undefined {
  if (deciding !== undefined) {
    for (let n = deciding - 1; n > 0; n--) if (!used.has(n)) return n;
    return undefined;
  }
  const after = Math.max(0, ...used) + 10;
  if (after <= 32766) return after;
  for (let n = 1; n <= 32766; n++) if (!used.has(n)) return n;
  return undefined;
}

/** The other end's subnet, the peer's block, or the address alone. */
function blockOf(network: Network, vpcId: string, address: number): string {
  const vpcs = new Set([vpcId, ...peeredVpcs(network.snapshot, vpcId)]);
  const subnet = network.snapshot.list("subnet").find((s) => vpcs.has(s.vpcId) && contains(parseCidr(s.cidrBlock)!, address));
  return subnet?.cidrBlock ?? formatCidr({ address, prefixLength: 32 });
}

/** A route that is not there, or the one that is, led elsewhere. */
export function routeTo(table: RouteTable, destination: string, target: RouteTarget): Mend {
  const there = table.routes.some((route) => route.destination === destination);
  const route: Route = { destination, target, origin: "CreateRoute" };
  const list = isPrefixListId(destination);
  return {
    command: ec2(table, `${there ? "replace" : "create"}-route --route-table-id ${table.id} ${list ? "--destination-prefix-list-id" : "--destination-cidr-block"} ${destination} ${targetOption(target)}`),
    changes: [{ kind: "route-table", record: { ...table, routes: [...table.routes.filter((r) => r.destination !== destination), route] } }],
  };
}

export const withoutRoute = (table: RouteTable, destination: string): Mend => ({
  command: ec2(table, `delete-route --route-table-id ${table.id} ${isPrefixListId(destination) ? "--destination-prefix-list-id" : "--destination-cidr-block"} ${destination}`),
  changes: [{ kind: "route-table", record: { ...table, routes: table.routes.filter((r) => r.destination !== destination) } }],
});

function targetOption(target: RouteTarget): string {
  switch (target.kind) {
    case "gateway": return `--gateway-id ${target.gatewayId}`;
    case "interface": return target.instanceId === undefined ? `--network-interface-id ${target.networkInterfaceId}` : `--instance-id ${target.instanceId}`;
    case "nat-gateway": return `--nat-gateway-id ${target.natGatewayId}`;
    case "peering": return `--vpc-peering-connection-id ${target.vpcPeeringConnectionId}`;
    case "local": return "--local-target";
  }
}

/** The VPC's gateway, or one that is attached to nothing; a new one where there is none. */
export function attachGateway(network: Network, vpcId: string, wanted: string | undefined): Mend {
  const vpc = network.vpc(vpcId);
  const named = wanted === undefined ? undefined : network.snapshot.get("internet-gateway", wanted);
  const loose = named?.vpcId === undefined ? named : undefined;
  const gateway = loose ?? network.snapshot.list("internet-gateway", vpc.region).find((g) => g.vpcId === undefined);
  const id = gateway?.id ?? "\"$(aws ec2 create-internet-gateway --query InternetGateway.InternetGatewayId --output text)\"";
  return {
    command: ec2(vpc, `attach-internet-gateway --internet-gateway-id ${id} --vpc-id ${vpcId}`),
    changes: [{ kind: "internet-gateway", record: gateway ? { ...gateway, vpcId } : { ...vpc, id: "igw-mended", tags: {}, vpcId } }],
  };
}

/** An Elastic IP that is free, or a new one. */
export function associateAddress(network: Network, eni: NetworkInterface, privateAddress: number): Mend {
  const free = network.snapshot.list("elastic-ip", eni.region).find((a) => a.networkInterfaceId === undefined);
  const id = free?.id ?? "\"$(aws ec2 allocate-address --domain vpc --query AllocationId --output text)\"";
  const privateIp = formatIp(privateAddress);
  const publicIp = free?.publicIp ?? allocatePublicIp(network.snapshot, () => 0);
  const second = privateIp === eni.privateAddresses[0]!.address ? "" : ` --private-ip-address ${privateIp}`;
  const command = ec2(eni, `associate-address --allocation-id ${id} --network-interface-id ${eni.id}${second}`);
  if (publicIp === undefined) return { command, changes: [] };
  const base: Base = free ?? { id: "eipalloc-mended", region: eni.region, index: 0, tags: {}, createdAt: eni.createdAt };
  return { command, changes: [{ kind: "elastic-ip", record: { ...base, publicIp, associationId: "eipassoc-mended", networkInterfaceId: eni.id, privateIp } }] };
}

export const startInstance = (instance: Instance): Mend => ({
  command: ec2(instance, `start-instances --instance-ids ${instance.id}`),
  changes: [{ kind: "instance", record: { ...instance, state: "running" } }],
});

export const acceptPeering = (peering: VpcPeeringConnection): Mend => ({
  command: ec2(peering, `accept-vpc-peering-connection --vpc-peering-connection-id ${peering.id}`),
  changes: [{ kind: "vpc-peering-connection", record: { ...peering, status: "active" } }],
});

export function enableDns(network: Network, vpcId: string): Mend {
  const vpc = network.vpc(vpcId);
  return { command: ec2(vpc, `modify-vpc-attribute --vpc-id ${vpcId} --enable-dns-support Value=true`), changes: [{ kind: "vpc", record: { ...vpc, enableDnsSupport: true } }] };
}

/** An instance with this address; nothing is known of its inside yet, so the walk ends there. */
export function launchAt(network: Network, vpcId: string, address: number): Mend | undefined {
  const subnet = network.snapshot.list("subnet").find((s) => s.vpcId === vpcId && contains(parseCidr(s.cidrBlock)!, address));
  if (!subnet) return undefined;
  return { command: ec2(subnet, `run-instances --image-id resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64 --instance-type t3.micro --subnet-id ${subnet.id} --private-ip-address ${formatIp(address)}`), changes: [] };
}

/** Joins two VPCs; their blocks must not overlap. */
export function peer(network: Network, a: string, b: string): Mend | undefined {
  const vpc = network.vpc(a), other = network.vpc(b);
  const overlap = vpc.cidrAssociations.some((x) => other.cidrAssociations.some((y) => contains(parseCidr(x.cidrBlock)!, parseCidr(y.cidrBlock)!.address) || contains(parseCidr(y.cidrBlock)!, parseCidr(x.cidrBlock)!.address)));
  if (overlap || vpc.region !== other.region) return undefined;
  const side = (v: typeof vpc): VpcPeeringConnection["requester"] => ({ vpcId: v.id, region: v.region, ownerId: "", allowDnsResolution: false });
  const id = `"$(aws ec2 describe-vpc-peering-connections --filters Name=requester-vpc-info.vpc-id,Values=${a} Name=accepter-vpc-info.vpc-id,Values=${b} Name=status-code,Values=active --query 'VpcPeeringConnections[0].VpcPeeringConnectionId' --output text)"`;
  return {
    command: ec2(vpc, `accept-vpc-peering-connection --vpc-peering-connection-id "$(aws ec2 create-vpc-peering-connection --vpc-id ${a} --peer-vpc-id ${b} --query VpcPeeringConnection.VpcPeeringConnectionId --output text)"`),
    changes: [{ kind: "vpc-peering-connection", record: { id, region: vpc.region, index: 0, tags: {}, createdAt: vpc.createdAt, requester: side(vpc), accepter: side(other), status: "active", statusMessage: "" } }],
  };
}
