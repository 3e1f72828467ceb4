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
enum { SETS_BITS = 5, PAGES_BITS = 8 }; // sets of lines in a page
// The beginning of a frame whose IP header has no options, and of what it carries.
struct quick { struct ipv4 ip; __be16 l4[4]; };
// What of a packet chooses its line, and what else is asked of it. kind: an ICMP type, or of a verdict about all connections which packet's.
struct header { __be32 saddr, daddr; __be16 sport, dport; __u8 protocol, kind, tcp_flags; __u32 size; };
struct verdict { __u32 to, from_end, to_end, generation, flags; __be32 address; struct mac source_mac, mac; };
// What holds for all connections to a port, one way (cached_for_all). ends: by direction, as they track them.
struct for_all { struct cached line; struct tracker ends[2]; __u32 pad[4]; };
enum { FOR_ALL_BITS = 10 };
TABLE(for_all, BPF_MAP_TYPE_ARRAY, 1 << FOR_ALL_BITS, ALIGNED, __u32, struct for_all);

static __always_inline int may_be_cached(const struct packet *k) {
  if (k->fragment) return 0;
  return k->protocol == IPPROTO_TCP || k->protocol == IPPROTO_UDP || (k->protocol == IPPROTO_ICMP && (k->icmp_type == ICMP_ECHO || k->icmp_type == ICMP_ECHOREPLY) && k->icmp_code == 0);
}

static __always_inline __u32 hash_of_header(__u32 ifindex, const struct header *h) {
  __u32 hash = h->saddr * 0x9e3779b1u ^ (h->daddr << 13 | h->daddr >> 19) * 0x85ebca6bu ^ (((__u32)h->sport << 16 | h->dport) + h->protocol + ifindex * 0x27d4eb2fu) * 0xc2b2ae35u;
  return (hash ^ hash >> 15) * 0x2c1b3c6du; // once more: else it is chance of their addresses how often two lines of a connection meet
}

// The two ports choose the page of memory, all of the header the set in it: a connection's lines, both ways and at every link, share a page
// as far as its ports stay what they are. Where an address is translated between two processes, a page more to walk to costs as much as the rest.
static __always_inline struct cached_set *lines_of(__u32 ifindex, const struct header *h) {
  __u32 page = hash_of_ports(h->sport, h->dport), set = hash_of_header(ifindex, h);
  __u32 index = page >> (32 - PAGES_BITS) << SETS_BITS | set >> (32 - SETS_BITS); // the upper bits of a product are the mixed ones
  return bpf_map_lookup_elem(&cache, &index);
}

static __always_inline int is_of(const struct cached *c, __u32 ifindex, const struct header *h) {
  return c->ifindex == ifindex && c->saddr == h->saddr && c->daddr == h->daddr && c->sport == h->sport && c->dport == h->dport && c->protocol == h->protocol && c->kind == h->kind;
}

static __always_inline struct for_all *for_all_line(__u32 ifindex, const struct header *h) {
  __u32 index = hash_of_header(ifindex, h) >> (32 - FOR_ALL_BITS);
  return bpf_map_lookup_elem(&for_all, &index);
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

// A line is written by one processor at a time; who finds it taken (0) leaves it.
static __always_inline int take_line(struct cached *c) {
  __u32 turn = c->turn;
  return !(turn & 1) && __sync_val_compare_and_swap(&c->turn, turn, turn + 1) == turn;
}
static __always_inline void fill_line(struct cached *c, __u32 ifindex, const struct header *h, const struct verdict *v, __u64 now) {
  c->ifindex = ifindex;
  c->saddr = h->saddr; c->daddr = h->daddr;
  c->sport = h->sport; c->dport = h->dport;
  c->protocol = h->protocol; c->kind = h->kind;
  c->source_mac = v->source_mac;
  c->generation = v->generation;
  c->to = v->to;
  c->until_ns = now + SECOND / 8;
  c->address = v->address;
  c->from_end = v->from_end; c->to_end = v->to_end;
  c->mac = v->mac;
  c->flags = v->flags;
}
static __always_inline void leave_line(struct cached *c) { __sync_fetch_and_add(&c->turn, 1); }

// The header's own line, else one that holds no more, else the older one: two that are in use at once do not drive each other out.
static __always_inline void write_line(struct cached_set *lines, __u32 ifindex, const struct header *h, const struct verdict *v, __u64 now) {
  struct cached *c = &lines->line[0], *other = &lines->line[1];
  if (!is_of(c, ifindex, h) && c->until_ns > now && (is_of(other, ifindex, h) || other->until_ns < c->until_ns)) c = other;
  if (!take_line(c)) return;
  fill_line(c, ifindex, h, v, now);
  leave_line(c);
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
  struct header there = header_there(h, &v), back = { .saddr = there.daddr, .daddr = there.saddr, .sport = h->dport, .dport = h->sport, .protocol = IPPROTO_TCP };
  // Three lines that nobody touched lately are waited for at once, not one after the other: the header's, its answers', and where the flows are.
  struct cached_set *lines = lines_of(skb->ifindex, h), *answers = lines_of(v.to, &back);
  struct flow_set *set = near_flows(h->sport, h->dport);
  if (!lines || !answers || !set) return -1;
  __u32 early = *(volatile __u32 *)&lines->line[0].turn + *(volatile __u32 *)&answers->line[0].turn + *(volatile __u32 *)&set->elsewhere;
  asm volatile("" :: "r"(early));
  if (v.from_end && !(v.from_end = track_for_all(&ends[EGRESS], h, now))) return -1;
  if (v.to_end && !(v.to_end = track_for_all(&ends[INGRESS], &there, now))) return -1;
  write_line(lines, skb->ifindex, h, &v, now);
  return send_by(skb, h, &v);
}

// The verdict, or -1: the stages decide.
static __noinline int by_cache(struct __sk_buff *skb) {
  struct header h;
  struct verdict v;
  if (!read_header(skb, &h)) return -1;
  __u64 now = clock_ns();
  if (h.tcp_flags & TCP_SYN) return by_port(skb, &h, now);
  struct cached_set *lines = lines_of(skb->ifindex, &h);
  if (!lines || !ask_line(skb, &lines->line[!is_of(&lines->line[0], skb->ifindex, &h)], &h, now, &v, 0)) return -1;
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
    struct cached_set *lines = lines_of(w->entry, &h);
    if (lines) write_line(lines, w->entry, &h, &v, clock_ns());
    return 0;
  }
  struct for_all *all = for_all_line(w->entry, &h);
  struct port *from = port_at(w->entry);
  if (!all || !from) return 0;
  __u32 ports[2] = { v.to_end ? open_ports(to, INGRESS) : 0, v.from_end ? open_ports(from, EGRESS) : 0 };
  struct flow_user *users[2] = { v.to_end ? known_user(to->port) : 0, v.from_end ? known_user(from->port) : 0 };
  if (!take_line(&all->line)) return 0;
  fill_line(&all->line, w->entry, &h, &v, clock_ns());
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
