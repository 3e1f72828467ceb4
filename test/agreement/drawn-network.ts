// Owns how a random network is drawn for the agreement suite: one of eight ways from an instance or the internet to a target, with faults
// put in on purpose or with rules, entries and routes at random; all by one number, its seed.

import type { NetworkAclEntry, RouteTarget, SecurityGroupRule } from "../../src/model/records.ts";
import type { Question } from "../../src/reach/question.ts";
import { Records, everything, rule } from "../support/reach-network.ts";

export const roles = ["private", "nat", "firewall", "web", "peer"] as const;
export type Role = (typeof roles)[number];
export const addresses: Readonly<Record<Role, string>> = { private: "10.0.1.20", nat: "10.0.0.10", firewall: "10.0.2.30", web: "10.0.3.50", peer: "10.1.0.40" };
export const portOf = (role: Role): number => 20 + roles.indexOf(role);
export const macOf = (role: Role): string => `02:00:00:00:00:${portOf(role).toString(16)}`; // as TestFabric gives them
export const client = "192.0.2.200", pingHost = "192.0.2.80", dnsHost = "192.0.2.53";
export const ECHO_PORT = 53, WEB_PORT = 80, CLOSED_PORT = 9; // every guest answers on the first two

const anywhere = "0.0.0.0/0";
export const ways = ["nat-instance", "nat-gateway", "firewall, nat-gateway", "firewall, nat-instance", "peering", "neighbour", "inwards", "inwards by an edge table", "inwards, answers by the NAT instance"] as const;
export type Way = (typeof ways)[number];
/** What a guest is set to. */
export interface GuestSetting { forwarding: boolean; masquerade: boolean; forwardDrop: boolean; inputDrop: boolean; outputDrop: boolean; echoIgnored: boolean }
export interface PutIn { readonly fault: string; readonly code: string; readonly component: string }
export interface Drawn { readonly seed: number; readonly way: Way; readonly records: Pick<Records, "snapshot" | "get">; readonly guests: Readonly<Record<Role, GuestSetting>>; readonly question: Question; readonly putIn: readonly PutIn[]; readonly noise: readonly string[] }

/** Mulberry32: a sequence from a seed. */
export function sequence(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

interface Fault extends PutIn { readonly ways: readonly Way[]; readonly alone?: boolean; readonly protocols?: readonly Question["protocol"][]; readonly put: (r: Records, g: Record<Role, GuestSetting>, question: { port?: number | undefined }) => unknown }

export function draw(seed: number, firstIndex: number): Drawn {
  const next = sequence(seed);
  const way = ways[next(ways.length)]!;
  const protocol = (["icmp", "udp", "tcp"] as const)[next(3)]!;
  const { records, guests, question } = withoutFault(way, protocol, firstIndex);
  const noise: string[] = [];
  const putIn: PutIn[] = [];
  if (next(3) === 0) for (let i = 0; i <= next(4); i++) noise.push(disturb(records, next));
  else {
    const possible = faults(way).filter((one) => one.ways.includes(way) && one.protocols?.includes(protocol) !== false);
    const count = [0, 1, 1, 2, 2, 3][next(6)]!;
    while (putIn.length < count && possible.length > 0) {
      const fault = possible.splice(next(possible.length), 1)[0]!;
      if (putIn.some((one) => one.component === fault.component && one.fault.split(":")[0] === fault.fault.split(":")[0]) || (fault.alone && putIn.length > 0)) continue;
      fault.put(records, guests, question);
      putIn.push({ fault: fault.fault, code: fault.code, component: fault.component });
      if (fault.alone) break;
    }
  }
  return { seed, way, records, guests, question, putIn, noise };
}

interface Whole { readonly records: Records; readonly guests: Record<Role, GuestSetting>; readonly question: { -readonly [K in keyof Question]: Question[K] } }
function withoutFault(way: Way, protocol: Question["protocol"], firstIndex: number): Whole {
  const guests = Object.fromEntries(roles.map((role) => [role, { forwarding: role === "nat" || role === "firewall", masquerade: role === "nat", forwardDrop: false, inputDrop: false, outputDrop: false, echoIgnored: false }])) as Record<Role, GuestSetting>;
  return { records: networkOf(way, firstIndex), guests, question: { ...endsOf(way, protocol), protocol, ...(protocol === "icmp" ? {} : { port: protocol === "udp" ? ECHO_PORT : WEB_PORT }) } };
}

/** A way with these faults, by name, each where it is possible first. */
export function drawWith(way: Way, protocol: Question["protocol"], names: readonly string[], firstIndex: number): Drawn {
  const { records, guests, question } = withoutFault(way, protocol, firstIndex);
  const putIn = names.map((name) => {
    const found = faults(way).find((one) => one.fault === name && one.ways.includes(way) && one.protocols?.includes(protocol) !== false);
    if (!found) throw new Error(`there is no fault "${name}" on the way ${way}`);
    found.put(records, guests, question);
    return { fault: name, code: found.code, component: found.component };
  });
  return { seed: firstIndex, way, records, guests, question, putIn, noise: [] };
}

const targetOf = (way: Way): Role => (way === "peering" ? "peer" : "web");
function endsOf(way: Way, protocol: Question["protocol"]): Pick<Question, "source" | "destination"> {
  const outwards = { kind: "address", address: protocol === "udp" ? dnsHost : pingHost } as const;
  if (way.startsWith("inwards")) return { source: { kind: "address", address: client }, destination: { kind: "interface", id: "eni-web" } };
  return { source: { kind: "interface", id: "eni-private" }, destination: way === "peering" || way === "neighbour" ? { kind: "interface", id: `eni-${targetOf(way)}` } : outwards };
}

const toInterface = (role: Role): RouteTarget => ({ kind: "interface", networkInterfaceId: `eni-${role}`, instanceId: `i-${role}` });
const gateway: RouteTarget = { kind: "gateway", gatewayId: "igw-1" }, natGateway: RouteTarget = { kind: "nat-gateway", natGatewayId: "nat-1" }, peering: RouteTarget = { kind: "peering", vpcPeeringConnectionId: "pcx-1" };

function networkOf(way: Way, firstIndex: number): Records {
  const r = new Records(firstIndex);
  const has = (word: string): boolean => way.includes(word);
  const middle = has("firewall") || has("edge");
  const out = has("firewall") ? toInterface("firewall") : has("nat-gateway") ? natGateway : toInterface("nat");
  const behind = has("nat-gateway") ? natGateway : has("nat-instance") ? toInterface("nat") : gateway;
  r.vpc("vpc-1", "10.0.0.0/16", "igw-1").vpc("vpc-2", "10.1.0.0/16");
  for (const [name, block] of [["public", "10.0.0.0/24"], ["private", "10.0.1.0/24"], ["firewall", "10.0.2.0/24"], ["web", "10.0.3.0/24"]] as const) r.subnet(`subnet-${name}`, "vpc-1", block).acl(`acl-${name}`, "vpc-1", [`subnet-${name}`]);
  r.subnet("subnet-peer", "vpc-2", "10.1.0.0/24").acl("acl-peer", "vpc-2", ["subnet-peer"]);
  r.table("rtb-main", "vpc-1", [], { main: true }).table("rtb-public", "vpc-1", [[anywhere, gateway]], { subnets: ["subnet-public"] });
  r.table("rtb-private", "vpc-1", way === "peering" ? [["10.1.0.0/16", peering]] : way === "neighbour" || has("inwards") ? [] : [[anywhere, out]], { subnets: ["subnet-private"] });
  r.table("rtb-firewall", "vpc-1", middle ? [[anywhere, behind]] : [], { subnets: ["subnet-firewall"] });
  r.table("rtb-web", "vpc-1", has("inwards") ? [[anywhere, has("edge") ? toInterface("firewall") : has("answers") ? toInterface("nat") : gateway]] : [], { subnets: ["subnet-web"] });
  r.table("rtb-peer", "vpc-2", [["10.0.0.0/16", peering]], { main: true, subnets: ["subnet-peer"] });
  if (has("edge")) r.table("rtb-edge", "vpc-1", [["10.0.3.0/24", toInterface("firewall")]], { gateway: "igw-1" });
  for (const name of ["private", "nat", "firewall", "web"]) r.group(`sg-${name}`, "vpc-1", [everything(true), everything(false)]);
  r.group("sg-peer", "vpc-2", [everything(true), everything(false)]);
  const put = (role: Role, subnet: string, more: object = {}): unknown => r.instance(role, `subnet-${subnet}`, addresses[role], `sg-${role}`, { macAddress: macOf(role), ...more });
  put("private", "private");
  if (has("nat-instance") || has("answers")) {
    put("nat", "public", { sourceDestCheck: false, publicIp: "203.0.113.5" });
    r.put("image", { id: "ami-nat", name: "amzn-ami-vpc-nat-1" } as never).change("instance", "i-nat", { imageId: "ami-nat" });
  }
  if (middle) put("firewall", "firewall", { sourceDestCheck: false, ...(has("edge") ? { publicIp: "203.0.113.7" } : {}) });
  if (way === "neighbour" || has("inwards")) put("web", "web", has("inwards") ? { publicIp: "203.0.113.6" } : {});
  if (way === "peering") {
    put("peer", "peer");
    const side = (vpcId: string): { vpcId: string; region: string; ownerId: string; allowDnsResolution: boolean } => ({ vpcId, region: "us-east-1", ownerId: "", allowDnsResolution: false });
    r.put("vpc-peering-connection", { id: "pcx-1", requester: side("vpc-1"), accepter: side("vpc-2"), status: "active", statusMessage: "" });
  }
  if (has("nat-gateway")) {
    r.put("network-interface", { id: "eni-gateway", vpcId: "vpc-1", subnetId: "subnet-public", availabilityZone: "us-east-1a", macAddress: "02:00:00:00:aa:99", description: "", privateAddresses: [{ address: "10.0.0.99", primary: true }], groupIds: [], sourceDestCheck: false, requesterManaged: true });
    r.put("elastic-ip", { id: "eipalloc-1", publicIp: "203.0.113.9", associationId: "eipassoc-1", networkInterfaceId: "eni-gateway", privateIp: "10.0.0.99" });
    r.put("natgateway", { id: "nat-1", vpcId: "vpc-1", subnetId: "subnet-public", connectivityType: "public", state: "available", networkInterfaceId: "eni-gateway", addresses: [{ privateIp: "10.0.0.99", allocationId: "eipalloc-1", publicIp: "203.0.113.9", primary: true }] });
  }
  return r;
}

const withNat: readonly Way[] = ["nat-instance", "firewall, nat-instance"], withFirewall: readonly Way[] = ["firewall, nat-gateway", "firewall, nat-instance", "inwards by an edge table"];
const withNatGateway: readonly Way[] = ["nat-gateway", "firewall, nat-gateway"];
const fromPrivate: readonly Way[] = ways.slice(0, 6), outwards: readonly Way[] = ways.slice(0, 4), toGuest: readonly Way[] = ways.slice(4), inwards: readonly Way[] = ways.slice(6);
const onlyTcp = (isEgress: boolean): SecurityGroupRule => rule(isEgress, "tcp", 4711, anywhere);
/** Of questions, of answers (whichever port of its range the client has), of neither. */
const portRanges = [{ fromPort: 80, toPort: 80 }, { fromPort: 53, toPort: 53 }, { fromPort: 0, toPort: 1023 }, { fromPort: 1024, toPort: 65535 }, { fromPort: 443, toPort: 443 }];
const deny = (egress: boolean): NetworkAclEntry => ({ ruleNumber: 50, egress, protocol: "-1", action: "deny", cidrBlock: anywhere });

function faults(way: Way): Fault[] {
  const target = targetOf(way);
  const middles: readonly (readonly [Role, readonly Way[]])[] = [["nat", withNat], ["firewall", withFirewall]];
  const blockAcl = (name: string, egress: boolean) => (r: Records): unknown => r.change("network-acl", `acl-${name}`, { entries: [...r.get("network-acl", `acl-${name}`).entries, deny(egress)] });
  return [
    { fault: "group out", code: "ENI_SG_RULES_MISMATCH", component: "eni-private", ways: fromPrivate, put: (r) => r.change("security-group", "sg-private", { rules: [onlyTcp(true)] }) },
    { fault: "group out: empty", code: "SG_HAS_NO_RULES", component: "eni-private", ways: fromPrivate, put: (r) => r.change("security-group", "sg-private", { rules: [] }) },
    { fault: "group in", code: "ENI_SG_RULES_MISMATCH", component: `eni-${target}`, ways: toGuest, put: (r) => r.change("security-group", `sg-${target}`, { rules: [everything(true), onlyTcp(false)] }) },
    ...middles.flatMap(([role, where]): Fault[] => [
      { fault: "group in", code: "ENI_SG_RULES_MISMATCH", component: `eni-${role}`, ways: where, put: (r) => r.change("security-group", `sg-${role}`, { rules: [everything(true), onlyTcp(false)] }) },
      { fault: "check on", code: "ENI_SOURCE_DEST_CHECK_RESTRICTION", component: `eni-${role}`, ways: where, put: (r) => r.change("network-interface", `eni-${role}`, { sourceDestCheck: true }) },
      { fault: "no forwarding", code: "GUEST_IP_FORWARDING_DISABLED", component: `i-${role}`, ways: where, put: (_r, g) => { g[role].forwarding = false; } },
      { fault: "forward drops", code: "GUEST_FIREWALL_DROPS", component: `i-${role}`, ways: where, put: (_r, g) => { g[role].forwardDrop = true; } },
    ]),
    { fault: "no masquerade", code: "GUEST_NAT_MISSING", component: "i-nat", ways: withNat, put: (_r, g) => { g.nat.masquerade = false; } },
    { fault: "no public address", code: "IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS", component: "igw-1", ways: withNat, put: (r) => r.change("network-interface", "eni-nat", { privateAddresses: [{ address: addresses.nat, primary: true }] }) },
    { fault: "no public address", code: "IGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS", component: "igw-1", ways: inwards, put: (r) => r.change("network-interface", "eni-web", { privateAddresses: [{ address: addresses.web, primary: true }] }) },
    { fault: "gateway detached", code: "BAD_STATE_ROUTE", component: "rtb-public", ways: outwards, put: (r) => r.change("internet-gateway", "igw-1", { vpcId: undefined }) },
    { fault: "ACL out", code: "SUBNET_ACL_RESTRICTION", component: "acl-private", ways: fromPrivate, put: blockAcl("private", true) },
    { fault: "ACL in", code: "SUBNET_ACL_RESTRICTION", component: "acl-public", ways: outwards, put: blockAcl("public", false) },
    { fault: "ACL in", code: "SUBNET_ACL_RESTRICTION", component: `acl-${target}`, ways: toGuest, put: blockAcl(target, false) },
    { fault: "ACL for answers", code: "SUBNET_ACL_RESTRICTION", component: `acl-${target}`, ways: toGuest, put: blockAcl(target, true) },
    { fault: "ACL for answers", code: "SUBNET_ACL_RESTRICTION", component: "acl-private", ways: fromPrivate, put: blockAcl("private", false) },
    { fault: "no route", code: "NO_ROUTE_TO_DESTINATION", component: "rtb-private", ways: [...outwards, "peering"], alone: true, put: (r) => r.table("rtb-private", "vpc-1", [], { subnets: ["subnet-private"] }) },
    { fault: "no route back", code: "NO_ROUTE_TO_DESTINATION", component: "rtb-peer", ways: ["peering"], put: (r) => r.table("rtb-peer", "vpc-2", [], { main: true, subnets: ["subnet-peer"] }) },
    { fault: "dead route", code: "BAD_STATE_ROUTE", component: "rtb-private", ways: outwards, alone: true, put: (r) => r.table("rtb-private", "vpc-1", [[anywhere, { kind: "interface", networkInterfaceId: "eni-gone" }]], { subnets: ["subnet-private"] }) },
    { fault: "request pending", code: "BAD_STATE_ROUTE", component: "rtb-private", ways: ["peering"], put: (r) => r.change("vpc-peering-connection", "pcx-1", { status: "pending-acceptance" }) },
    { fault: "NAT gateway failed", code: "BAD_STATE_ROUTE", component: way.startsWith("firewall") ? "rtb-firewall" : "rtb-private", ways: withNatGateway, alone: true, put: (r) => r.change("natgateway", "nat-1", { state: "failed" }) },
    { fault: "input drops", code: "GUEST_FIREWALL_DROPS", component: `i-${target}`, ways: toGuest, put: (_r, g) => { g[target].inputDrop = true; } },
    { fault: "ping ignored", code: "GUEST_PING_IGNORED", component: `i-${target}`, ways: toGuest, protocols: ["icmp"], put: (_r, g) => { g[target].echoIgnored = true; } },
    { fault: "port closed", code: "GUEST_PORT_CLOSED", component: `i-${target}`, ways: toGuest, protocols: ["udp", "tcp"], put: (_r, _g, question) => { question.port = CLOSED_PORT; } },
    { fault: "port closed outside", code: "GUEST_PORT_CLOSED", component: pingHost, ways: outwards, protocols: ["tcp"], put: (_r, _g, question) => { question.port = CLOSED_PORT; } },
    { fault: "output drops", code: "GUEST_FIREWALL_DROPS", component: "i-private", ways: fromPrivate, put: (_r, g) => { g.private.outputDrop = true; } },
    { fault: "output drops", code: "GUEST_FIREWALL_DROPS", component: `i-${target}`, ways: toGuest, put: (_r, g) => { g[target].outputDrop = true; } },
  ];
}

/** Something at random, which may matter or not. Answers what. */
function disturb(r: Records, next: (below: number) => number): string {
  const pick = <T>(list: readonly T[]): T => list[next(list.length)]!;
  const block = (): string => pick([anywhere, "10.0.0.0/16", "10.0.1.0/24", "10.1.0.0/16", "192.0.2.0/24", "10.0.0.0/24", "10.0.2.0/23", "203.0.113.0/24"]);
  const protocol = pick(["-1", "1", "17", "6"]);
  switch (next(4)) {
    case 0: {
      const acl = `acl-${pick(["public", "private", "firewall", "web", "peer"])}`;
      const entry = { ruleNumber: 1 + next(99), egress: next(2) === 0, protocol, action: pick(["deny", "deny", "allow"] as const), cidrBlock: block(), ...(protocol === "1" ? { icmpType: pick([-1, 0, 8]), icmpCode: -1 } : {}), ...(protocol === "6" || protocol === "17" ? pick([{}, ...portRanges]) : {}) };
      r.change("network-acl", acl, { entries: [...r.get("network-acl", acl).entries.filter((e) => e.ruleNumber !== entry.ruleNumber || e.egress !== entry.egress), entry] });
      return `${acl}: ${JSON.stringify(entry)}`;
    }
    case 1: {
      const sg = `sg-${pick(roles)}`;
      const rules = [0, 1].flatMap(() => (next(3) === 0 ? [] : [rule(next(2) === 0, pick(["-1", "icmp", "udp", "tcp"]), -1, block())])).map((one) => (one.protocol === "udp" || one.protocol === "tcp" ? { ...one, fromPort: 0, toPort: 65535 } : one));
      const changed = { rules: next(2) === 0 ? [...rules, everything(next(2) === 0)] : [...rules, everything(true)] };
      r.change("security-group", sg, changed);
      return `${sg}: ${JSON.stringify(changed.rules.map(({ isEgress, protocol: p, cidrIpv4 }) => [isEgress ? "out" : "in", p, cidrIpv4]))}`;
    }
    case 2: {
      const table = r.get("route-table", `rtb-${pick(["public", "private", "firewall", "web", "peer"])}`);
      const own = r.snapshot.list("network-interface").filter((eni) => eni.vpcId === table.vpcId && eni.attachment);
      const target: RouteTarget = next(2) === 0 && table.vpcId === "vpc-1" ? gateway : { kind: "interface", networkInterfaceId: own.length > 0 ? pick(own).id : "eni-gone" };
      const destination = pick(["192.0.2.0/24", "192.0.0.0/16", "10.1.0.0/16", "10.1.0.0/24", anywhere].filter((one) => !table.routes.some((route) => route.destination === one && route.target.kind === "local")));
      r.change("route-table", table.id, { routes: [...table.routes.filter((one) => one.destination !== destination), { destination, target, origin: "CreateRoute" }] });
      return `${table.id}: ${destination} -> ${JSON.stringify(target)}`;
    }
    default: {
      const eni = pick(r.snapshot.list("network-interface").filter((one) => one.attachment));
      r.change("network-interface", eni.id, { sourceDestCheck: !eni.sourceDestCheck });
      return `${eni.id}: check ${eni.sourceDestCheck ? "off" : "on"}`;
    }
  }
}
