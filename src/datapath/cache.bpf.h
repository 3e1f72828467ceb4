// Owns the short way: what the stages decided about a packet holds for the next of the same header for an eighth of a second, as long as
// no table has changed (`generation`, raised by whoever writes them). Fragments, errors, and what NAT gateways and services translate never
// come here; one that ends a flow (FIN, RST) is noted with the ends that remember the flow. What begins a TCP connection (SYN) and the
// answer to it (SYN|ACK) go by a verdict about all connections to one port of one server: the ends remember the flow as the stages would
// have them do, without asking their rules again. Reads and writes the packet where it lies: the long way's helpers cost more than all that
// is decided here.
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
// What of a packet chooses its line, and what else is asked of it. kind: an ICMP type, or of a verdict about all connections which packet's.
struct header { __be32 saddr, daddr; __be16 sport, dport; __u32 protocol, kind, tcp_flags, size; };
struct verdict { __u32 to, from_end, to_end, generation, flags; __be32 address; struct mac mac; };

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

// Reads the header of a packet that may have a line; 0 for any other. size: of the packet, or of each that an offloaded train becomes.
static __always_inline int read_header(const struct __sk_buff *skb, struct header *h) {
  void *data = (void *)(long)skb->data;
  struct quick *q = data + ETH_HLEN;
  if ((void *)(q + 1) > (void *)(long)skb->data_end || q->ip.ihl_version != 0x45 || (q->ip.fragment & bpf_htons(0x3fff))) return 0;
  __u32 length = bpf_ntohs(q->ip.length), headers = 28;
  h->protocol = q->ip.protocol;
  h->sport = q->l4[0]; h->dport = q->l4[1];
  h->kind = h->tcp_flags = 0;
  if (h->protocol == IPPROTO_TCP) {
    __u8 *tcp = (void *)q->l4;
    if ((void *)(tcp + 20) > (void *)(long)skb->data_end) return 0;
    h->tcp_flags = tcp[13];
    headers = 40;
    if (skb->gso_size) headers = 20 + (tcp[12] >> 4) * 4;
  } else if (h->protocol == IPPROTO_ICMP) {
    if (q->l4[0] & bpf_htons(0xf7ff)) return 0; // neither type 0 nor 8, or a code
    h->kind = *(__u8 *)q->l4;
    h->sport = h->dport = q->l4[2];
  } else if (h->protocol != IPPROTO_UDP) return 0;
  if (length < headers || length + ETH_HLEN > skb->len) return 0;
  h->size = skb->gso_size ? headers + skb->gso_size : length;
  h->saddr = q->ip.saddr; h->daddr = q->ip.daddr;
  return 1;
}

// What the line of a header says. 0: nothing, or nothing any more.
static __always_inline int ask_line(const struct __sk_buff *skb, const struct header *h, struct verdict *v) {
  struct cached *c = cache_line(skb->ifindex, h->saddr, h->daddr, h->sport, h->dport, h->protocol);
  if (!c) return 0;
  __u32 turn = in_order(&c->turn);
  barrier();
  if (c->ifindex != skb->ifindex || c->saddr != h->saddr || c->daddr != h->daddr || c->sport != h->sport || c->dport != h->dport || c->protocol != h->protocol || c->kind != h->kind) return 0;
  struct ethernet *ethernet = (void *)(long)skb->data;
  if ((void *)(ethernet + 1) > (void *)(long)skb->data_end) return 0;
  v->generation = c->generation;
  if (v->generation != tables_generation() || c->until_ns <= clock_ns() || !same_mac(&c->source_mac, &ethernet->source)) return 0;
  v->to = c->to; v->from_end = c->from_end; v->to_end = c->to_end; v->flags = c->flags;
  v->address = c->address;
  v->mac = c->mac;
  barrier();
  if ((turn & 1) || turn != in_order(&c->turn)) return 0;
  return !(v->flags & C_LIMITED) || h->size <= INTERNET_MTU;
}

static __always_inline __be32 source_by(const struct header *h, const struct verdict *v) { return v->flags & C_SOURCE ? v->address : h->saddr; }
static __always_inline __be32 destination_by(const struct header *h, const struct verdict *v) { return v->flags & C_DESTINATION ? v->address : h->daddr; }

static __always_inline int send_by(struct __sk_buff *skb, const struct header *h, const struct verdict *v) {
  if (v->flags & (C_SOURCE | C_DESTINATION)) {
    __be32 was = v->flags & C_SOURCE ? h->saddr : h->daddr, address = v->address;
    if (h->protocol == IPPROTO_TCP && bpf_l4_csum_replace(skb, 34 + 16, was, address, BPF_F_PSEUDO_HDR | 4)) return -1;
    if (h->protocol == IPPROTO_UDP && bpf_l4_csum_replace(skb, 34 + 6, was, address, BPF_F_PSEUDO_HDR | BPF_F_MARK_MANGLED_0 | 4)) return -1;
  }
  struct ethernet *ethernet = (void *)(long)skb->data; // the helper may have moved it
  struct quick *q = (void *)ethernet + ETH_HLEN;
  if ((void *)(q + 1) > (void *)(long)skb->data_end) return TC_ACT_SHOT;
  if (v->flags & (C_SOURCE | C_DESTINATION)) {
    __be32 was = v->flags & C_SOURCE ? h->saddr : h->daddr, address = v->address;
    __u32 sum = (__u16)~q->ip.check + (__u16)~was + (__u16)(~was >> 16) + (__u16)address + (address >> 16); // RFC 1624
    sum = (sum & 0xffff) + (sum >> 16);
    q->ip.check = ~(sum + (sum >> 16));
    if (v->flags & C_SOURCE) q->ip.saddr = address;
    else q->ip.daddr = address;
  }
  ethernet->destination = v->mac;
  ethernet->source = ROUTER_MAC;
  WATCH_FRAME(skb, v->to, RECEIVED);
  return bpf_redirect_peer(v->to, 0);
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
  struct header h;
  struct verdict v;
  if (!read_header(skb, &h) || (h.tcp_flags & TCP_SYN) || !ask_line(skb, &h, &v)) return -1;
  __u32 end = h.tcp_flags & (TCP_FIN | TCP_RST);
  if (end) {
    __u32 ports = h.sport | (__u32)h.dport << 16;
    if (v.from_end && !note_end(v.from_end, h.saddr, h.daddr, ports, end)) return -1;
    if (v.to_end && !note_end(v.to_end, source_by(&h, &v), destination_by(&h, &v), ports, end)) return -1;
  }
  return send_by(skb, &h, &v);
}

// A line is written by one processor at a time; who finds it taken leaves it. `what`: NOTHING for packets of this header, else for all
// connections to the port, by their beginning or by the answers to it.
static __noinline int remember(const struct walk *w, const struct port *to, __u32 what) {
  const struct packet *k = &w->k;
  __u32 source = k->saddr != w->was.saddr, destination = k->daddr != w->was.daddr;
  if (source && destination) return 0; // between two public addresses of the box: a line has room for one translation
  __be16 sport = what == BEGINNINGS ? 0 : w->was.sport, dport = what == ANSWERS ? 0 : w->was.dport;
  struct cached *c = cache_line(w->entry, w->was.saddr, w->was.daddr, sport, dport, k->protocol);
  if (!c) return 0;
  __u32 turn = c->turn;
  if ((turn & 1) || __sync_val_compare_and_swap(&c->turn, turn, turn + 1) != turn) return 0;
  c->ifindex = w->entry;
  c->saddr = w->was.saddr; c->daddr = w->was.daddr;
  c->sport = sport; c->dport = dport;
  c->protocol = k->protocol; c->kind = what ? what : k->icmp_type;
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

// Whether what was decided holds for all connections to this port, whatever the other one is: each end that has groups remembers the
// flow, either because its rules allowed it just now, or because it is an answer that no ACL was asked about.
static __always_inline __u32 holds_for_all(const struct walk *w) {
  __u32 syn = w->k.tcp_flags & (TCP_SYN | TCP_ACK | TCP_FIN | TCP_RST);
  if (w->k.protocol != IPPROTO_TCP || (w->asked_at[EGRESS] && !w->tracked_at[EGRESS]) || (w->asked_at[INGRESS] && !w->tracked_at[INGRESS])) return NOTHING;
  if (syn == TCP_SYN && w->asked_at[EGRESS] != FLOW && w->asked_at[INGRESS] != FLOW) return BEGINNINGS;
  return syn == (TCP_SYN | TCP_ACK) && w->asked_at[EGRESS] != RULES && w->asked_at[INGRESS] != RULES && !w->acl_asked ? ANSWERS : NOTHING;
}

// SYN and SYN|ACK, by what holds for all connections. The verdict, or -1: the stages decide, also where an end does not track this one.
static __noinline int by_port(struct __sk_buff *skb) {
  struct header h;
  struct verdict v;
  __u32 zero = 0;
  if (!read_header(skb, &h) || (h.tcp_flags & (TCP_SYN | TCP_FIN | TCP_RST)) != TCP_SYN) return -1;
  struct walk *w = bpf_map_lookup_elem(&walks, &zero);
  if (!w) return -1;
  __builtin_memset(w, 0, sizeof *w);
  w->k.sport = w->was.sport = h.sport; w->k.dport = w->was.dport = h.dport;
  w->known = h.kind = h.tcp_flags & TCP_ACK ? ANSWERS : BEGINNINGS;
  if (h.kind == ANSWERS) h.dport = 0;
  else h.sport = 0;
  if (!ask_line(skb, &h, &v)) return -1;
  struct port *from = port_at(skb->ifindex), *to = port_at(v.to);
  if (!from || !to) return -1;
  w->k.saddr = w->was.saddr = h.saddr; w->k.daddr = w->was.daddr = h.daddr;
  w->k.protocol = IPPROTO_TCP; w->k.tcp_flags = h.tcp_flags;
  w->k.source_mac = from->mac;
  w->entry = skb->ifindex;
  w->generation = v.generation;
  w->limit = v.flags & C_LIMITED;
  if (v.from_end && (!groups_allow(from, EGRESS, w) || !w->tracked_at[EGRESS])) return -1;
  w->k.saddr = source_by(&h, &v); w->k.daddr = destination_by(&h, &v);
  if (v.to_end && (!groups_allow(to, INGRESS, w) || !w->tracked_at[INGRESS])) return -1;
  remember(w, to, NOTHING);
  return send_by(skb, &h, &v);
}
