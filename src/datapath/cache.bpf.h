// Owns the short way: what the stages decided about a packet holds for the next of the same header for an eighth of a second, as long as
// no table has changed (`generation`, raised by whoever writes them). Packets that change a flow's state (SYN, FIN, RST), fragments,
// errors, and what NAT gateways and services translate never come here. Each processor has its own lines: nothing is shared.
#pragma once
#include "count.bpf.h"
#include "groups.bpf.h"
#include "rewrite.bpf.h"

static __always_inline int may_be_cached(const struct packet *k) {
  if (k->fragment) return 0;
  return k->protocol == IPPROTO_TCP || k->protocol == IPPROTO_UDP || (k->protocol == IPPROTO_ICMP && (k->icmp_type == ICMP_ECHO || k->icmp_type == ICMP_ECHOREPLY) && k->icmp_code == 0);
}

static __always_inline struct cached *cache_line(__u32 ifindex, __be32 saddr, __be32 daddr, __be16 sport, __be16 dport, __u8 protocol) {
  __u32 hash = saddr * 0x9e3779b1u ^ (daddr << 13 | daddr >> 19) * 0x85ebca6bu ^ (((__u32)sport << 16 | dport) + protocol + ifindex * 0x27d4eb2fu) * 0xc2b2ae35u;
  __u32 index = (hash ^ hash >> 15) & (CACHE_SIZE - 1);
  return bpf_map_lookup_elem(&cache, &index);
}

static __always_inline __u32 tables_generation(void) {
  __u32 zero = 0, *number = bpf_map_lookup_elem(&generation, &zero);
  return number ? *number : 0;
}

// The verdict, or -1: the stages decide.
static __always_inline int by_cache(struct __sk_buff *skb, struct packet *k) {
  if (!may_be_cached(k) || (k->protocol == IPPROTO_TCP && (k->tcp_flags & (TCP_SYN | TCP_FIN | TCP_RST)))) return -1;
  struct cached *c = cache_line(skb->ifindex, k->saddr, k->daddr, k->sport, k->dport, k->protocol);
  if (!c || c->ifindex != skb->ifindex || c->saddr != k->saddr || c->daddr != k->daddr || c->sport != k->sport || c->dport != k->dport || c->protocol != k->protocol || c->icmp_type != k->icmp_type) return -1;
  if (c->generation != tables_generation() || c->until_ns <= clock_ns() || !same_mac(c->source_mac, k->source_mac) || (c->limit && k->size > c->limit)) return -1;
  if (c->new_saddr != k->saddr && rewrite_address(skb, k, SOURCE, k->saddr, c->new_saddr)) return -1;
  if (c->new_daddr != k->daddr && rewrite_address(skb, k, DESTINATION, k->daddr, c->new_daddr)) return -1;
  struct { __u8 destination[6], source[6]; } macs;
  __builtin_memcpy(macs.destination, c->mac, 6);
  __builtin_memcpy(macs.source, ROUTER_MAC, 6);
  bpf_skb_store_bytes(skb, 0, &macs, sizeof macs, 0);
  WATCH_FRAME(skb, c->to, RECEIVED);
  return bpf_redirect_peer(c->to, 0);
}

static __always_inline void remember(const struct walk *w, const struct port *to) {
  const struct packet *k = &w->k;
  struct cached *c = cache_line(w->entry, w->was.saddr, w->was.daddr, w->was.sport, w->was.dport, k->protocol);
  if (!c) return;
  c->ifindex = w->entry;
  c->saddr = w->was.saddr; c->daddr = w->was.daddr;
  c->sport = w->was.sport; c->dport = w->was.dport;
  c->protocol = k->protocol; c->icmp_type = k->icmp_type;
  __builtin_memcpy(c->source_mac, k->source_mac, 6);
  c->generation = w->generation;
  c->to = to->ifindex;
  c->until_ns = clock_ns() + SECOND / 8;
  c->new_saddr = k->saddr; c->new_daddr = k->daddr;
  __builtin_memcpy(c->mac, to->mac, 6);
  c->limit = w->limit;
}
