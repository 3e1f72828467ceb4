// Owns the step from a drawn network (network-spec.ts) to records, and what a drawn reference means in it. Names say what a thing is
// (eni-1.2 is the third interface of the second VPC), so that a failing case can be read.

import { parseCidr, parseIp } from "../../src/lib/ip.ts";
import type * as r from "../../src/model/records.ts";
import type { Kind, Snapshot, Tables } from "../../src/model/snapshot.ts";
import type { EntrySpec, InterfaceSpec, NetworkSpec, Ref, RouteSpec, RuleSpec } from "./network-spec.ts";

const blocks = ["10.0", "10.1", "172.31", "10.0"]; // the last lies over the first
export interface Drawn {
  readonly snapshot: Snapshot;
  readonly interfaces: readonly r.NetworkInterface[];
  readonly publicAddresses: readonly string[];
  /** A block as the reference means it, seen from a VPC. */
  block(vpc: number, ref: Ref): string;
  /** One address of it. */
  address(vpc: number, ref: Ref): number;
}
const at = <T>(list: readonly T[], n: number): T | undefined => list[n % Math.max(1, list.length)];
const base = (id: string, index: number): r.Base => ({ id, region: "us-east-1", index, tags: {}, createdAt: "2026-11-24T08:00:00.000Z" });

/** @param firstIndex of the records: cases do not share numbers, hence no flows */
export function recordsOf(spec: NetworkSpec, firstIndex: number): Drawn {
  const rows = new Map<Kind, Map<string, Tables[Kind]>>();
  const put = <K extends Kind>(kind: K, record: Tables[K]): Tables[K] => {
    if (!rows.has(kind)) rows.set(kind, new Map());
    rows.get(kind)!.set(record.id, record);
    return record;
  };
  const list = <K extends Kind>(kind: K): Tables[K][] => [...(rows.get(kind)?.values() ?? [])] as Tables[K][];
  let index = firstIndex;
  const next = (id: string): r.Base => base(id, index++);
  const subnetBlock = (v: number, s: number): string => (spec.vpcs[v]!.second && s === 2 ? `10.200.${v}.0/24` : `${blocks[spec.vpcs[v]!.block]}.${s}.0/24`);
  const subnetOf = (v: number, eni: InterfaceSpec): number => eni.subnet % spec.vpcs[v]!.subnets.length;
  const addressesOf = (v: number, i: number): string[] => {
    const eni = spec.vpcs[v]!.interfaces[i]!, prefix = subnetBlock(v, subnetOf(v, eni)).replace(/0\/24$/, "");
    return Array.from({ length: 1 + eni.extra }, (_, k) => `${prefix}${10 + i * 4 + k}`);
  };
  let given = 0;
  const publicAddresses: string[] = [];
  const publicOf = (): string => {
    const address = given < 250 ? `203.0.113.${++given}` : `198.51.100.${++given - 250}`;
    publicAddresses.push(address);
    return address;
  };

  spec.vpcs.forEach((vpc, v) => {
    const cidrs = [`${blocks[vpc.block]}.0.0/16`, ...(vpc.second ? [`10.200.${v}.0/24`] : [])];
    put("vpc", { ...next(`vpc-${v}`), cidrAssociations: cidrs.map((cidrBlock, i) => ({ associationId: `vpc-cidr-assoc-${v}.${i}`, cidrBlock })), isDefault: false, instanceTenancy: "default", dhcpOptionsId: "default", enableDnsSupport: vpc.dns, enableDnsHostnames: false });
    vpc.subnets.forEach((_, s) => put("subnet", { ...next(`subnet-${v}.${s}`), vpcId: `vpc-${v}`, cidrBlock: subnetBlock(v, s), availabilityZone: "us-east-1a", defaultForAz: false, mapPublicIpOnLaunch: false }));
    put("internet-gateway", { ...next(`igw-${v}`), ...(vpc.gateway ? { vpcId: `vpc-${v}` } : {}) });
    vpc.interfaces.forEach((eni, i) => {
      const state = eni.state === "detached" ? undefined : eni.state;
      if (state) put("instance", { ...next(`i-${v}.${i}`), state } as r.Instance);
      put("network-interface", {
        ...next(`eni-${v}.${i}`), vpcId: `vpc-${v}`, subnetId: `subnet-${v}.${subnetOf(v, eni)}`, availabilityZone: "us-east-1a", macAddress: macOf(v, i), description: "",
        privateAddresses: addressesOf(v, i).map((address, k) => ({ address, primary: k === 0, ...(k === 0 && eni.publics & 1 ? { publicIp: publicOf() } : {}) })),
        groupIds: [...new Set(eni.groups.map((g) => `sg-${v}.${g % vpc.groups.length}`))], sourceDestCheck: eni.check,
        ...(state ? { attachment: { id: `eni-attach-${v}.${i}`, instanceId: `i-${v}.${i}`, deviceIndex: 0, deleteOnTermination: true, attachedAt: "2026-11-24T08:00:00.000Z" } } : {}),
        ...(eni.timeouts ? { connectionTracking: { tcpEstablishedTimeoutSeconds: 120, udpStreamTimeoutSeconds: 70, udpTimeoutSeconds: 50 } } : {}),
      });
      addressesOf(v, i).forEach((privateIp, k) => {
        if (eni.publics & (2 << k)) put("elastic-ip", { ...next(`eipalloc-${v}.${i}.${k}`), publicIp: publicOf(), associationId: `eipassoc-${v}.${i}.${k}`, networkInterfaceId: `eni-${v}.${i}`, privateIp });
      });
    });
  });
  const interfaces = list("network-interface");
  const block = (v: number, ref: Ref): string => {
    const vpc = spec.vpcs[v]!;
    const some = at(interfaces, ref.n)!;
    switch (ref.kind) {
      case "any": return "0.0.0.0/0";
      case "half": return ref.n % 2 ? "128.0.0.0/1" : "0.0.0.0/1";
      case "vpc": return `${blocks[vpc.block]}.0.0/16`;
      case "subnet": return subnetBlock(v, ref.n % vpc.subnets.length);
      case "address": return `${at(some.privateAddresses, ref.n)!.address}/32`;
      case "public": return `${at(publicAddresses, ref.n) ?? "203.0.113.77"}/32`;
      case "internet": return ref.n % 2 ? "192.0.2.0/24" : "192.0.2.80/32";
      case "other-vpc": return `${blocks[spec.vpcs[ref.n % spec.vpcs.length]!.block]}.0.0/16`;
      case "unused": return `${subnetBlock(v, ref.n % vpc.subnets.length).replace(/0\/24$/, "")}${200 + ref.n}/32`;
      case "private": return ["10.99.0.7/32", "172.16.3.4/32", "192.168.1.1/32", "100.64.0.3/32", "172.32.0.1/32", "100.128.0.1/32"][ref.n % 6]!;
      case "odd": return ["169.254.7.7/32", "224.0.0.1/32", "255.255.255.255/32", "127.0.0.1/32", "0.0.0.0/32", "169.254.169.123/32", "240.0.0.1/32", "223.255.255.1/32"][ref.n]!;
      case "metadata": return "169.254.169.254/32";
      case "resolver": return "169.254.169.253/32";
      case "base2": return `${blocks[vpc.block]}.0.2/32`;
    }
  };
  const address = (v: number, ref: Ref): number => {
    const { address: first, prefixLength } = parseCidr(block(v, ref))!;
    return prefixLength === 32 ? first : first + 1 + ref.n * 11;
  };

  spec.lists.forEach((refs, i) => {
    const entries = [...new Set(refs.map((ref) => block(0, ref)))].map((cidr) => ({ cidr }));
    put("prefix-list", { ...next(`pl-${i}`), name: `list-${i}`, addressFamily: "IPv4", maxEntries: 10, version: 2, versions: [{ version: 1, entries: [{ cidr: "0.0.0.0/0" }] }, { version: 2, entries }] });
  });
  spec.peerings.forEach(({ a, b, active }, i) => {
    const side = (v: number): r.PeeringSide => ({ vpcId: `vpc-${v % spec.vpcs.length}`, region: "us-east-1", ownerId: "000000000000", allowDnsResolution: false });
    const [requester, accepter] = [spec.vpcs[a % spec.vpcs.length]!, spec.vpcs[b % spec.vpcs.length]!];
    const possible = requester !== accepter && blocks[requester.block] !== blocks[accepter.block]; // VPCs that overlap cannot be peered
    put("vpc-peering-connection", { ...next(`pcx-${i}`), requester: side(a), accepter: side(b), status: possible && active ? "active" : "deleted", statusMessage: "" });
  });
  spec.vpcs.forEach((vpc, v) => {
    const aclOf = (s: number): number | undefined => { const acl = vpc.subnets[s]!.acl; return acl === undefined || vpc.acls.length === 0 ? undefined : acl % vpc.acls.length; };
    const associations = (acl: number | undefined): r.NetworkAcl["associations"] => vpc.subnets.flatMap((_, s) => (aclOf(s) === acl ? [{ id: `aclassoc-${v}.${s}`, subnetId: `subnet-${v}.${s}` }] : []));
    put("network-acl", { ...next(`acl-${v}.default`), vpcId: `vpc-${v}`, isDefault: true, associations: associations(undefined), entries: [true, false].map((egress) => ({ ruleNumber: 100, egress, protocol: "-1", action: "allow", cidrBlock: "0.0.0.0/0" })) });
    vpc.acls.forEach((entries, a) => put("network-acl", { ...next(`acl-${v}.${a}`), vpcId: `vpc-${v}`, isDefault: false, associations: associations(a), entries: uniqueNumbers(entries).map((e) => entryOf(e, block(v, e.ref))) }));
    vpc.groups.forEach((rules, g) => put("security-group", { ...next(`sg-${v}.${g}`), vpcId: `vpc-${v}`, name: `group-${g}`, description: "", rules: rules.map((rule, i) => ruleOf(v, g, i, rule)) }));
    const tableOf = (s: number): number => (vpc.subnets[s]!.table ?? 0) % vpc.tables.length;
    const edge = vpc.edge === undefined ? undefined : vpc.edge % vpc.tables.length;
    vpc.tables.forEach((routes, t) => put("route-table", {
      ...next(`rtb-${v}.${t}`), vpcId: `vpc-${v}`, routes: [...localRoutes(v), ...uniqueDestinations(routes.map((route) => routeOf(v, route))).filter((route) => !localRoutes(v).some((l) => l.destination === route.destination))],
      associations: [...(t === 0 ? [{ id: `rtbassoc-${v}.main`, main: true }] : []), ...vpc.subnets.flatMap((_, s) => (tableOf(s) === t && t > 0 ? [{ id: `rtbassoc-${v}.${s}`, main: false, subnetId: `subnet-${v}.${s}` }] : [])), ...(edge === t ? [{ id: `rtbassoc-${v}.edge`, main: false, gatewayId: `igw-${v}` }] : [])],
    }));
  });

  function ruleOf(v: number, g: number, i: number, rule: RuleSpec): r.SecurityGroupRule {
    const common = { id: `sgr-${v}.${g}.${i}`, isEgress: rule.egress, protocol: rule.protocol, fromPort: rule.from, toPort: rule.to, tags: {} };
    const whole = { ...common, cidrIpv4: "198.18.0.0/15" };
    if (rule.remote.kind === "cidr") return { ...common, cidrIpv4: block(v, rule.remote.ref) };
    if (rule.remote.kind === "list") return spec.lists.length > 0 ? { ...common, prefixListId: `pl-${rule.remote.n % spec.lists.length}` } : whole;
    const other = rule.remote.n % 4 === 3 ? rule.remote.n % spec.vpcs.length : v; // now and then of another VPC
    return { ...common, referencedGroupId: `sg-${other}.${rule.remote.n % spec.vpcs[other]!.groups.length}` };
  }
  function localRoutes(v: number): r.Route[] {
    return list("vpc").find((vpc) => vpc.id === `vpc-${v}`)!.cidrAssociations.map((c) => ({ destination: c.cidrBlock, target: { kind: "local" }, origin: "CreateRouteTable" }));
  }
  function routeOf(v: number, route: RouteSpec): r.Route {
    const destination = route.list !== undefined && spec.lists.length > 0 ? `pl-${route.list % spec.lists.length}` : block(v, route.destination);
    const own = interfaces.filter((eni) => eni.vpcId === `vpc-${v}`);
    const targetOf = (): r.RouteTarget => {
      switch (route.target.kind) {
        case "gateway": return { kind: "gateway", gatewayId: `igw-${v}` };
        case "interface": return { kind: "interface", networkInterfaceId: at(own, route.target.n)!.id };
        case "peering": {
          const own = list("vpc-peering-connection").filter((p) => p.requester.vpcId === `vpc-${v}` || p.accepter.vpcId === `vpc-${v}`);
          return own.length > 0 ? { kind: "peering", vpcPeeringConnectionId: at(own, route.target.n)!.id } : { kind: "interface", networkInterfaceId: "eni-gone" };
        }
        case "dead": return { kind: "interface", networkInterfaceId: "eni-gone" };
      }
    };
    return { destination, target: targetOf(), origin: "CreateRoute" };
  }
  const snapshot: Snapshot = { revision: 1, get: (kind, id) => rows.get(kind)?.get(id) as never, list: (kind, region) => list(kind).filter((record) => region === undefined || record.region === region) };
  return { snapshot: listedOnce(snapshot), interfaces, publicAddresses, block, address };
}

/** Answers the same lists again: a drawn snapshot does not change. */
function listedOnce(snapshot: Snapshot): Snapshot {
  const lists = new Map<string, readonly Tables[Kind][]>();
  return { ...snapshot, list: <K extends Kind>(kind: K, region?: string) => {
    const key = `${kind} ${region ?? ""}`;
    if (!lists.has(key)) lists.set(key, snapshot.list(kind, region));
    return lists.get(key) as readonly Tables[K][];
  } };
}
const hex = (value: number): string => value.toString(16).padStart(2, "0");
export const macOf = (v: number, i: number): string => `02:aa:00:00:${hex(v)}:${hex(i)}`;
const uniqueNumbers = (entries: readonly EntrySpec[]): EntrySpec[] => entries.filter((e, i) => !entries.slice(0, i).some((o) => o.number === e.number && o.egress === e.egress));
const uniqueDestinations = (routes: readonly r.Route[]): r.Route[] => routes.filter((route, i) => !routes.slice(0, i).some((o) => o.destination === route.destination));
function entryOf(e: EntrySpec, cidrBlock: string): r.NetworkAclEntry {
  const common = { ruleNumber: e.number, egress: e.egress, action: e.allow ? "allow" as const : "deny" as const, cidrBlock };
  if (e.protocol === "icmp") return { ...common, protocol: "1", icmpType: e.from, icmpCode: e.to };
  if (e.protocol === "tcp" || e.protocol === "udp") return { ...common, protocol: e.protocol === "tcp" ? "6" : "17", fromPort: e.from, toPort: e.to };
  return { ...common, protocol: e.protocol };
}
export const ipNumber = (text: string): number => parseIp(text)!;
