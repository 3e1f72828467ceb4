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
#include "lines.bpf.h"
#include "rewrite.bpf.h"

// The beginning of a frame whose IP header has no options, and of what it carries.
struct quick { struct ipv4 ip; __be16 l4[4]; };
// What holds for all connections to a port, one way (cached_for_all). ends: by direction, as they track them.
struct for_all { struct cached line; struct tracker ends[2]; __u32 pad[4]; };
enum { FOR_ALL_BITS = 10 };
TABLE(for_all, BPF_MAP_TYPE_ARRAY, 1 << FOR_ALL_BITS, ALIGNED, __u32, struct for_all);

static __always_inline int may_be_cached(const struct packet *k) {
  if (k->fragment) return 0;
  return k->protocol == IPPROTO_TCP || k->protocol == IPPROTO_UDP || (k->protocol == IPPROTO_ICMP && (k->icmp_type == ICMP_ECHO || k->icmp_type == ICMP_ECHOREPLY) && k->icmp_code == 0);
}

static __always_inline struct for_all *for_all_line(__u32 ifindex, const struct header *h) {
  __u32 index = hash_of_header(ifindex, h) >> (32 - FOR_ALL_BITS);
  return bpf_map_lookup_elem(&for_all, &index);
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

// What a line says about a header. 0: nothing, or nothing any more. `ends`: where what else is in a line for all connections goes.
static __always_inline int ask_line(const struct __sk_buff *skb, struct cached *c, const struct header *h, __u64 now, struct verdict *v, struct tracker *ends) {
  __u32 turn = in_order(&c->turn);
  barrier();
  if (!is_of(c, skb->ifindex, h)) return 0;
  struct ethernet *ethernet = (void *)(long)skb->data;
  if ((void *)(ethernet + 1) > (void *)(long)skb->data_end) return 0;
  v->generation = c->generation;
  v->source_mac = c->source_mac;
  if (v->generation != tables_generation() || c->until_ns <= now || !same_mac(&v->source_mac, &ethernet->source)) return 0;
  v->to = c->to; v->from_end = c->from_end; v->to_end = c->to_end; v->flags = c->flags;
  v->address = c->address;
  v->mac = c->mac;
  if (ends) __builtin_memcpy(ends, ((struct for_all *)c)->ends, sizeof ((struct for_all *)c)->ends);
  barrier();
  if ((turn & 1) || turn != in_order(&c->turn)) return 0;
  return !(v->flags & C_LIMITED) || h->size <= INTERNET_MTU;
}

static __always_inline int send_by(struct __sk_buff *skb, const struct header *h, const struct verdict *v) {
  __u32 translated = v->flags & (C_SOURCE | C_DESTINATION);
  __be32 was = v->flags & C_SOURCE ? h->saddr : h->daddr, address = v->address;
  if (translated && rewrite_pseudo_header(skb, h->protocol, ETH_HLEN + 20, was, address)) return -1;
  struct ethernet *ethernet = (void *)(long)skb->data; // the helper may have moved it
  struct quick *q = (void *)ethernet + ETH_HLEN;
  if ((void *)(q + 1) > (void *)(long)skb->data_end) return TC_ACT_SHOT;
  if (translated) {
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

// The header as it arrives.
static __always_inline struct header header_there(const struct header *h, const struct verdict *v) {
  struct header there = *h;
  if (v->flags & C_SOURCE) there.saddr = v->address;
  if (v->flags & C_DESTINATION) there.daddr = v->address;
  return there;
}

// Of the flow that this end tracks, what a FIN or RST says, as its groups would note it (groups_allow). 0: it is not there, and the stages decide.
static __noinline int note_end(__u32 mark, const struct header *h) {
  __u32 state = 0;
  struct flow *f = flow_at(mark, &state);
  if (!f) return 0;
  int from_a = comes_from_a(h->saddr, h->daddr, h->sport, h->dport);
  return add_bits(f, state, end_bits(h->tcp_flags, from_a) | (!!(state & F_BY_A) != from_a ? F_ANSWERED : 0));
}

// At one end of a connection, by what is tracked there of all to its port: the flow's mark. 0: it is not there, and may not begin like this.
static __noinline __u32 track_for_all(const struct tracker *t, const struct header *h, __u64 now) {
  struct flow_key key;
  struct found at;
  struct flow_user *user = 0;
  look_for(&at, t, &key, flow_key_of(&key, t->port, t->epoch, h->saddr, h->daddr, h->sport, h->dport, IPPROTO_TCP), h->tcp_flags, now);
  if (!at.alive) {
    if ((h->tcp_flags & TCP_ACK) || bpf_ntohs(h->sport) < t->open_ports) return 0;
    user = known_user(t->port);
    if (!user || user->epoch != t->epoch) return 0;
  }
  return note_flow(&at, t, user, &key, h->tcp_flags, now);
}

// SYN and SYN|ACK, by what holds for all connections. The verdict, or -1: the stages decide, also where an end does not track this one.
static __always_inline int by_port(struct __sk_buff *skb, const struct header *h, __u64 now) {
  if (h->tcp_flags & (TCP_FIN | TCP_RST)) return -1;
  struct header all = *h;
  if (h->tcp_flags & TCP_ACK) { all.kind = ANSWERS; all.dport = 0; }
  else { all.kind = BEGINNINGS; all.sport = 0; }
  struct verdict v;
  struct tracker ends[2];
  struct for_all *for_all = for_all_line(skb->ifindex, &all);
  if (!for_all || !ask_line(skb, &for_all->line, &all, now, &v, ends)) return -1;
  struct header there = header_there(h, &v);
  // The line is taken before anything is written: that waits until all that was is in memory.
  __u32 number, hash = hash_of_header(skb->ifindex, h);
  struct cached *line = take_next_line(FRESH, &number);
  int tracked = (!v.from_end || (v.from_end = track_for_all(&ends[EGRESS], h, now))) && (!v.to_end || (v.to_end = track_for_all(&ends[INGRESS], &there, now)));
  if (line && tracked) write_line(FRESH, line, number, hash, skb->ifindex, h, &v, now);
  else if (line) leave_line(line);
  if (!tracked) return -1;
  return send_by(skb, h, &v);
}

// The verdict, or -1: the stages decide.
static __noinline int by_cache(struct __sk_buff *skb) {
  struct header h;
  struct verdict v;
  if (!read_header(skb, &h)) return -1;
  __u64 now = jiffies_ns();
  if (h.tcp_flags & TCP_SYN) return by_port(skb, &h, now);
  struct cached *c = line_of(hash_of_header(skb->ifindex, &h));
  if (!c || !ask_line(skb, c, &h, now, &v, 0)) return -1;
  if (h.tcp_flags & (TCP_FIN | TCP_RST)) {
    if (v.from_end && !note_end(v.from_end, &h)) return -1;
    struct header there = header_there(&h, &v);
    if (v.to_end && !note_end(v.to_end, &there)) return -1;
  }
  return send_by(skb, &h, &v);
}

// What the stages decided about a packet: for the next of its header, or (`what`) for all connections to its port.
static __noinline int remember(const struct walk *w, const struct port *to, __u32 what) {
  const struct packet *k = &w->k;
  __u32 source = k->saddr != w->was.saddr, destination = k->daddr != w->was.daddr;
  if (source && destination) return 0; // between two public addresses of the box: a line has room for one translation
  struct header h = { .saddr = w->was.saddr, .daddr = w->was.daddr, .sport = what == BEGINNINGS ? 0 : w->was.sport, .dport = what == ANSWERS ? 0 : w->was.dport, .protocol = k->protocol, .kind = what ? what : k->icmp_type };
  struct verdict v = {
    .to = to->ifindex, .from_end = w->tracked_at[EGRESS], .to_end = w->tracked_at[INGRESS], .generation = w->generation,
    .flags = (source ? C_SOURCE : 0) | (destination ? C_DESTINATION : 0) | (w->limit ? C_LIMITED : 0), .address = source ? k->saddr : k->daddr, .source_mac = k->source_mac, .mac = to->mac,
  };
  if (!what) {
    __u32 number, hash = hash_of_header(w->entry, &h);
    struct cached *line = take_next_line(LASTING, &number);
    if (!line) return 0;
    forget_fresh(hash);
    write_line(LASTING, line, number, hash, w->entry, &h, &v, jiffies_ns());
    return 0;
  }
  struct for_all *all = for_all_line(w->entry, &h);
  struct port *from = port_at(w->entry);
  if (!all || !from) return 0;
  __u32 ports[2] = { v.to_end ? open_ports(to, INGRESS) : 0, v.from_end ? open_ports(from, EGRESS) : 0 };
  struct flow_user *users[2] = { v.to_end ? known_user(to->port) : 0, v.from_end ? known_user(from->port) : 0 };
  if (!take_line(&all->line)) return 0;
  fill_line(&all->line, w->entry, &h, &v, jiffies_ns());
  all->ends[INGRESS] = tracker_of(to, users[INGRESS]);
  all->ends[INGRESS].open_ports = ports[INGRESS];
  all->ends[EGRESS] = tracker_of(from, users[EGRESS]);
  all->ends[EGRESS].open_ports = ports[EGRESS];
  leave_line(&all->line);
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
