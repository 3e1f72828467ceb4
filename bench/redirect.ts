// Owns the network that says what a kernel program costs by itself: the hand-made one of client, NAT and server around a program that
// decides nothing (redirect.bpf.c).

import { join } from "node:path";
import { attachClassifier, attachTcx, loadObject } from "../src/datapath/libbpf.ts";
import { readLinks } from "../src/linux/link.ts";
import { inNetns } from "../src/linux/netns.ts";
import { root } from "../test/support/box.ts";
import { benchAddress, handMade, must, type HandMade } from "./hand-made.ts";

/** No address is translated, and every neighbour is known. `tools`: a directory for the compiled program. */
export async function buildRedirect(tools: string): Promise<HandMade> {
  const multiarch = await must("gcc", "-print-multiarch"), path = join(tools, "redirect.o");
  await must("clang", "-O2", "-target", "bpf", `-I/usr/include/${multiarch.trim()}`, "-c", join(root, "bench/redirect.bpf.c"), "-o", path);
  const chain = await handMade("cnrs", benchAddress, `
  for e in c:10.0.1:10 n:10.0.0:10 s:192.0.2:80; do
    l=\${e%%:*}; host=\${e##*:}; net=\${e#*:}; net=\${net%:*}; eval "ns=\\$$l"
    ip -n $r link add to_$l type veth peer name eth0 netns $ns address 02:00:00:00:00:11
    ip -n $r link set to_$l up; ip -n $ns link set eth0 up
    ip -n $ns addr add $net.$host/24 dev eth0; ip -n $ns neigh add $net.1 lladdr 02:00:00:00:00:11 dev eth0 nud permanent; ip -n $ns route add default via $net.1
  done
  ip netns exec $n sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.all.send_redirects=0 net.ipv4.conf.eth0.send_redirects=0
  ip netns exec $n iptables -t nat -A POSTROUTING -o eth0 -j MASQUERADE`);
  try {
    attachRedirect(path, chain.pathOf("r"));
    return chain;
  } catch (error) {
    await chain.remove();
    throw error;
  }
}

function attachRedirect(object: string, fabric: string): void {
  const there = readLinks(fabric), links = ["to_c", "to_n", "to_s"].map((name) => there.get(name)!);
  const loaded = loadObject(object, [], "", Buffer.from(Uint32Array.from(links).buffer)), program = loaded.programFd("redirect");
  inNetns(fabric, () => { for (const link of links) if (!attachTcx(link, program)) attachClassifier(link, program); });
  loaded.close(); // it stays with its links
}
