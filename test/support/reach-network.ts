// Owns the guide's network as records, and whatever else a test of the analyzer breaks or adds: a snapshot of plain tables. Guests are
// simple ones: they forward, translate and answer as they are told.

import { parseIp } from "../../src/lib/ip.ts";
import type { Kind, Snapshot, Tables } from "../../src/model/snapshot.ts";
import type { Instance, NetworkInterface, RouteTarget, SecurityGroupRule } from "../../src/model/records.ts";
import { unknownGuest } from "../../src/reach/guest-unknown.ts";
import { readNetwork } from "../../src/model/network.ts";
import type { Guest, Guests } from "../../src/reach/guest.ts";

const created = { region: "us-east-1", tags: {}, createdAt: "2026-11-24T08:00:00.000Z" };
const anywhere = "0.0.0.0/0";
export const rule = (isEgress: boolean, protocol: string, port: number, cidrIpv4: string): SecurityGroupRule => ({ id: `sgr-${isEgress ? "out" : "in"}-${protocol}-${port}`, isEgress, protocol, fromPort: port, toPort: port, cidrIpv4, tags: {} });
export const everything = (isEgress: boolean): SecurityGroupRule => rule(isEgress, "-1", -1, anywhere);

export class Records {
  readonly #tables = new Map<Kind, Map<string, Tables[Kind]>>();
  #index: number;

  /** @param firstIndex of the records: networks that share a kernel program do not share numbers, hence no flows */
  constructor(firstIndex = 16) { this.#index = firstIndex; }

  put<K extends Kind>(kind: K, record: Omit<Tables[K], "region" | "index" | "tags" | "createdAt"> & Partial<Tables[K]>): this {
    if (!this.#tables.has(kind)) this.#tables.set(kind, new Map());
    this.#tables.get(kind)!.set(record.id as string, { ...created, index: this.#index++, ...record } as Tables[K]);
    return this;
  }
  change<K extends Kind>(kind: K, id: string, with_: Partial<Tables[K]>): this {
    const record = this.#tables.get(kind)?.get(id);
    if (!record) throw new Error(`there is no ${kind} ${id}`);
    this.#tables.get(kind)!.set(id, { ...record, ...with_ } as Tables[K]);
    return this;
  }
  remove(kind: Kind, id: string): this { this.#tables.get(kind)?.delete(id); return this; }
  get<K extends Kind>(kind: K, id: string): Tables[K] { return this.#tables.get(kind)?.get(id) as Tables[K]; }

  get snapshot(): Snapshot {
    const tables = new Map([...this.#tables].map(([kind, rows]) => [kind, new Map(rows)]));
    return { revision: 1, get: (kind, id) => tables.get(kind)?.get(id) as never, list: (kind, region) => [...(tables.get(kind)?.values() ?? [])].filter((r) => region === undefined || r.region === region) as never };
  }

  vpc(id: string, cidrBlock: string, gateway?: string): this {
    this.put("vpc", { id, cidrAssociations: [{ associationId: `assoc-${id}`, cidrBlock }], isDefault: false, instanceTenancy: "default", dhcpOptionsId: "default", enableDnsSupport: true, enableDnsHostnames: false });
    return gateway === undefined ? this : this.put("internet-gateway", { id: gateway, vpcId: id });
  }
  table(id: string, vpcId: string, routes: readonly (readonly [destination: string, target: RouteTarget])[], where: { readonly main?: boolean; readonly subnets?: readonly string[]; readonly gateway?: string } = {}): this {
    const local = this.get("vpc", vpcId).cidrAssociations.map((c) => ({ destination: c.cidrBlock, target: { kind: "local" as const }, origin: "CreateRouteTable" as const }));
    return this.put("route-table", {
      id, vpcId, routes: [...local, ...routes.map(([destination, target]) => ({ destination, target, origin: "CreateRoute" as const }))],
      associations: [...(where.main ? [{ id: `rtbassoc-${id}`, main: true }] : []), ...(where.subnets ?? []).map((subnetId) => ({ id: `rtbassoc-${subnetId}`, main: false, subnetId })), ...(where.gateway ? [{ id: `rtbassoc-${where.gateway}`, main: false, gatewayId: where.gateway }] : [])],
    });
  }
  subnet(id: string, vpcId: string, cidrBlock: string): this {
    return this.put("subnet", { id, vpcId, cidrBlock, availabilityZone: "us-east-1a", defaultForAz: false, mapPublicIpOnLaunch: false });
  }
  acl(id: string, vpcId: string, subnets: readonly string[]): this {
    return this.put("network-acl", { id, vpcId, isDefault: false, entries: [true, false].map((egress) => ({ ruleNumber: 100, egress, protocol: "-1", action: "allow" as const, cidrBlock: anywhere })), associations: subnets.map((subnetId) => ({ id: `aclassoc-${subnetId}`, subnetId })) });
  }
  group(id: string, vpcId: string, rules: readonly SecurityGroupRule[]): this { return this.put("security-group", { id, vpcId, name: id, description: "", rules }); }
  instance(name: string, subnetId: string, address: string, groupId: string, more: Partial<NetworkInterface> & { readonly publicIp?: string } = {}): this {
    const subnet = this.get("subnet", subnetId);
    const { publicIp, ...rest } = more;
    this.put("instance", { id: `i-${name}`, state: "running", vpcId: subnet.vpcId, subnetId, availabilityZone: "us-east-1a" } as Instance);
    return this.put("network-interface", {
      id: `eni-${name}`, vpcId: subnet.vpcId, subnetId, availabilityZone: "us-east-1a", macAddress: `02:00:00:00:00:${name.charCodeAt(0).toString(16)}`, description: "", groupIds: [groupId], sourceDestCheck: true,
      privateAddresses: [{ address, primary: true, ...(publicIp === undefined ? {} : { publicIp }) }], attachment: { id: `eni-attach-${name}`, instanceId: `i-${name}`, deviceIndex: 0, deleteOnTermination: true, attachedAt: created.createdAt }, ...rest,
    });
  }
}

/** The guide's: vpc-1, igw-1, public subnet with i-nat, private subnet with i-private. */
export function guideRecords(): Records {
  const nat: RouteTarget = { kind: "interface", networkInterfaceId: "eni-nat", instanceId: "i-nat" };
  return new Records().vpc("vpc-1", "10.0.0.0/16", "igw-1")
    .subnet("subnet-public", "vpc-1", "10.0.0.0/24").subnet("subnet-private", "vpc-1", "10.0.1.0/24")
    .table("rtb-main", "vpc-1", [[anywhere, nat]], { main: true }).table("rtb-public", "vpc-1", [[anywhere, { kind: "gateway", gatewayId: "igw-1" }]], { subnets: ["subnet-public"] })
    .acl("acl-public", "vpc-1", ["subnet-public"]).acl("acl-private", "vpc-1", ["subnet-private"])
    .group("sg-nat", "vpc-1", [rule(false, "icmp", -1, "10.0.1.0/24"), rule(false, "tcp", 80, "10.0.1.0/24"), everything(true)])
    .group("sg-private", "vpc-1", [rule(false, "tcp", 22, "10.0.0.0/24"), everything(true)])
    .instance("nat", "subnet-public", "10.0.0.10", "sg-nat", { sourceDestCheck: false, publicIp: "203.0.113.5" })
    .instance("private", "subnet-private", "10.0.1.20", "sg-private");
}

/** Guests of these records: those named translate what they send on. */
export function simpleGuests(records: Records, ...translating: string[]): Guests {
  const { snapshot } = records;
  const network = readNetwork(snapshot);
  const interfaces = new Map(snapshot.list("network-interface").map((eni) => [eni.attachment?.instanceId, eni]));
  return (instanceId) => {
    const eni = interfaces.get(instanceId);
    return eni && (translating.includes(instanceId) ? translatingGuest(unknownGuest(network, eni)) : unknownGuest(network, eni));
  };
}
const translatingGuest = (plain: Guest): Guest => ({
  receive: (mac, packet, replyOf) => {
    const step = plain.receive(mac, packet, replyOf);
    return step.untranslated ? { causes: [], notes: [{ en: "MASQUERADE", ja: "MASQUERADE" }], to: { kind: "device", mac, packet: step.untranslated.packet } } : step;
  },
  send: (packet, replied) => {
    const step = plain.send(packet, replied);
    return step;
  },
});
export const ip = (text: string): number => parseIp(text)!;
