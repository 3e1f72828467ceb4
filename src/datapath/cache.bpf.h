// Owns the short way: what the stages decided about a packet holds for the next of the same header for an eighth of a second, as long as
// no table has changed (`generation`, raised by whoever writes them). Packets that begin a flow (SYN), fragments, errors, and what NAT
// gateways and services translate never come here; one that ends a flow (FIN, RST) is noted with the ends that remember the flow. Reads
// and writes the packet where it lies: the long way's helpers cost more than all that is decided here.
#pragma once
#include "answers.bpf.h"
#include "count.bpf.h"
#include "groups.bpf.h"
#include "rewrite.bpf.h"

// Processors share the lines: an answer often goes by another one than what it answers. `turn` is odd while a line is written, and what
// was read while it changed is not used.
enum { LINES_BITS = 6, PAGES_BITS = 8 };
// The beginning of a frame whose IP header has no options, and of what it carries.
struct quick { struct ipv4 ip; __be16 l4[4]; };

static __always_inline int may_be_cached(const struct packet *k) {
  if (k->fragment) return 0;
  return k->protocol == IPPROTO_TCP || k->protocol == IPPROTO_UDP || (k->protocol == IPPROTO_ICMP && (k->icmp_type == ICMP_ECHO || k->icmp_type == ICMP_ECHOREPLY) && k->icmp_code == 0);
}

// The two ports choose the page of memory, all of the header the line in it: a connection's lines, both ways and at every link, share a page
// as far as its ports stay what they are. Where an address is translated between two processes, a page more to walk to costs as much as the rest.
static __always_inline struct cached *cache_line(__u32 ifindex, __be32 saddr, __be32 daddr, __be16 sport, __be16 dport, __u8 protocol) {
  __u32 page = hash_of_ports(sport, dport);
  __u32 line = saddr * 0x9e3779b1u ^ (daddr << 13 | daddr >> 19) * 0x85ebca6bu ^ (((__u32)sport << 16 | dport) + protocol + ifindex * 0x27d4eb2fu) * 0xc2b2ae35u;
  __u32 index = page >> (32 - PAGES_BITS) << LINES_BITS | line >> (32 - LINES_BITS); // the upper bits of a product are the mixed ones
  return bpf_map_lookup_elem(&cache, &index);
}

static __always_inline __u32 tables_generation(void) {
  __u32 zero = 0, *number = bpf_map_lookup_elem(&generation, &zero);
  return number ? *number : 0;
}

// Of the flow that this end tracks, as its groups would note it (groups_allow). 0: it is not there, and the stages decide.
static __noinline int note_end(__u32 mark, __be32 saddr, __be32 daddr, __u32 ports, __u32 tcp_flags) {
  __u32 state = 0;
  struct flow *f = flow_at(mark, &state);
  if (!f) return 0;
  int from_a = comes_from_a(saddr, daddr, ports, ports >> 16);
  return add_bits(f, state, end_bits(tcp_flags, from_a) | (!!(state & F_BY_A) != from_a ? F_ANSWERED : 0));
}

// The verdict, or -1: the stages decide.
static __noinline int by_cache(struct __sk_buff *skb) {
  void *data = (void *)(long)skb->data;
  struct quick *q = data + ETH_HLEN;
  if ((void *)(q + 1) > (void *)(long)skb->data_end || q->ip.ihl_version != 0x45 || (q->ip.fragment & bpf_htons(0x3fff))) return -1;
  __u32 length = bpf_ntohs(q->ip.length), headers = 28, protocol = q->ip.protocol, icmp_type = 0, end = 0;
  __be16 sport = q->l4[0], dport = q->l4[1];
  if (protocol == IPPROTO_TCP) {
    __u8 *tcp = (void *)q->l4;
    if ((void *)(tcp + 20) > (void *)(long)skb->data_end || (tcp[13] & TCP_SYN)) return -1;
    end = tcp[13] & (TCP_FIN | TCP_RST);
    headers = 40;
    if (skb->gso_size) headers = 20 + (tcp[12] >> 4) * 4;
  } else if (protocol == IPPROTO_ICMP) {
    if (q->l4[0] & bpf_htons(0xf7ff)) return -1; // neither type 0 nor 8, or a code
    icmp_type = *(__u8 *)q->l4;
    sport = dport = q->l4[2];
  } else if (protocol != IPPROTO_UDP) return -1;
  if (length < headers || length + ETH_HLEN > skb->len) return -1;
  __be32 saddr = q->ip.saddr, daddr = q->ip.daddr;
  struct cached *c = cache_line(skb->ifindex, saddr, daddr, sport, dport, protocol);
  if (!c) return -1;
  __u32 turn = in_order(&c->turn);
  barrier();
  if (c->ifindex != skb->ifindex || c->saddr != saddr || c->daddr != daddr || c->sport != sport || c->dport != dport || c->protocol != protocol || c->icmp_type != icmp_type) return -1;
  if (c->generation != tables_generation() || c->until_ns <= clock_ns() || !same_mac(&c->source_mac, &((struct ethernet *)data)->source)) return -1;
  __u32 to = c->to, from_end = c->from_end, to_end = c->to_end, flags = c->flags;
  __be32 address = c->address;
  struct mac mac = c->mac;
  barrier();
  if ((turn & 1) || turn != in_order(&c->turn)) return -1;
  if ((flags & C_LIMITED) && (skb->gso_size ? headers + skb->gso_size : length) > INTERNET_MTU) return -1;
  if (end) {
    __u32 ports = sport | (__u32)dport << 16;
    if (from_end && !note_end(from_end, saddr, daddr, ports, end)) return -1;
    if (to_end && !note_end(to_end, flags & C_SOURCE ? address : saddr, flags & C_DESTINATION ? address : daddr, ports, end)) return -1;
  }
  if (flags & (C_SOURCE | C_DESTINATION)) {
    __be32 was = flags & C_SOURCE ? saddr : daddr;
    if (protocol == IPPROTO_TCP && bpf_l4_csum_replace(skb, 34 + 16, was, address, BPF_F_PSEUDO_HDR | 4)) return -1;
    if (protocol == IPPROTO_UDP && bpf_l4_csum_replace(skb, 34 + 6, was, address, BPF_F_PSEUDO_HDR | BPF_F_MARK_MANGLED_0 | 4)) return -1;
    data = (void *)(long)skb->data; // the helper may have moved it
    q = data + ETH_HLEN;
    if ((void *)(q + 1) > (void *)(long)skb->data_end) return TC_ACT_SHOT;
    __u32 sum = (__u16)~q->ip.check + (__u16)~was + (__u16)(~was >> 16) + (__u16)address + (address >> 16); // RFC 1624
    sum = (sum & 0xffff) + (sum >> 16);
    q->ip.check = ~(sum + (sum >> 16));
    if (flags & C_SOURCE) q->ip.saddr = address;
    else q->ip.daddr = address;
  }
  struct ethernet *ethernet = data;
  ethernet->destination = mac;
  ethernet->source = ROUTER_MAC;
  WATCH_FRAME(skb, to, RECEIVED);
  return bpf_redirect_peer(to, 0);
}

// A line is written by one processor at a time; who finds it taken leaves it.
static __noinline int remember(const struct walk *w, const struct port *to) {
  const struct packet *k = &w->k;
  __u32 source = k->saddr != w->was.saddr, destination = k->daddr != w->was.daddr;
  if (source && destination) return 0; // between two public addresses of the box: a line has room for one translation
  struct cached *c = cache_line(w->entry, w->was.saddr, w->was.daddr, w->was.sport, w->was.dport, k->protocol);
  if (!c) return 0;
  __u32 turn = c->turn;
  if ((turn & 1) || __sync_val_compare_and_swap(&c->turn, turn, turn + 1) != turn) return 0;
  c->ifindex = w->entry;
  c->saddr = w->was.saddr; c->daddr = w->was.daddr;
  c->sport = w->was.sport; c->dport = w->was.dport;
  c->protocol = k->protocol; c->icmp_type = k->icmp_type;
  c->source_mac = k->source_mac;
  c->generation = w->generation;
  c->to = to->ifindex;
  c->until_ns = clock_ns() + SECOND / 8;
  c->address = source ? k->saddr : k->daddr;
  c->from_end = w->tracked_at[EGRESS]; c->to_end = w->tracked_at[INGRESS];
  c->mac = to->mac;
  c->flags = (source ? C_SOURCE : 0) | (destination ? C_DESTINATION : 0) | (w->limit ? C_LIMITED : 0);
  __sync_fetch_and_add(&c->turn, 1);
  return 0;
}
