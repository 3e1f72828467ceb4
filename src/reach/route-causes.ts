// Owns what is said when a packet was led astray: no route, a dead one, one to the wrong place; and the routes that would do. Pure.

import { formatIp } from "../lib/ip.ts";
import { isPrivateAddress, type Packet } from "../model/packet.ts";
import type { NetworkInterface, Route, RouteTable } from "../model/records.ts";
import type { Cause } from "./causes.ts";
import type { Code } from "./codes.ts";
import { primaryOf } from "./endpoints.ts";
import type { Guests } from "./guest.ts";
import { acceptPeering, attachGateway, peer, routeTo, startInstance, type Mend } from "./mends.ts";
import type { Base } from "./no-start-causes.ts";
import type { ComponentRef, Explanation } from "./question.ts";
import { peeringTargets, reroutes } from "./reroutes.ts";
import { text, type Text } from "./texts.ts";
import type { RouteTaken, Stop, World } from "./walk.ts";

export function routeCauses(stop: Stop, world: World, guests: Guests, make: Base): Cause[] {
  const { network } = world;
  const packet = stop.packet!;
  const address = formatIp(packet.destination);
  const last: RouteTaken | undefined = stop.routes.at(-1);
  const of = (table: RouteTable, destination?: string): Partial<Explanation> => ({ routeTableId: table.id, routeDestination: destination, vpcId: table.vpcId, ...(last?.from ? { subnetId: last.from.subnetId, networkInterfaceId: last.from.id } : {}) });
  /** The last route that can be led elsewhere, and all that would do; unmended where nothing would. */
  const led = (code: Code, component: ComponentRef, message: Text, flow: "ingress" | "egress" = "egress"): Cause[] => {
    const taken = [...stop.routes].reverse().find((one) => one.from !== undefined && one.check.route?.target.kind !== "local");
    const found = taken ? ledBy(taken, code, component, message, flow, packet) : [];
    return found.length > 0 ? found : [make(code, component, flow, message, undefined, taken ? of(taken.check.table, taken.check.route?.destination) : {})];
  };
  const ledBy = ({ from, check: { table, route } }: RouteTaken, code: Code, component: ComponentRef, message: Text, flow: "ingress" | "egress", towards: Packet): Cause[] =>
    reroutes(network, guests, from!, table, towards, route?.destination).map((mend) => make(mend.command.includes(" delete-route ") ? "MORE_SPECIFIC_ROUTE" : code, component, flow, message, mend, of(table, route?.destination)));
  /** Every route that could have led it another way, the first one first: of an answer, its sender's own. */
  const ledAstray = (code: Code, message: Text): Cause[] => {
    const found = stop.routes.filter((one) => one.from !== undefined && one.check.route?.target.kind !== "local")
      .flatMap((one) => ledBy(one, code, { kind: "route-table", id: one.check.table.id }, message, "egress", { ...packet, source: primaryOf(one.from!) }));
    return found.length > 0 ? found : led(code, { kind: "route-table", id: last?.check.table.id ?? "" }, message);
  };
  switch (stop.what) {
    case "loop": return led("NO_POSSIBLE_DESTINATION", { kind: "route-table", id: last?.check.table.id ?? "" }, text(`the packet goes round and round: ${last?.check.table.id ?? "a route"} leads it back`, `パケットが循環しています: ${last?.check.table.id ?? "ルート"} が戻り道になっています`));
    case "elsewhere": return led("NO_PATH", { kind: "route-table", id: last?.check.table.id ?? "" }, text(`the packet to ${address} ends elsewhere than asked`, `${address} へのパケットは指定の送信先とは別の場所に届きます`));
    case "other-address": return ledAstray("NGW_SOURCE_ADDRESS_REASSIGN", text(`the answer comes back as ${formatIp(packet.source)}, which was not asked: it left by another way`, `応答が別の経路を通り、問い合わせ先とは異なる ${formatIp(packet.source)} から返ります`));
    case "nat-gateway": {
      const component = { kind: "nat-gateway", id: stop.natGateway.id } as const;
      if (stop.reason === "NAT_SOURCE") return led("NGW_REQUIRES_SOURCE_IN_VPC", component, text(`${stop.natGateway.id} serves sources of its own VPC only, not ${formatIp(packet.source)}`, `${stop.natGateway.id} は自身の VPC 内の送信元のみを扱います (${formatIp(packet.source)} は不可)`));
      if (stop.reason === "NAT_PROTOCOL") return led("PROTOCOL_RESTRICTION", component, text(`${stop.natGateway.id} carries TCP, UDP and ICMP only`, `${stop.natGateway.id} は TCP、UDP、ICMP のみを扱います`));
      return stop.direction === "return"
        ? led("NGW_SOURCE_ADDRESS_REASSIGN", component, text(`the answer leaves by ${stop.natGateway.id}, which knows no connection of it`, `応答が ${stop.natGateway.id} を通りますが、対応する接続がありません`))
        : led("NGW_DEST_ADDRESS_PRESERVATION", component, text(`${stop.natGateway.id} lets only answers in, and nothing listens at its own addresses`, `${stop.natGateway.id} は応答のみを受け付け、自身のアドレスでは何も待ち受けません`), "ingress");
    }
    case "drop": break;
    default: return [];
  }
  const at: NetworkInterface | undefined = stop.from;
  switch (stop.reason) {
    case "NO_ROUTE": {
      const table = last!.check.table;
      const message = text(`${table.id} has no route to ${address}`, `${table.id} に ${address} へのルートがありません`);
      const component = { kind: "route-table", id: table.id } as const;
      if (at === undefined || last!.from === undefined) return [make("NO_ROUTE_TO_DESTINATION", component, "ingress", message, routeTo(table, `${address}/32`, { kind: "local" }), of(table))];
      const mends = reroutes(network, guests, at, table, packet, undefined);
      if (mends.length > 0) return mends.map((mend) => make("NO_ROUTE_TO_DESTINATION", component, "egress", message, mend, { ...of(table), missing: "route" }));
      const owner = isPrivateAddress(packet.destination) ? network.snapshot.list("network-interface").find((eni) => eni.vpcId !== at.vpcId && network.isPresent(eni) && eni.privateAddresses.some((p) => p.address === address)) : undefined;
      const joined = owner && peer(network, at.vpcId, owner.vpcId);
      if (owner) return [make("DISCONNECTED_VPCS", { kind: "vpc", id: at.vpcId }, "egress", text(`nothing joins ${at.vpcId} with ${owner.vpcId}`, `${at.vpcId} と ${owner.vpcId} は接続されていません`), joined, of(table))];
      return [make("NO_ROUTE_TO_DESTINATION", component, "egress", message, noInternet(world, at), { ...of(table), missing: "internet-gateway" })];
    }
    case "BLACKHOLE": return deadRoute(world, last!, of, make, led);
    case "PEERING": return led("PCX_REQUIRES_ADDRESS_IN_VPC_CIDR", { kind: "peering", id: stop.check?.what === "peering" ? stop.check.peeringId : "" },
      text(`the peering connection carries packets between its two VPCs only, not from ${formatIp(packet.source)} to ${address}`, `ピアリング接続は両 VPC 間のパケットのみを通します (${formatIp(packet.source)} から ${address} は不可)`));
    case "PRIVATE_DESTINATION": {
      const shared = (stop.check?.what === "internet-gateway" && stop.check.direction === "ingress" ? packet.source : packet.destination) >>> 22 === 0x191 ? "RFC6598" : "RFC1918";
      const inwards = at === undefined;
      const component = { kind: "internet-gateway", id: (at && network.attachedGateway(at.vpcId)?.id) ?? "" } as const;
      return inwards
        ? [make(`IGW_SOURCE_ADDRESS_NOT_IN_${shared}_INGRESS`, component, "ingress", text(`${formatIp(packet.source)} is a private address: nothing with it comes from the internet`, `${formatIp(packet.source)} はプライベートアドレスであり、インターネットからは届きません`), undefined)]
        : led(`IGW_DESTINATION_ADDRESS_NOT_IN_${shared}_EGRESS`, component, text(`${address} is a private address: it is not in the internet`, `${address} はプライベートアドレスであり、インターネットにはありません`));
    }
    case "UNKNOWN_PUBLIC_ADDRESS": return [make("IGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS", { kind: "internet", id: address }, "ingress", text(`no running interface has the public address ${address}`, `パブリックアドレス ${address} を持つ稼働中のインターフェースがありません`), undefined, { missing: "public-address" })];
    default: return led("NO_POSSIBLE_DESTINATION", { kind: "route-table", id: last?.check.table.id ?? "" }, text(`nothing takes ${address} at the end of its route`, `ルートの先に ${address} を受け取るものがありません`));
  }
}

/** For a peer's address, and led elsewhere by a wider route: by a table that lacks the peering connection's. */
export function strayed(stop: Stop, { network }: World, make: Base): Cause[] {
  for (const { from, check: { table, route, packet } } of stop.routes) {
    if (!from || !route || route.target.kind === "local" || route.target.kind === "peering" || !isPrivateAddress(packet.destination) || network.inVpc(from.vpcId, packet.destination)) continue;
    const [peer] = peeringTargets(network, from.vpcId, packet.destination);
    if (!peer || table.routes.some((one) => one.destination === peer.block)) continue;
    const message = text(`${table.id} has no route to the peer's ${peer.block}: ${route.destination} leads it elsewhere`, `${table.id} にピアの ${peer.block} へのルートがなく、${route.destination} が別の宛先を指しています`);
    return [{ ...make("NO_ROUTE_TO_DESTINATION", { kind: "route-table", id: table.id }, "egress", message, routeTo(table, peer.block, peer.target), { routeTableId: table.id, vpcId: table.vpcId, subnetId: from.subnetId, networkInterfaceId: from.id, missing: "route" }), instead: true }];
  }
  return [];
}

/** There is no gateway to lead to: one is attached first. */
const noInternet = (world: World, at: NetworkInterface): Mend | undefined => (world.network.attachedGateway(at.vpcId) ? undefined : attachGateway(world.network, at.vpcId, undefined));

function deadRoute({ network }: World, { check: { table, route } }: RouteTaken, of: (table: RouteTable, destination?: string) => Partial<Explanation>, make: Base, led: (code: Code, component: ComponentRef, message: Text) => Cause[]): Cause[] {
  const { destination, target }: Route = route!;
  const component = { kind: "route-table", id: table.id } as const;
  const say = (en: string, ja: string): Text => text(`the route ${destination} of ${table.id} is a blackhole: ${en}`, `${table.id} のルート ${destination} はブラックホールです: ${ja}`);
  const one = (message: Text, mend: Mend, more: Partial<Explanation> = {}): Cause[] => [make("BAD_STATE_ROUTE", component, "egress", message, mend, { ...of(table, destination), ...more })];
  if (target.kind === "gateway") {
    const gateway = network.snapshot.get("internet-gateway", target.gatewayId);
    const message = say(`${target.gatewayId} is not attached to ${table.vpcId}`, `${target.gatewayId} が ${table.vpcId} にアタッチされていません`);
    if (gateway && gateway.vpcId === undefined && !network.attachedGateway(table.vpcId)) return one(message, attachGateway(network, table.vpcId, gateway.id), { missing: "internet-gateway" });
    return led("BAD_STATE_ROUTE", component, message);
  }
  if (target.kind === "interface") {
    const eni = network.snapshot.get("network-interface", target.networkInterfaceId);
    const instance = eni?.attachment && network.snapshot.get("instance", eni.attachment.instanceId);
    if (instance?.state === "stopped") return one(say(`${instance.id} is stopped`, `${instance.id} は停止しています`), startInstance(instance));
    return led("BAD_STATE_ROUTE", component, say(`${target.networkInterfaceId} ${eni ? "has no running instance" : "is gone"}`, `${target.networkInterfaceId} ${eni ? "に実行中のインスタンスがありません" : "は存在しません"}`));
  }
  if (target.kind === "peering") {
    const peering = network.snapshot.get("vpc-peering-connection", target.vpcPeeringConnectionId);
    if (peering?.status === "pending-acceptance") return one(say(`${peering.id} has not been accepted`, `${peering.id} が承諾されていません`), acceptPeering(peering));
  }
  const id = target.kind === "peering" ? target.vpcPeeringConnectionId : target.kind === "nat-gateway" ? target.natGatewayId : "";
  return led("BAD_STATE_ROUTE", component, say(`${id} is gone`, `${id} は存在しません`));
}
