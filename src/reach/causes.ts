// Owns what a stop means: AWS's explanation code, who it is about, one line in each language, and the mends that would lift it, the
// likeliest first (Reachability Analyzer guide, "Explanation codes"). What routes are at fault is in route-causes.ts. Pure.

import { formatIp } from "../lib/ip.ts";
import type { Change } from "../model/overlay.ts";
import type { Check } from "../model/hop.ts";
import type { Direction, Packet } from "../model/packet.ts";
import type { NetworkInterface } from "../model/records.ts";
import type { Guests } from "./guest.ts";
import { allowInAcl, allowInGroup, associateAddress, attachGateway, checkOff, enableDns, launchAt, startInstance, type Mend } from "./mends.ts";
import { noStartCauses, type Base as Begun } from "./no-start-causes.ts";
import type { Explanation, Question } from "./question.ts";
import { routeCauses, strayed } from "./route-causes.ts";
import { headerOf, packetText, text, type Text } from "./texts.ts";
import type { GuestFinding, HostFinding, Place, Stop, World } from "./walk.ts";
import { pingableName } from "./internet-hosts.ts";

/** One way to tell and lift a stop. Neither changes nor translates: nothing lifts it, the walk ends there. Instead: told where that needs fewer mends. */
export interface Cause { readonly place: Place; readonly explanation: Explanation; readonly changes: readonly Change[]; readonly translates?: string | undefined; readonly instead?: boolean | undefined }

export function causesOf(stop: Stop, world: World, guests: Guests, question: Question): Cause[] {
  return [...usualCauses(stop, world, guests, question), ...strayed(stop, world, maker(stop))];
}

function maker(stop: Stop): Begun {
  const place: Place = { direction: stop.direction, at: stop.at };
  return (code, component, flow, message, mend, more = {}) => ({
    place, changes: mend?.changes ?? [],
    explanation: { code, direction: stop.direction, component, flow, message, mend: mend?.command ?? "", ...(stop.packet ? { header: headerOf(stop.packet) } : {}), ...more },
  });
}

function usualCauses(stop: Stop, world: World, guests: Guests, question: Question): Cause[] {
  const { network } = world;
  const make = maker(stop);
  switch (stop.what) {
    case "no-start": return noStartCauses(network, stop.why, question, make);
    case "not-running": return [notRunning(world, stop.interface, make)];
    case "nowhere": return []; // the guest's own causes say it
    case "drop": return dropCauses(stop, world, guests, make);
    case "nat-gateway": return stop.untranslated && stop.reason === "NAT_SOURCE" ? [guestStop(stop.untranslated)] : routeCauses(stop, world, guests, make);
    default: return routeCauses(stop, world, guests, make);
  }
}

function dropCauses(stop: Stop & { what: "drop" }, world: World, guests: Guests, make: Begun): Cause[] {
  const { network } = world;
  const { reason, packet, counted, check, from } = stop;
  const guest = stop.untranslated;
  const what = packetText(packet);
  const at = counted ?? from;
  switch (reason) {
    case "SOURCE_CHECK": case "DESTINATION_CHECK": {
      if (reason === "SOURCE_CHECK" && guest) return [guestStop(guest)];
      const [address, flow] = reason === "SOURCE_CHECK" ? [packet.source, "egress"] as const : [packet.destination, "ingress"] as const;
      if (check?.what === "source-dest-check" && !check.interface.sourceDestCheck) // towards the VPC's services the source must be one's own
        return [make("ENI_ADDRESS_RESTRICTION", { kind: "interface", id: at!.id }, "egress", text(`${at!.id} may ask the VPC's services from its own addresses only, not from ${formatIp(address)}`, `${at!.id} は自身のアドレスからのみ VPC のサービスを利用できます (${formatIp(address)} は不可)`), undefined, ofInterface(at!))];
      return [make("ENI_SOURCE_DEST_CHECK_RESTRICTION", { kind: "interface", id: at!.id }, flow, text(
        `the source/destination check of ${at!.id} is on, and ${formatIp(address)} is not its address`, `${at!.id} の送信元/送信先チェックが有効ですが、${formatIp(address)} は自身のアドレスではありません`), checkOff(at!), ofInterface(at!))];
    }
    case "GROUP_EGRESS": case "GROUP_INGRESS": return [groupCause(world, at!, reason === "GROUP_EGRESS" ? "egress" : "ingress", packet, what, make)];
    case "ACL_EGRESS": case "ACL_INGRESS": return [aclCause(world, check as Check & { what: "acl" }, packet, what, make)];
    case "NO_PUBLIC_ADDRESS": {
      if (guest && check?.what === "internet-gateway") return [guestStop(guest)];
      if (check?.what === "route") return [make("INGRESS_RTB_NO_PUBLIC_IP", { kind: "interface", id: at!.id }, "ingress", text(`the gateway's route table leads to ${at!.id}, which has no public address`, `ゲートウェイのルートテーブルの宛先 ${at!.id} にパブリックアドレスがありません`),
        associateAddress(network, at!, primary(network, at!)), { ...ofInterface(at!), routeTableId: check.table.id, routeDestination: check.route?.destination, missing: "public-address" })];
      const owner = network.ownerOf(at!.vpcId, packet.source) ?? at!;
      const gateway = network.attachedGateway(at!.vpcId);
      return [make("IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS", { kind: "internet-gateway", id: gateway?.id ?? "" }, "egress", text(`${formatIp(packet.source)} of ${owner.id} has no public address`, `${owner.id} の ${formatIp(packet.source)} にパブリックアドレスがありません`),
        network.ownerOf(at!.vpcId, packet.source) ? associateAddress(network, owner, packet.source) : undefined, { ...ofInterface(owner), missing: "public-address" })];
    }
    case "GATEWAY_DETACHED":
      return [make("UNASSOCIATED_COMPONENT", { kind: "vpc", id: at!.vpcId }, "ingress", text(`no internet gateway is attached to ${at!.vpcId}`, `${at!.vpcId} にインターネットゲートウェイがアタッチされていません`), attachGateway(network, at!.vpcId, undefined), { vpcId: at!.vpcId, missing: "internet-gateway" })];
    case "UNKNOWN_PUBLIC_ADDRESS": case "PRIVATE_DESTINATION": return routeCauses(stop, world, guests, make);
    case "NO_SUCH_ADDRESS": return noSuchAddress(stop, world, guests, make);
    case "DNS_DISABLED":
      return [make("BAD_STATE", { kind: "vpc", id: at!.vpcId }, "egress", text(`the DNS server of ${at!.vpcId} is turned off`, `${at!.vpcId} の DNS サポートが無効です`), enableDns(network, at!.vpcId), { vpcId: at!.vpcId })];
    case "LINK_LOCAL":
      return check?.what === "service" && check.service !== "none"
        ? [make("PROTOCOL_RESTRICTION", { kind: "vpc", id: at!.vpcId }, "egress", text(check.service === "dns" ? "the VPC's DNS server answers on port 53 (TCP and UDP) and ping only" : "instance metadata answers on TCP port 80 only", check.service === "dns" ? "VPC の DNS サーバーはポート 53 (TCP/UDP) と ping にのみ応答します" : "インスタンスメタデータは TCP ポート 80 でのみ応答します"), undefined, { vpcId: at!.vpcId })]
        : [make("NO_POSSIBLE_DESTINATION", { kind: "interface", id: at!.id }, "egress", text(`no route leads to ${formatIp(packet.destination)}: it is link-local, multicast or reserved`, `${formatIp(packet.destination)} はリンクローカル、マルチキャストまたは予約済みアドレスであり、経路がありません`), undefined, ofInterface(at!))];
    case "FRAGMENT": return [];
    default: return routeCauses(stop, world, guests, make);
  }
}

const ofInterface = (eni: NetworkInterface): Partial<Explanation> => ({ networkInterfaceId: eni.id, subnetId: eni.subnetId, vpcId: eni.vpcId });
const primary = (network: World["network"], eni: NetworkInterface): number => [...eni.privateAddresses].map((p) => p.address.split(".").reduce((n, part) => n * 256 + Number(part), 0)).find((n) => network.has(eni, n))!;

function groupCause({ network }: World, eni: NetworkInterface, direction: Direction, packet: Packet, what: Text, make: Begun): Cause {
  const groups = eni.groupIds.flatMap((id) => network.snapshot.get("security-group", id) ?? []);
  const group = groups[0];
  const empty = !groups.some((g) => g.rules.some((rule) => rule.isEgress === (direction === "egress")));
  const code = empty ? "SG_HAS_NO_RULES" : "ENI_SG_RULES_MISMATCH";
  const ids = eni.groupIds.join(", ");
  const message = direction === "ingress"
    ? text(`${ids} of ${eni.id} lets no ${what.en} in`, `${eni.id} の ${ids} に ${what.ja} を許可するインバウンドルールがありません`)
    : text(`${ids} of ${eni.id} lets no ${what.en} out`, `${eni.id} の ${ids} に ${what.ja} を許可するアウトバウンドルールがありません`);
  return make(code, { kind: "interface", id: eni.id }, direction, message, group && allowInGroup(network, eni, group, direction, packet), { ...ofInterface(eni), securityGroupIds: eni.groupIds });
}

function aclCause({ network }: World, { acl, entry, subnetId, direction }: Check & { what: "acl" }, packet: Packet, what: Text, make: Begun): Cause {
  const ruleNumber = entry?.ruleNumber ?? 32767;
  const message = text(`${acl?.id} of ${subnetId} denies ${what.en} ${direction === "egress" ? "out" : "in"} (${entry ? `entry ${ruleNumber}` : "the final entry *"})`,
    `${subnetId} の ${acl?.id} が ${what.ja} の${direction === "egress" ? "アウトバウンド" : "インバウンド"}を拒否 (${entry ? `ルール ${ruleNumber}` : "最終ルール *"})`);
  return make("SUBNET_ACL_RESTRICTION", { kind: "network-acl", id: acl?.id ?? "" }, direction, message, acl && allowInAcl(network, acl, entry?.ruleNumber, direction, packet),
    { subnetId, networkAcl: { id: acl?.id ?? "", egress: direction === "egress", ruleNumber } });
}

function noSuchAddress(stop: Stop & { what: "drop" }, world: World, guests: Guests, make: Begun): Cause[] {
  const { network } = world;
  const { packet, check, from } = stop;
  if (check?.what === "route") return routeCauses(stop, world, guests, make);
  const vpcId = check?.what === "local-address" ? check.vpcId : from?.vpcId ?? "";
  const address = formatIp(packet.destination);
  const owner = network.snapshot.list("network-interface").find((eni) => eni.vpcId === vpcId && eni.privateAddresses.some((p) => p.address === address));
  if (owner) return [notRunning(world, owner, make)];
  return [make("NO_POSSIBLE_DESTINATION", { kind: "vpc", id: vpcId }, "egress", text(`nobody in ${vpcId} has ${address}`, `${vpcId} に ${address} を持つインターフェースがありません`), launchAt(network, vpcId, packet.destination), { vpcId })];
}

/** An interface without a guest: its instance is stopped, or it is attached to none. */
function notRunning({ network }: World, eni: NetworkInterface, make: Begun): Cause {
  const instance = eni.attachment && network.snapshot.get("instance", eni.attachment.instanceId);
  if (!instance) {
    const free = network.snapshot.list("instance", eni.region).find((i) => i.state === "running" && i.availabilityZone === eni.availabilityZone && i.vpcId === eni.vpcId);
    const mend: Mend | undefined = free && { command: `aws ec2 attach-network-interface --network-interface-id ${eni.id} --instance-id ${free.id} --device-index 1${eni.region === "us-east-1" ? "" : ` --region ${eni.region}`}`, changes: [] };
    return make("UNASSOCIATED_COMPONENT", { kind: "interface", id: eni.id }, "ingress", text(`${eni.id} is attached to no instance`, `${eni.id} はどのインスタンスにもアタッチされていません`), mend, ofInterface(eni));
  }
  return make("BAD_STATE", { kind: "instance", id: instance.id }, "ingress", text(`${instance.id} is ${instance.state}`, `${instance.id} の状態は ${instance.state} です`), instance.state === "stopped" ? startInstance(instance) : undefined, ofInterface(eni));
}

/** The network stopped what a guest had left untranslated: that is the guest's doing. */
function guestStop(finding: GuestFinding): Cause {
  return { place: finding, changes: [], translates: finding.instanceId, explanation: guestExplanation(finding) };
}

export const guestExplanation = ({ cause, instanceId, direction, packet }: GuestFinding): Explanation => ({
  code: cause.code, direction, component: { kind: "guest", id: instanceId }, header: headerOf(packet), flow: "ingress", message: cause.message, mend: cause.mend,
});

export function hostExplanation({ host, direction, packet }: HostFinding, sourceId: string | undefined): Explanation {
  const address = formatIp(packet.destination);
  const from = sourceId === undefined ? "vpcbox laptop" : `vpcbox exec ${sourceId}`;
  const base = { direction, component: { kind: "internet", id: address } as const, header: headerOf(packet), flow: "ingress" as const };
  switch (host) {
    case "ignores-ping": return { ...base, code: "GUEST_PING_IGNORED", message: text(`${address} does not answer ping: try a target that does`, `${address} は ping に応答しません。応答するターゲットで試してください`), mend: `${from} -- ping -c 1 ${pingableName}` };
    case "port-closed": return { ...base, code: "GUEST_PORT_CLOSED", message: text(`nothing listens on port ${packet.destinationPort} of ${address}: its web server is on TCP port 80`, `${address} のポート ${packet.destinationPort} では何も待ち受けていません。Web サーバーは TCP ポート 80 です`), mend: `${from} -- curl -sS -o /dev/null http://${address}/` };
    case "nobody": return { ...base, code: "NO_POSSIBLE_DESTINATION", message: text(`nobody in the box's internet has ${address}`, `ボックスのインターネットに ${address} を持つホストはありません`), mend: `${from} -- ping -c 1 ${pingableName}` };
  }
}
