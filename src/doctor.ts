// Owns `vpcbox doctor`: what a private subnet's way to the internet needs, checked in the order of the guide. It has no logic of its own
// about packets: the analyzer is asked for ping, web and names, and each of its causes belongs to one check.

import { findInstance } from "./box-views.ts";
import { ControlError } from "./control.ts";
import { lookingIntoGuests, type ReadFacts } from "./guest-reading.ts";
import { apiAddress, hosts } from "./internet/addresses.ts";
import { formatIp, parseIp } from "./lib/ip.ts";
import { attachedInterfaces } from "./model/lifecycle.ts";
import { readNetwork, type Network } from "./model/network.ts";
import type { NetworkInterface, RouteTarget } from "./model/records.ts";
import type { Snapshot } from "./model/snapshot.ts";
import { analyze, analyzeInTurn } from "./reach/analyze.ts";
import type { Explanation, Question } from "./reach/question.ts";

interface Text { readonly en: string; readonly ja: string }
const text = (en: string, ja: string): Text => ({ en, ja });
export type CheckName = "instance" | "route" | "nat" | "groups" | "acls" | "check" | "forwarding" | "translation" | "firewall" | "gateway" | "public-address" | "answer" | "dns" | "target";
export interface Check {
  readonly check: CheckName;
  readonly title: Text;
  /** unknown: an earlier problem that no command mends hides it. */
  readonly state: "ok" | "problem" | "unknown";
  readonly problems: readonly { readonly code: string; readonly component: string; readonly message: Text; readonly mend: string }[];
}
export type Diagnosis = { readonly wrong: string } | { readonly well: boolean; readonly source: string; readonly subnet: string; readonly by: Text; readonly checks: readonly Check[]; readonly unread: readonly string[] };

const titles: Readonly<Record<CheckName, Text>> = {
  "instance": text("an instance is running, and sends", "インスタンスが稼働し送信できる"),
  "route": text("the subnet's route table leads to a NAT", "サブネットのルートテーブルが NAT を指す"),
  "nat": text("the NAT is running", "NAT が稼働している"),
  "groups": text("security groups let it out and in", "セキュリティグループが許可している"),
  "acls": text("network ACLs let it pass, both ways", "ネットワーク ACL が往復とも許可している"),
  "check": text("the NAT instance's source/destination check is off", "NAT インスタンスの送信元/送信先チェックが無効"),
  "forwarding": text("the NAT instance forwards (ip_forward)", "NAT インスタンスが転送する (ip_forward)"),
  "translation": text("the NAT instance translates (MASQUERADE)", "NAT インスタンスが変換する (MASQUERADE)"),
  "firewall": text("nothing inside the instances is in the way", "インスタンス内部に妨げがない"),
  "gateway": text("the NAT's subnet leads to an attached internet gateway", "NAT のサブネットがアタッチ済みの IGW を指す"),
  "public-address": text("the NAT has a public address", "NAT にパブリックアドレスがある"),
  "answer": text("the answer comes back", "応答が戻る"),
  "dns": text("names are resolved (base+2)", "名前解決ができる (base+2)"),
  "target": text("the target answers", "ターゲットが応答する"),
};
type Way = "nat-gateway" | "internet-gateway" | "other";
/** What is otherwise where the subnet's table leads straight to a gateway: a line that says nothing there is left out. */
const otherwise: Readonly<Record<Way, { readonly titles: Partial<Record<CheckName, Text>>; readonly without: readonly CheckName[] }>> = {
  "other": { titles: {}, without: [] },
  "nat-gateway": { titles: {}, without: ["check", "forwarding", "translation"] },
  "internet-gateway": {
    titles: {
      "route": text("the subnet's route table leads to the internet gateway, without a NAT", "サブネットのルートテーブルが NAT を経ずに IGW を指す"),
      "gateway": text("the internet gateway is attached", "IGW がアタッチされている"),
      "public-address": text("the instance has a public address, which it needs without a NAT", "インスタンスにパブリックアドレスがある (NAT を経ないため必要)"),
    },
    without: ["nat", "check", "forwarding", "translation"],
  },
};
/** Also the order in which mends are pasted: a public address can be given only once a gateway is attached. */
const order = Object.keys(titles) as CheckName[];

/** The check that a cause belongs to. */
function checkOf(cause: Explanation, source: NetworkInterface, network: Network, way: Way): CheckName {
  const sourceTable = network.tableOf(source.subnetId).id;
  switch (cause.code) {
    case "ENI_SG_RULES_MISMATCH": case "SG_HAS_NO_RULES": return "groups";
    case "SUBNET_ACL_RESTRICTION": return "acls";
    case "ENI_SOURCE_DEST_CHECK_RESTRICTION": return "check";
    case "GUEST_IP_FORWARDING_DISABLED": return "forwarding";
    case "GUEST_NAT_MISSING": case "GUEST_NAT_WRONG_INTERFACE": return "translation";
    case "IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS": case "INGRESS_RTB_NO_PUBLIC_IP": return cause.networkInterfaceId === source.id && way !== "internet-gateway" ? "route" : "public-address";
    case "BAD_STATE": case "GUEST_NOT_RUNNING": return cause.component.id === source.attachment?.instanceId ? "instance" : "nat";
  }
  if (cause.code === "BAD_STATE_ROUTE" && leadsToStopped(cause, network)) return "nat";
  if (cause.component.kind === "internet") return "target";
  if (cause.code.startsWith("GUEST_")) return "firewall";
  if (cause.direction === "return") return "answer";
  if (cause.missing === "internet-gateway") return "gateway";
  if (cause.routeTableId !== undefined || cause.component.kind === "route-table") return (cause.routeTableId ?? cause.component.id) === sourceTable ? "route" : "gateway";
  return cause.component.id === source.id || cause.networkInterfaceId === source.id ? "route" : "gateway";
}

/** The route is as it should be: who it leads to is stopped, and can be started. */
function leadsToStopped({ routeTableId, routeDestination }: Explanation, { snapshot }: Network): boolean {
  const target = snapshot.get("route-table", routeTableId ?? "")?.routes.find((route) => route.destination === routeDestination)?.target;
  return target?.kind === "interface" && target.instanceId !== undefined && snapshot.get("instance", target.instanceId)?.state === "stopped";
}

export async function diagnose(snapshot: Snapshot, word: string, readFacts: ReadFacts): Promise<Diagnosis> {
  try {
    const network = readNetwork(snapshot);
    const source = sourceOf(snapshot, word);
    const from = { kind: "interface", id: source.id } as const;
    const to = (address: string, protocol: Question["protocol"], port?: number): Question => ({ source: from, destination: { kind: "address", address }, protocol, port });
    const web = hosts["ietf.org"]!.address, names = formatIp(network.dnsAddress(source.vpcId));
    const questions = [to(web, "icmp"), to(web, "tcp", 80), to(apiAddress, "tcp", 443)];
    const looked = await lookingIntoGuests(snapshot, readFacts, (guests) => ({ out: analyzeInTurn(network, questions, guests).flatMap((answer) => answer.explanations), dns: analyze(network, to(names, "udp", 53), guests).explanations }));
    const checks = sorted(looked.answer.out, looked.answer.dns, source, network);
    return { well: checks.every((one) => one.state === "ok"), source: source.attachment?.instanceId ?? source.id, subnet: source.subnetId, by: wayOut(network, source), checks, unread: looked.problems };
  } catch (error) {
    if (error instanceof ControlError && error.status === 400) return { wrong: error.message };
    throw error;
  }
}

function sorted(out: readonly Explanation[], dns: readonly Explanation[], source: NetworkInterface, network: Network): Check[] {
  const found = new Map<CheckName, Explanation[]>();
  const put = (check: CheckName, cause: Explanation): void => {
    const there = found.get(check) ?? [];
    if (!there.some((other) => other.code === cause.code && other.mend === cause.mend && other.component.id === cause.component.id)) found.set(check, [...there, cause]);
  };
  const target = targetOf(network, source);
  const way: Way = target?.kind === "nat-gateway" ? "nat-gateway" : target?.kind === "gateway" ? "internet-gateway" : "other";
  const check = (cause: Explanation): CheckName => checkOf(cause, source, network, way);
  for (const cause of out) put(check(cause), cause);
  for (const cause of dns) put("dns", cause);
  const dead = Math.min(...out.filter((cause) => cause.mend === "").map((cause) => order.indexOf(check(cause)))); // the analyzer went no further
  return order.flatMap((check, i): Check[] => {
    const problems = (found.get(check) ?? []).map(({ code, component, message, mend }) => ({ code, component: component.id, message, mend }));
    if (problems.length === 0 && otherwise[way].without.includes(check)) return [];
    const title = otherwise[way].titles[check] ?? titles[check];
    return [{ check, title, state: problems.length > 0 ? "problem" : i > dead && check !== "dns" ? "unknown" : "ok", problems }];
  });
}

const targetOf = (network: Network, source: NetworkInterface): RouteTarget | undefined => network.route(network.tableOf(source.subnetId), parseIp(hosts["ietf.org"]!.address)!)?.route.target;

/** By what the subnet goes out, in words. */
function wayOut(network: Network, source: NetworkInterface): Text {
  const table = network.tableOf(source.subnetId);
  const target = targetOf(network, source);
  const name = target === undefined ? text("no route", "ルートなし") : both(target.kind === "interface" ? target.instanceId ?? target.networkInterfaceId : target.kind === "gateway" ? target.gatewayId : target.kind === "nat-gateway" ? target.natGatewayId : target.kind === "peering" ? target.vpcPeeringConnectionId : "local");
  return text(`${table.id}, by ${name.en}`, `${table.id}、${name.ja} 経由`);
}
const both = (id: string): Text => text(id, id);

/** An instance's interface, or that of some running instance of a subnet. */
function sourceOf(snapshot: Snapshot, word: string): NetworkInterface {
  if (word === "") throw new ControlError(400, "give a subnet or an instance");
  const ofSubnet = (subnetId: string): NetworkInterface => {
    const inside = snapshot.list("network-interface").filter((eni) => eni.subnetId === subnetId && eni.attachment !== undefined && snapshot.get("instance", eni.attachment.instanceId) !== undefined);
    const running = inside.find((eni) => snapshot.get("instance", eni.attachment!.instanceId)?.state === "running") ?? inside[0];
    if (!running) throw new ControlError(400, `no instance is in ${subnetId}: launch one there, or give an instance`);
    return running;
  };
  if (/^subnet-[0-9a-f]+$/.test(word)) {
    if (!snapshot.get("subnet", word)) throw new ControlError(400, `there is no subnet ${word}; list them with: aws ec2 describe-subnets`);
    return ofSubnet(word);
  }
  const named = snapshot.list("subnet").filter((subnet) => subnet.tags.Name === word);
  if (named.length === 1 && !snapshot.list("instance").some((one) => one.tags.Name === word && one.state !== "terminated")) return ofSubnet(named[0]!.id);
  let found: NetworkInterface | undefined;
  try {
    found = attachedInterfaces(snapshot, findInstance(snapshot, word).id)[0];
  } catch (error) {
    throw error instanceof ControlError ? new ControlError(400, /^i-[0-9a-f]+$/.test(word) || error.status === 409 ? error.message : `there is no subnet or instance "${word}"; list them with: aws ec2 describe-subnets, aws ec2 describe-instances`) : error;
  }
  if (!found) throw new ControlError(400, `${word} has no network interface: it is terminated`);
  return found;
}
