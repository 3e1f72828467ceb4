// Owns NAT gateways (VPC user guide, "NAT gateway basics"): TCP, UDP and ICMP echo from instances of its VPC get one of its addresses
// and a port of 1024-65535. A destination (address, port, protocol) has 55,000 of those ports at each address, from a place of its
// own on: so many connections it can have at once, and not one more. Idle for 350 seconds, one is forgotten, and its instance
// hears RST when it goes on. Pieces of UDP pass, others do not. Only answers come in. The gateway itself answers nothing.
// All gateways share one table. Three quarters of it are for who comes first; the last is for interfaces that have few connections in it,
// so that one guest's flood keeps nobody else from beginning (ErrorPortAllocation, at the flooded gateway, is what the flood gets).
#pragma once
#include "answers.bpf.h"
#include "count.bpf.h"
#include "groups.bpf.h"

enum { NAT_FIRST_PORT = 1024, NAT_PORT_COUNT = 64512, NAT_CONNECTIONS = 55000, CLOCK_MONOTONIC = 1 };
enum nat_bits { N_ANSWERED = 1, N_FIN_OUT = 2, N_FIN_IN = 4, N_COUNTED = 8 };
enum nat_metric {
  N_ACTIVE, N_ATTEMPTS, N_ESTABLISHED, N_PORT_ERRORS, N_IDLE, N_DROPS, N_PACKETS_IN_SOURCE, N_BYTES_IN_SOURCE, N_PACKETS_OUT_DESTINATION,
  N_BYTES_OUT_DESTINATION, N_PACKETS_IN_DESTINATION, N_BYTES_IN_DESTINATION, N_PACKETS_OUT_SOURCE, N_BYTES_OUT_SOURCE,
};

const volatile __u32 nat_most = NAT_MOST; // connections of all gateways; set before the program is loaded
enum { NAT_FEW = 1024 }; // a 1,024th of them is few
TABLE(nat_users, BPF_MAP_TYPE_HASH, 65536, BPF_F_NO_PREALLOC, __u32, __s64); // connections by the interface that began them; 0: of all

static const struct nat_metrics no_metrics SEC(".rodata.zero") = {};
static __noinline int meter(__u32 port, __u32 metric, __s64 by, __u32 metric2, __s64 by2) {
  struct nat_metrics *m = bpf_map_lookup_elem(&nat_metrics, &port);
  if (!m) {
    if (metric != N_PACKETS_IN_SOURCE && metric != N_PACKETS_IN_DESTINATION) return 0; // a gateway that is gone has clocks that run on
    bpf_map_update_elem(&nat_metrics, &port, &no_metrics, BPF_NOEXIST);
    m = bpf_map_lookup_elem(&nat_metrics, &port);
    if (!m) return 0;
  }
  if (metric < 14) m->count[metric] += by;
  if (metric2 < 14) m->count[metric2] += by2;
  return 0;
}
#define NO_METRIC 14
// The metric of a packet's bytes follows that of its number.
static __noinline int meter_packet(struct __sk_buff *skb, const struct packet *k, __u32 port, __u32 metric) {
  __u64 packets, bytes;
  weigh(skb, k, &packets, &bytes);
  return meter(port, metric, packets, metric + 1, bytes);
}

static __always_inline int nat_drop(struct __sk_buff *skb, __u32 port, __u32 reason) {
  meter(port, N_DROPS, 1, reason == NAT_PORTS ? N_PORT_ERRORS : NO_METRIC, 1);
  return drop(skb, port, reason);
}

static __always_inline int nat_closed(__u32 bits) { return (bits & (N_FIN_OUT | N_FIN_IN)) == (N_FIN_OUT | N_FIN_IN); }
static __always_inline __u64 nat_timeout_ns(__u32 bits) { return (nat_closed(bits) ? 10 : 350) * SECOND; }
static __always_inline int nat_alive(const struct nat_connection *c, __u64 now) { return now < c->seen_ns + nat_timeout_ns(c->bits); }

static __always_inline void nat_uncount(const struct nat_key *key, struct nat_connection *c) {
  if (!(c->bits & N_COUNTED)) return;
  c->bits &= ~N_COUNTED;
  meter(key->port, N_ACTIVE, -1, NO_METRIC, 0);
}

static __always_inline struct nat_inward_key inward_key(const struct nat_key *key, __be32 address, __be16 nat_port) {
  return (struct nat_inward_key){ .port = key->port, .address = address, .remote = key->daddr, .nat_port = nat_port, .remote_port = key->dport, .protocol = key->protocol };
}

static __noinline __s64 *nat_used(__u32 user) {
  __s64 *used = bpf_map_lookup_elem(&nat_users, &user), none = 0;
  if (used) return used;
  bpf_map_update_elem(&nat_users, &user, &none, BPF_NOEXIST);
  return bpf_map_lookup_elem(&nat_users, &user);
}

static __noinline int nat_count(__u32 user, __s64 by) {
  __s64 *all = nat_used(0), *own = nat_used(user);
  if (!user || !all || !own) return 0;
  __sync_fetch_and_add(all, by);
  __sync_fetch_and_add(own, by);
  return 0;
}

// May this interface begin one more?
static __noinline int nat_has_room(__u32 user) {
  __s64 *all = nat_used(0), *own = nat_used(user);
  if (!all || !own || *all >= nat_most) return 0;
  return *all < nat_most / 4 * 3 || *own < nat_most / NAT_FEW;
}

static __noinline int nat_forget(struct nat_key *at, struct nat_connection *c, int idle) {
  struct nat_key key = *at;
  struct nat_inward_key inward = inward_key(&key, c->address, c->nat_port);
  struct nat_pool_key pool_key = { .port = key.port, .address = c->address, .remote = key.daddr, .remote_port = key.dport, .protocol = key.protocol };
  if (idle) meter(key.port, N_IDLE, 1, NO_METRIC, 0);
  nat_uncount(&key, c);
  bpf_map_delete_elem(&nat_inwards, &inward);
  __u32 user = c->user;
  if (!bpf_map_delete_elem(&nat_connections, &key)) nat_count(user, -1);
  struct nat_pool *pool = bpf_map_lookup_elem(&nat_pools, &pool_key);
  if (pool) pool->full_until_ns = 0;
  return 0;
}

// Every connection has a clock; it looks whether the connection was idle as long as it ran.
static int nat_rings(void *map, struct nat_key *key, struct nat_connection *c) {
  __u64 now = clock_ns(), end = c->seen_ns + nat_timeout_ns(c->bits);
  if (now < end) bpf_timer_start(&c->timer, (end - now) / time_scale + SECOND / 100, 0);
  else nat_forget(key, c, !nat_closed(c->bits));
  return 0;
}

struct search { struct nat_key key; __be32 address; __u32 base, start, port; __u64 now, earliest; };
static long try_port(__u32 i, struct search *s) {
  __u32 port = NAT_FIRST_PORT + (s->base + (s->start + i) % NAT_CONNECTIONS) % NAT_PORT_COUNT;
  struct nat_inward_key inward = inward_key(&s->key, s->address, bpf_htons(port));
  struct nat_key *holder = bpf_map_lookup_elem(&nat_inwards, &inward);
  if (holder) {
    struct nat_connection *c = bpf_map_lookup_elem(&nat_connections, holder);
    __u64 end = c ? c->seen_ns + nat_timeout_ns(c->bits) : s->now; // its own clock ends it
    if (end < s->earliest) s->earliest = end;
    return 0;
  }
  if (bpf_map_update_elem(&nat_inwards, &inward, &s->key, BPF_NOEXIST)) return 0; // another processor was quicker
  s->port = port;
  return 1;
}

// A port at one address, 0 when there is none.
__noinline __u32 nat_take_port(const struct nat_key *key, __be32 address, __u64 now) {
  if (!key) return 0;
  struct nat_pool_key pool_key = { .port = key->port, .address = address, .remote = key->daddr, .remote_port = key->dport, .protocol = key->protocol };
  struct nat_pool *pool = bpf_map_lookup_elem(&nat_pools, &pool_key);
  if (!pool) {
    struct nat_pool fresh = {};
    bpf_map_update_elem(&nat_pools, &pool_key, &fresh, BPF_NOEXIST);
    pool = bpf_map_lookup_elem(&nat_pools, &pool_key);
    if (!pool) return 0;
  }
  if (now < pool->full_until_ns) return 0; // looked at all of them lately: the first comes free then, or when one is closed
  struct search s = { .key = *key, .address = address, .now = now, .earliest = ~0ull, .start = __sync_fetch_and_add(&pool->cursor, 1) };
  s.base = (key->daddr * 0x9e3779b1u ^ (key->dport + key->protocol * 0x10001u) * 0x85ebca6bu) >> 8;
  bpf_loop(NAT_CONNECTIONS, try_port, &s, 0);
  if (!s.port) pool->full_until_ns = s.earliest;
  return s.port;
}

static __noinline int nat_begin(const struct nat *n, const struct nat_key *key, __u32 user, __u8 tcp, __u64 now) {
  if (!nat_has_room(user)) return 0;
  __u32 first = (key->saddr * 0x9e3779b1u ^ key->sport * 0x85ebca6bu) >> 16, port = 0, chosen = 0;
  for (__u32 i = 0; i < MAX_NAT_ADDRESSES && i < n->count && !port; i++) {
    chosen = (first + i) % n->count;
    port = nat_take_port(key, n->address[chosen & (MAX_NAT_ADDRESSES - 1)], now);
  }
  if (!port) return 0;
  struct nat_connection fresh = { .seen_ns = now, .address = n->address[chosen & (MAX_NAT_ADDRESSES - 1)], .nat_port = bpf_htons(port), .bits = tcp ? N_COUNTED : 0, .user = user };
  struct nat_connection *c = bpf_map_update_elem(&nat_connections, key, &fresh, BPF_NOEXIST) ? 0 : bpf_map_lookup_elem(&nat_connections, key);
  if (!c) {
    struct nat_inward_key inward = inward_key(key, fresh.address, fresh.nat_port);
    bpf_map_delete_elem(&nat_inwards, &inward);
    return 0;
  }
  nat_count(user, 1);
  if (tcp) meter(key->port, N_ACTIVE, 1, NO_METRIC, 0);
  bpf_timer_init(&c->timer, &nat_connections, CLOCK_MONOTONIC);
  bpf_timer_set_callback(&c->timer, nat_rings);
  bpf_timer_start(&c->timer, nat_timeout_ns(0) / time_scale + SECOND / 100, 0);
  return 1;
}

static __always_inline void nat_touch(struct nat_key *key, struct nat_connection *c, const struct packet *k, __u32 fin, __u64 now) {
  if (now - c->seen_ns > SECOND / 8) c->seen_ns = now;
  if (k->protocol != IPPROTO_TCP) return;
  if (k->tcp_flags & TCP_FIN && !(c->bits & fin)) {
    c->bits |= fin;
    if (nat_closed(c->bits)) {
      nat_uncount(key, c);
      bpf_timer_start(&c->timer, nat_timeout_ns(c->bits) / time_scale + SECOND / 100, 0);
    }
  }
  if (k->tcp_flags & TCP_RST) nat_forget(key, c, 0); // c stays readable until this packet is done
}

static __always_inline int is_natted(const struct packet *k, __u8 echo_type) {
  return k->protocol == IPPROTO_TCP || k->protocol == IPPROTO_UDP || (k->protocol == IPPROTO_ICMP && k->icmp_type == echo_type);
}

static __always_inline int in_vpc(__u32 vpc, __be32 ip) {
  struct block_key key = { .prefix_length = 64, .vpc = vpc, .ip = ip };
  return bpf_map_lookup_elem(&blocks, &key) != 0;
}

// A packet to the gateway at w->to becomes the gateway's own and leaves it. 0, or the verdict.
__noinline int nat_outward(struct __sk_buff *skb, struct walk *w) {
  struct port *gate = w ? port_at(w->to) : 0;
  if (!gate) return TC_ACT_SHOT;
  struct packet *k = &w->k;
  __u32 number = gate->port;
  struct nat *n = bpf_map_lookup_elem(&nats, &number);
  meter_packet(skb, k, number, N_PACKETS_IN_SOURCE);
  if (!n || !in_vpc(gate->vpc, k->saddr)) return nat_drop(skb, number, NAT_SOURCE);
  if (k->fragment && k->protocol != IPPROTO_UDP) return nat_drop(skb, number, NAT_FRAGMENT);
  __be32 address = w->translated;
  __u64 now = clock_ns();
  if (k->fragment != LATER_FRAGMENT) {
    struct nat_key key = { .port = number, .saddr = k->saddr, .daddr = k->daddr, .sport = k->sport, .dport = k->dport, .protocol = k->protocol };
    if (k->inner_at) { // an error about what came in over a connection
      key.saddr = k->inner.daddr; key.daddr = k->inner.saddr; key.sport = k->inner.dport; key.dport = k->inner.sport; key.protocol = k->inner.protocol;
    } else if (!is_natted(k, ICMP_ECHO)) return nat_drop(skb, number, k->protocol == IPPROTO_ICMP ? NAT_NO_CONNECTION : NAT_PROTOCOL);
    if (key.protocol == IPPROTO_ICMP) key.dport = 0;
    int begins = !k->inner_at && (k->protocol != IPPROTO_TCP || (k->tcp_flags & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN);
    struct nat_connection *c = bpf_map_lookup_elem(&nat_connections, &key);
    if (c && (!nat_alive(c, now) || (begins && nat_closed(c->bits)))) { nat_forget(&key, c, !nat_closed(c->bits)); c = 0; }
    if (begins && k->protocol == IPPROTO_TCP) meter(number, N_ATTEMPTS, 1, NO_METRIC, 0);
    if (!c && !begins) {
      nat_drop(skb, number, NAT_NO_CONNECTION);
      if (k->protocol != IPPROTO_TCP || (k->tcp_flags & TCP_RST) || make_reset(skb, w)) return TC_ACT_SHOT;
      meter(number, N_PACKETS_OUT_SOURCE, 1, N_BYTES_OUT_SOURCE, skb->len - ETH_HLEN);
      return 0; // the RST goes back the way that answers go
    }
    if (!c) {
      if (!nat_begin(n, &key, w->entry_port, k->protocol == IPPROTO_TCP, now)) return nat_drop(skb, number, NAT_PORTS);
      c = bpf_map_lookup_elem(&nat_connections, &key);
      if (!c) return nat_drop(skb, number, NAT_PORTS);
    }
    address = c->address;
    __be16 nat_port = c->nat_port;
    if (k->inner_at) {
      rewrite_inner_port(skb, k, DESTINATION, k->inner.dport, nat_port);
      rewrite_inner(skb, k, DESTINATION, k->inner.daddr, address);
      k->inner.daddr = address; k->inner.dport = nat_port;
    } else {
      nat_touch(&key, c, k, N_FIN_OUT, now);
      if (rewrite_port(skb, k, SOURCE, k->sport, nat_port)) return nat_drop(skb, number, MALFORMED);
      k->sport = nat_port;
      if (k->protocol == IPPROTO_ICMP) k->dport = nat_port;
    }
  } else if (!address) return nat_drop(skb, number, FRAGMENT);
  if (rewrite_address(skb, k, SOURCE, k->saddr, address)) return nat_drop(skb, number, MALFORMED);
  k->saddr = w->translated = address;
  meter_packet(skb, k, number, N_PACKETS_OUT_DESTINATION);
  return 0;
}

// A packet to one of the gateway's addresses goes on to the instance whose connection it answers. 0, or the verdict.
__noinline int nat_inward(struct __sk_buff *skb, struct walk *w) {
  struct port *gate = w ? port_at(w->to) : 0;
  if (!gate) return TC_ACT_SHOT;
  struct packet *k = &w->k;
  __u32 number = gate->port;
  meter_packet(skb, k, number, N_PACKETS_IN_DESTINATION);
  if (k->fragment && k->protocol != IPPROTO_UDP) return nat_drop(skb, number, NAT_FRAGMENT);
  __be32 address = w->translated;
  __u64 now = clock_ns();
  if (k->fragment != LATER_FRAGMENT) {
    struct nat_inward_key inward = { .port = number, .address = k->daddr, .remote = k->saddr, .nat_port = k->dport, .remote_port = k->sport, .protocol = k->protocol };
    if (k->inner_at) {
      inward.address = k->inner.saddr; inward.remote = k->inner.daddr; inward.nat_port = k->inner.sport; inward.remote_port = k->inner.dport; inward.protocol = k->inner.protocol;
    } else if (!is_natted(k, ICMP_ECHOREPLY)) return nat_drop(skb, number, NAT_NO_CONNECTION);
    if (inward.protocol == IPPROTO_ICMP) inward.remote_port = 0;
    struct nat_key *holder = bpf_map_lookup_elem(&nat_inwards, &inward);
    if (!holder) return nat_drop(skb, number, NAT_NO_CONNECTION);
    struct nat_key key = *holder;
    struct nat_connection *c = bpf_map_lookup_elem(&nat_connections, &key);
    if (!c || !nat_alive(c, now)) return nat_drop(skb, number, NAT_NO_CONNECTION);
    address = key.saddr;
    if (k->inner_at) {
      rewrite_inner_port(skb, k, SOURCE, k->inner.sport, key.sport);
      rewrite_inner(skb, k, SOURCE, k->inner.saddr, address);
      k->inner.saddr = address; k->inner.sport = key.sport;
      if (key.protocol == IPPROTO_ICMP) k->inner.dport = key.sport;
    } else {
      if (!(c->bits & N_ANSWERED)) {
        c->bits |= N_ANSWERED;
        if (k->protocol == IPPROTO_TCP && (k->tcp_flags & (TCP_SYN | TCP_ACK)) == (TCP_SYN | TCP_ACK)) meter(number, N_ESTABLISHED, 1, NO_METRIC, 0);
      }
      nat_touch(&key, c, k, N_FIN_IN, now);
      if (rewrite_port(skb, k, DESTINATION, k->dport, key.sport)) return nat_drop(skb, number, MALFORMED);
      k->dport = key.sport;
      if (k->protocol == IPPROTO_ICMP) k->sport = key.sport;
    }
  } else if (!address) return nat_drop(skb, number, FRAGMENT);
  if (rewrite_address(skb, k, DESTINATION, k->daddr, address)) return nat_drop(skb, number, MALFORMED);
  k->daddr = w->translated = address;
  meter_packet(skb, k, number, N_PACKETS_OUT_SOURCE);
  return 0;
}
