// Owns the words of a guest's causes, English and Japanese, and the command that mends each.

import { formatIp, parseIp } from "../lib/ip.ts";
import { ICMP, TCP, UDP, type Packet } from "../model/packet.ts";
import type { GuestCause, RouteFact } from "./guest.ts";
import type { Chain, Rule } from "./guest-firewall.ts";
import type { Device } from "./guest-routing.ts";
import { routerOf } from "./guest-routing.ts";

export interface Words { readonly en: string; readonly ja: string }
const exec = (id: string, command: string): string => `vpcbox exec ${id} -- ${command}`;
const protocolName = (packet: Packet): string => ({ [ICMP]: "icmp", [TCP]: "tcp", [UDP]: "udp" })[packet.protocol] ?? String(packet.protocol);

/** "tcp 10.0.1.5 -> 192.0.2.10:443" */
export function describe(packet: Packet): string {
  const port = (number: number): string => (packet.protocol === TCP || packet.protocol === UDP ? `:${number}` : "");
  return `${protocolName(packet)} ${formatIp(packet.source)}${port(packet.sourcePort)} -> ${formatIp(packet.destination)}${port(packet.destinationPort)}`;
}

export function notRunning(id: string, state: string): GuestCause {
  return {
    code: "GUEST_NOT_RUNNING",
    message: { en: `${id} is ${state}: nobody is there to take packets`, ja: `${id} は ${state} です。パケットを受け取る者がいません` },
    mend: state === "stopped" ? `aws ec2 start-instances --instance-ids ${id}` : `aws ec2 wait instance-running --instance-ids ${id}`,
  };
}

export function noSuchDevice(id: string, mac: string): GuestCause {
  return {
    code: "GUEST_INTERFACE_DOWN",
    message: { en: `no device of ${id} has the address ${mac}: it was changed or removed inside`, ja: `${id} に MAC アドレス ${mac} のデバイスがありません (中で変更または削除されました)` },
    mend: `aws ec2 reboot-instances --instance-ids ${id}`,
  };
}

export function interfaceDown(id: string, device: Device): GuestCause {
  const router = routerOf(device);
  const up = `ip link set dev ${device.name} up`;
  return {
    code: "GUEST_INTERFACE_DOWN",
    message: { en: `${device.name} of ${id} is down`, ja: `${id} の ${device.name} がダウンしています` },
    mend: exec(id, router === undefined ? up : `sh -c '${up} && ip route replace default via ${router} dev ${device.name}'`),
  };
}

export function addressMissing(id: string, device: Device, address: string, prefixLength: number): GuestCause {
  const router = routerOf({ ...device, addresses: [{ address, prefixLength }] });
  const add = `ip address add ${address}/${prefixLength} dev ${device.name}`;
  return {
    code: "GUEST_ADDRESS_MISSING",
    message: { en: `${device.name} of ${id} does not have the address ${address}, which its network interface has`, ja: `${id} の ${device.name} に、ネットワークインターフェースのアドレス ${address} が設定されていません` },
    mend: exec(id, device.addresses.length > 0 ? add : `sh -c '${add} && ip route replace default via ${router} dev ${device.name}'`),
  };
}

/** A route that leads away from the VPC: to a bridge, a tunnel, a dummy. */
export function routeElsewhere(id: string, to: number, route: RouteFact): GuestCause {
  const destination = isDefault(route) ? "default" : route.destination;
  return {
    code: "GUEST_NO_ROUTE",
    message: { en: `the route of ${id} to ${formatIp(to)} (${destination}) leads to ${route.device}, which is no network interface of the VPC`, ja: `${id} の ${formatIp(to)} へのルート (${destination}) は、VPC のネットワークインターフェースではない ${route.device} を指しています` },
    mend: exec(id, `ip route del ${destination} dev ${route.device}${route.table === "main" ? "" : ` table ${route.table}`}${route.metric > 0 ? ` metric ${route.metric}` : ""}`),
  };
}
const isDefault = (route: RouteFact): boolean => route.destination === "0.0.0.0/0";

export function forwardingOff(id: string, device: Device, everywhere: boolean): GuestCause {
  const setting = everywhere ? "net.ipv4.ip_forward" : `net.ipv4.conf.${device.name.replaceAll(".", "/")}.forwarding`;
  return {
    code: "GUEST_IP_FORWARDING_DISABLED",
    message: { en: `${id} does not forward: ${setting} is 0`, ja: `${id} はパケットを転送しません: ${setting} が 0 です` },
    mend: exec(id, `sysctl -w ${setting}=1`),
  };
}

export function natMissing(id: string, source: number, out: string, ended: boolean): GuestCause {
  return {
    code: "GUEST_NAT_MISSING",
    message: {
      en: `${id} forwards without translating: the packet leaves by ${out} with the source ${formatIp(source)}, to which no answer comes back`,
      ja: `${id} は送信元を変換せずに転送します: パケットは送信元 ${formatIp(source)} のまま ${out} から出るので、応答が戻りません`,
    },
    mend: exec(id, `iptables -t nat ${ended ? "-I" : "-A"} POSTROUTING -o ${out} -j MASQUERADE`),
  };
}

export function natWrongInterface(id: string, rule: Rule, wrong: string, out: string): GuestCause {
  const { program, table, name } = rule.from;
  const mend = program === "nft" ? `nft add rule ${table} ${name} oifname ${out} masquerade` : `${program} -t ${table} ${rule.text.replace(/(^| )-o \S+/, `$1-o ${out}`)}`;
  return {
    code: "GUEST_NAT_WRONG_INTERFACE",
    message: {
      en: `${id} translates what leaves by ${wrong}, but this packet leaves by ${out} (${rule.text})`,
      ja: `${id} は ${wrong} から出るものを変換しますが、このパケットは ${out} から出ます (${rule.text})`,
    },
    mend: exec(id, mend),
  };
}

export function firewallDrops(id: string, chain: Chain, rule: Rule | undefined, packet: Packet, answer: boolean): GuestCause {
  const by = rule ? rule.text : `policy of ${chain.name}`;
  const where = `${chain.program} ${chain.program === "nft" ? "table " : "-t "}${chain.table}`;
  return {
    code: "GUEST_FIREWALL_DROPS",
    message: { en: `the firewall in ${id} drops ${describe(packet)}: ${where}, ${by}`, ja: `${id} の中のファイアウォールが ${describe(packet)} を破棄します: ${where}、${by}` },
    mend: exec(id, chain.base?.nat === true ? withoutDrop(chain, rule) : acceptFirst(chain, packet, answer)),
  };
}

/** An accept before everything else in the chain, as narrow as the packet. */
function acceptFirst(chain: Chain, packet: Packet, answer: boolean): string {
  const source = formatIp(packet.source), destination = formatIp(packet.destination), protocol = protocolName(packet);
  const ported = packet.protocol === TCP || packet.protocol === UDP;
  const port = answer ? packet.sourcePort : packet.destinationPort;
  if (chain.program === "nft") {
    const what = ported ? `${protocol} ${answer ? "sport" : "dport"} ${port}` : `ip protocol ${protocol}`;
    return `nft insert rule ${chain.table} ${chain.name} ip saddr ${source} ip daddr ${destination} ${what} accept`;
  }
  const table = chain.table === "filter" ? "" : `-t ${chain.table} `;
  return `${chain.program} ${table}-I ${chain.name} -s ${source} -d ${destination} -p ${protocol}${ported ? ` ${answer ? "--sport" : "--dport"} ${port}` : ""} -j ACCEPT`;
}

/** In a translating chain an accept would end the translation too: the drop itself has to go. */
function withoutDrop(chain: Chain, rule: Rule | undefined): string {
  if (chain.program === "nft") return rule ? `nft delete rule ${chain.table} ${rule.from.name} handle ${/handle (\d+)/.exec(rule.text)?.[1] ?? ""}` : `nft add chain ${chain.table} ${chain.name} { policy accept ; }`;
  return rule ? `${chain.program} -t ${chain.table} ${rule.text.replace(/^-A/, "-D")}` : `${chain.program} -t ${chain.table} -P ${chain.name} ACCEPT`;
}

export function portClosed(id: string, packet: Packet, elsewhere: string | undefined): GuestCause {
  const protocol = protocolName(packet), port = packet.destinationPort, address = formatIp(packet.destination);
  const sshd = elsewhere === undefined ? "systemctl start sshd" : "sh -c 'sed -i \"/^ *ListenAddress/d\" /etc/ssh/sshd_config && systemctl restart sshd'";
  const listen = port === 22 && packet.protocol === TCP ? sshd : `sh -c 'setsid -f nc -${packet.protocol === UDP ? "u" : ""}lk ${address} ${port} </dev/null >/dev/null 2>&1'`;
  return {
    code: "GUEST_PORT_CLOSED",
    message: elsewhere === undefined
      ? { en: `no process of ${id} listens on ${protocol} port ${port}`, ja: `${id} では ${protocol} ポート ${port} を待ち受けるプロセスがありません` }
      : { en: `${protocol} port ${port} of ${id} is open on ${elsewhere} alone, not on ${address}`, ja: `${id} の ${protocol} ポート ${port} は ${elsewhere} だけで待ち受けており、${address} では待ち受けていません` },
    mend: exec(id, listen),
  };
}

export function pingIgnored(id: string): GuestCause {
  return {
    code: "GUEST_PING_IGNORED",
    message: { en: `${id} does not answer ping: net.ipv4.icmp_echo_ignore_all is 1`, ja: `${id} は ping に応答しません: net.ipv4.icmp_echo_ignore_all が 1 です` },
    mend: exec(id, "sysctl -w net.ipv4.icmp_echo_ignore_all=0"),
  };
}

/** @param onLink the router itself is reached by no other route: the new one has to say that it is on the link */
export function noRoute(id: string, to: number, device: Device, onLink: boolean): GuestCause {
  return {
    code: "GUEST_NO_ROUTE",
    message: { en: `${id} has no route to ${formatIp(to)}`, ja: `${id} には ${formatIp(to)} へのルートがありません` },
    mend: exec(id, `ip route replace default via ${routerOf(device) ?? "0.0.0.0"} dev ${device.name}${onLink ? " onlink" : ""}`),
  };
}

export function routeRefuses(id: string, to: number, type: string, route: RouteFact | undefined, rulePriority: number | undefined): GuestCause {
  const what = route ? `${type} ${route.destination}` : `ip rule ${rulePriority ?? ""}: ${type}`;
  return {
    code: "GUEST_NO_ROUTE",
    message: { en: `${id} has a route that refuses ${formatIp(to)}: ${what}`, ja: `${id} には ${formatIp(to)} を拒むルートがあります: ${what}` },
    mend: exec(id, route ? `ip route del ${type} ${route.destination} table ${route.table}${route.metric > 0 ? ` metric ${route.metric}` : ""}` : `ip rule del priority ${rulePriority ?? 0}`),
  };
}

export function reversePathFilter(id: string, device: Device, source: number, byDevice: string | undefined): GuestCause {
  const back = byDevice === undefined ? { en: "no route leads back", ja: "戻りのルートがありません" } : { en: `its route back is ${byDevice}`, ja: `戻りのルートは ${byDevice} です` };
  return {
    code: "GUEST_REVERSE_PATH_FILTER",
    message: {
      en: `${id} does not believe that ${formatIp(source)} comes in by ${device.name}: ${back.en}, and rp_filter is ${device.reversePathFilter}`,
      ja: `${id} は ${formatIp(source)} が ${device.name} から入ることを認めません: ${back.ja} (rp_filter=${device.reversePathFilter})`,
    },
    mend: exec(id, `sysctl -w net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.${device.name.replaceAll(".", "/")}.rp_filter=0`),
  };
}

export function conntrackFull(id: string, count: number, max: number): GuestCause {
  return {
    code: "GUEST_CONNTRACK_FULL",
    message: { en: `the table of connections in ${id} is full (${count} of ${max}): new ones are dropped`, ja: `${id} のコネクション追跡テーブルが満杯です (${max} 中 ${count})。新しい接続は破棄されます` },
    mend: `sysctl -w net.netfilter.nf_conntrack_max=${2 * Math.max(max, count)}`, // of this machine: the limit is the kernel's
  };
}

export const isAnyAddress = (text: string): boolean => parseIp(text) === 0;
