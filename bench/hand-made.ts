// Owns the networks that vpcbox is measured against, of namespaces and a script: client - NAT - server by iptables with nothing in between,
// and the same around a router of nftables.

import { randomBytes } from "node:crypto";
import { run } from "../test/support/box.ts";

/** Two ends of a way: network namespaces by path, and the address at which the one reaches the other. */
export interface Chain { readonly client: string; readonly server: string; readonly address: string }
export interface HandMade extends Chain { pathOf(letter: string): string; remove(): Promise<void> }

export const benchAddress = "192.0.2.80";

export async function must(file: string, ...args: string[]): Promise<string> {
  const result = await run(file, args);
  if (result.status !== 0) throw new Error(`${file} ${args.join(" ")}: ${result.stderr.trim()}`);
  return result.stdout;
}

/** Namespaces by the letters of their names, set up by a script in which $c, $n, $r and $s name them. */
export async function handMade(letters: string, address: string, script: string): Promise<HandMade> {
  const id = randomBytes(3).toString("hex"), nameOf = (letter: string): string => `vbb-${letter}-${id}`;
  const remove = async (): Promise<void> => { for (const letter of letters) await run("ip", ["netns", "del", nameOf(letter)]); };
  const names = [...letters].map((letter) => `${letter}=${nameOf(letter)}; ip netns add $${letter}; ip -n $${letter} link set lo up`);
  await must("sh", "-c", `set -e\n${names.join("\n")}\n${script}`).catch(async (error) => { await remove(); throw error; });
  const pathOf = (letter: string): string => `/run/netns/${nameOf(letter)}`;
  return { client: pathOf("c"), server: pathOf("s"), address, pathOf, remove };
}

/** client -- NAT -- server: veth pairs and one MASQUERADE rule. */
export const buildBareChain = (): Promise<HandMade> => handMade("cns", "198.51.100.2", `
  ip -n $c link add eth0 type veth peer name p netns $n
  ip -n $n link add eth0 type veth peer name eth0 netns $s
  ip -n $c addr add 10.0.1.10/24 dev eth0; ip -n $n addr add 10.0.1.1/24 dev p
  ip -n $n addr add 198.51.100.1/24 dev eth0; ip -n $s addr add 198.51.100.2/24 dev eth0
  ip -n $c link set eth0 up; ip -n $n link set p up; ip -n $n link set eth0 up; ip -n $s link set eth0 up
  ip -n $c route add default via 10.0.1.1
  ip netns exec $n sysctl -qw net.ipv4.ip_forward=1
  ip netns exec $n iptables -t nat -A POSTROUTING -o eth0 -j MASQUERADE`);

/** What one would build without vpcbox: client, NAT and server around one router with the guide's policy in nftables, and 1:1 translation. */
export const buildRouter = (): Promise<HandMade> => handMade("cnrs", benchAddress, `
  for e in c:10.0.1 n:10.0.0 s:192.0.2; do
    l=\${e%%:*}; net=\${e#*:}; eval "ns=\\$$l"
    ip -n $ns link add eth0 type veth peer name to_$l netns $r
    ip -n $r addr add $net.1/24 dev to_$l; ip -n $ns link set eth0 up; ip -n $r link set to_$l up
    case $l in c) a=10.0.1.10;; n) a=10.0.0.10;; s) a=192.0.2.80;; esac
    ip -n $ns addr add $a/24 dev eth0; ip -n $ns route add default via $net.1
  done
  for x in $n $r; do ip netns exec $x sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.all.send_redirects=0; done
  ip -n $r rule add iif to_c lookup 100; ip -n $r route add default via 10.0.0.10 dev to_n table 100
  ip netns exec $n nft 'add table ip nat; add chain ip nat post { type nat hook postrouting priority srcnat; }; add rule ip nat post oifname eth0 masquerade'
  ip netns exec $r nft -f - <<RULES
table ip guide {
  set public_ports { type inet_proto . inet_service; elements = { tcp . 80, tcp . 443, tcp . 8080, tcp . 8082, tcp . 8083, tcp . 8084, tcp . 5201, udp . 8081 } }
  chain forward { type filter hook forward priority filter; policy drop;
    ct state established,related accept
    iifname to_c oifname to_n ip saddr 10.0.1.0/24 meta l4proto . th dport @public_ports accept
    iifname to_c oifname to_n ip saddr 10.0.1.0/24 icmp type echo-request accept
    iifname to_n oifname to_s ip saddr 10.0.0.10 meta l4proto . th dport @public_ports accept
    iifname to_n oifname to_s ip saddr 10.0.0.10 icmp type echo-request accept
  }
  chain outwards { type nat hook postrouting priority srcnat; oifname to_s snat to 203.0.113.10; }
  chain inwards { type nat hook prerouting priority dstnat; iifname to_s ip daddr 203.0.113.10 dnat to 10.0.0.10; }
}
RULES`);
