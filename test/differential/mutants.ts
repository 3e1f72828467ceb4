// Owns the mutants: the kernel program broken on purpose, each in one place, by a change of its source that matches exactly once. A
// suite that does not notice one of them would not notice such a mistake either. The differential itself finds these out, by what it draws;
// those of what it draws nothing of are in test/packets/mutants.ts.

import type { Mutant } from "../support/mutant-object.ts";

export const mutants: readonly Mutant[] = [
  { name: "a port range ends one early", file: "groups.bpf.h", find: "q->port > rule->to", put: "q->port >= rule->to" },
  { name: "a port range begins one late", file: "groups.bpf.h", find: "q->port < rule->from", put: "q->port <= rule->from" },
  { name: "an ICMP rule's code is not looked at", file: "groups.bpf.h", find: "|| (rule->to != 0xffff && rule->to != q->code)", put: "" },
  { name: "the receiver's groups are not asked", file: "port.bpf.c", find: "if (!groups_allow(to, INGRESS, w))", put: "if (0)" },
  { name: "the sender's groups are not asked", file: "port.bpf.c", find: "if (!groups_allow(from, EGRESS, w))", put: "if (0)" },
  { name: "the sender's groups are asked about what comes in", file: "port.bpf.c", find: "if (!groups_allow(from, EGRESS, w))", put: "if (!groups_allow(from, INGRESS, w))" },
  { name: "the check of the source is skipped", file: "port.bpf.c", find: "if ((from->flags & P_CHECK) && !has_address(from, k->saddr))", put: "if (0)" },
  { name: "the check of the destination is skipped", file: "port.bpf.c", find: "if ((to->flags & P_CHECK) && !has_address(to, w->k.daddr))", put: "if (0)" },
  { name: "secondary addresses are not an interface's own", file: "port.bpf.c", find: "return a && a->ifindex == p->ifindex;", put: "return a && 0;" },
  { name: "an ACL's denial allows", file: "groups.bpf.h", find: "rule->kind == RULE_DENY ? DENIED", put: "rule->kind == RULE_DENY ? ALLOWED" },
  { name: "the ACL of the receiver's subnet is not asked", file: "port.bpf.c", find: "if (!acl_allows(to, INGRESS, k)) return reject(skb, w, to, INGRESS, ACL_INGRESS);\n    }\n  }", put: "}\n  }" },
  { name: "ACLs stand inside a subnet too", file: "port.bpf.c", find: "    if (to->subnet != from->subnet) {\n      if (!acl_allows(from", put: "    if (1) {\n      if (!acl_allows(from" },
  { name: "the transport checksum is forgotten", file: "rewrite.bpf.h", find: "if (k->protocol == IPPROTO_TCP && bpf_l4_csum_replace(skb, k->l4_at + 16, from, to, BPF_F_PSEUDO_HDR | 4)) return -1;", put: "" },
  { name: "the IP checksum is forgotten", file: "rewrite.bpf.h", find: "  if (bpf_l3_csum_replace(skb, ETH_HLEN + __builtin_offsetof(struct ipv4, check), from, to, 4)) return -1;\n", put: "" },
  { name: "a UDP packet without a checksum gets one", file: "rewrite.bpf.h", find: "BPF_F_PSEUDO_HDR | BPF_F_MARK_MANGLED_0 | 4", put: "BPF_F_PSEUDO_HDR | 4" },
  { name: "the gateway does not translate what an error quotes", file: "port.bpf.c", find: "if (k->inner_at && k->inner.daddr == k->saddr) {", put: "if (0) {" },
  { name: "a private address may go to the internet", file: "parse.bpf.h", find: "a >> 20 == 0xac1", put: "a >> 20 == 0xac2" },
  { name: "peering is transitive", file: "port.bpf.c", find: "if (!in_vpc(from->vpc, k->saddr) || !in_vpc(route->target, k->daddr)) return drop(skb, from->port, PEERING);", put: "" },
  { name: "a blackhole is no route", file: "port.bpf.c", find: "return drop(skb, from->port, BLACKHOLE);", put: "return drop(skb, from->port, NO_ROUTE);" },
  { name: "any MAC address will do", file: "port.bpf.c", find: "if (!same_mac(k->source_mac, p->mac)) return drop(skb, p->port, WRONG_SOURCE_MAC);", put: "" },
  { name: "a denial is remembered as a flow", file: "groups.bpf.h", find: "  else if (!judge(p, direction, k, &track)) return 0;", put: "  else if (!judge(p, direction, k, &track)) { struct flow bad = { .seen_ns = now, .bits = bits }; bpf_map_update_elem(&flows, &key, &bad, 0); return 0; }" },
  { name: "flows have no ports", file: "flows.bpf.h", find: "key->a_port = from_a ? sport : dport; key->b_port = from_a ? dport : sport;", put: "key->a_port = key->b_port = 0;" },
  { name: "an interface's flows are everybody's", file: "flows.bpf.h", find: "  key->port = port;\n", put: "  key->port = 0;\n" },
  { name: "answered UDP is forgotten as early as unanswered", file: "flows.bpf.h", find: "bits & F_ANSWERED ? p->udp_stream_s : p->udp_s", put: "p->udp_s" },
  { name: "a closed connection lives on", file: "flows.bpf.h", find: "return 10 * SECOND;", put: "return 400 * SECOND;" },
  { name: "later fragments need no first one", file: "fragments.bpf.h", find: "if (!first || clock_ns() - first->seen_ns > 30 * SECOND) return 0;", put: "if (!first) return 1;" },
  { name: "untracked flows are tracked", file: "groups.bpf.h", find: "if (answer == ALLOWED_FROM_ANYWHERE && open_to_all(p, back, k->protocol)) *track = 0;", put: "if (0) *track = 0;" },
  { name: "a remembered verdict is of any ICMP type", file: "cache.bpf.h", find: " || c->icmp_type != k->icmp_type", put: "" },
  { name: "a remembered verdict outlives an edit", file: "cache.bpf.h", find: "c->generation != tables_generation() || ", put: "" },
  { name: "a remembered verdict is of any sender's MAC address", file: "cache.bpf.h", find: " || !same_mac(c->source_mac, k->source_mac)", put: "" },
  { name: "an option's length is not part of the header", file: "parse.bpf.h", find: "k->l4_at = ETH_HLEN + header;", put: "k->l4_at = ETH_HLEN + 20;" },
  { name: "ARP answers for the asker's own address", file: "port.bpf.c", find: "if (!(p->flags & (P_INTERNET | P_SERVICES)) && has_address(p, f.target_ip)) return drop(skb, p->port, ARP);", put: "" },
  { name: "the wrong interface gets it", file: "port.bpf.c", find: "__builtin_memcpy(macs.destination, to->mac, 6);", put: "__builtin_memcpy(macs.destination, ROUTER_MAC, 6);" },
];
