// Owns what interfaces remember of flows: a flow's name, its idle times, where it is found. (AWS: an allowance of tracked connections each; EC2
// user guide, "Throttling".) Flows stand in sets of fifteen, in an array: the two ports of a flow choose its set, so that what a connection's
// interfaces remember of it lies together; when that set is full of living flows a secret chooses another, which nobody can fill on purpose.
// What is over stays until its place is wanted (tracking.bpf.h).
#pragma once
#include "parse.bpf.h"

// flow.state: who began it and what TCP has said; what its place holds; above, how often the place was taken, by which those who
// read or change a flow see that it is another by now.
enum { F_BY_A = 1, F_ANSWERED = 2, F_FIN_A = 4, F_FIN_B = 8, F_RESET = 16, F_HELD = 32, F_WRITING = 64, F_TURN = 128 };
enum { WAYS = 16, CHANGES = 6 };
const volatile __u32 flow_allowance = FLOW_SETS * 2; // of one interface; set before the program is loaded
const volatile __u32 flow_sets = FLOW_SETS; // a power of two
struct flow_key { __u32 port; __be32 a, b; __be16 a_port, b_port; __u32 protocol; }; // protocol: above it, the epoch
struct flow { __u32 state; struct flow_key key; __u32 seen, lasts; }; // in ticks: when it was last seen, and how long it may be idle
// In place of the first way: whether flows of these ports are elsewhere, too, and a byte of each way's flow by which it is told from most others
// without its memory being touched. 0: nothing was ever there.
struct flow_set { union { struct flow way[WAYS]; struct { __u32 elsewhere; __u8 signs[WAYS]; }; }; };
struct flow_user { __s32 used; __u32 hand, epoch; }; // by port; epoch: flows of an earlier one are nobody's; hand: the set to look at next
// What is asked of an interface to remember flows for it. open_ports: a connection that it begins by a lower port of its own may be the answer
// to one that is not tracked (groups.bpf.h).
struct tracker { __u32 port, epoch, tcp_established_s, udp_stream_s, udp_s, open_ports; };
TABLE(flows, BPF_MAP_TYPE_ARRAY, FLOW_SETS, ALIGNED, __u32, struct flow_set);
TABLE(flow_users, BPF_MAP_TYPE_HASH, 65536, BPF_F_NO_PREALLOC, __u32, struct flow_user);
TABLE(flow_secret, BPF_MAP_TYPE_ARRAY, 1, 0, __u32, __u32);

#define CLOSED_NS (10 * SECOND) /* what may have been sent again */
enum { TICK_BITS = 24 }; // a tick is 17 ms: a time has half as many bytes as in nanoseconds, and comes again after two years
static __always_inline __u32 ticks(__u64 ns) { return ns >> TICK_BITS; }
static __always_inline __u64 idle_ns(const struct flow *f, __u64 now) {
  __u32 idle = ticks(now) - f->seen;
  return idle > -256u ? 0 : (__u64)idle << TICK_BITS; // another processor's now is a little later
}

static __always_inline int flow_closed(__u32 state) { return (state & F_RESET) || (state & (F_FIN_A | F_FIN_B)) == (F_FIN_A | F_FIN_B); }
static __always_inline __u64 timeout_ns(const struct tracker *t, __u8 protocol, __u32 state) {
  if (protocol == IPPROTO_TCP) {
    if (flow_closed(state)) return CLOSED_NS;
    return (state & F_ANSWERED ? t->tcp_established_s : 60) * SECOND;
  }
  if (protocol == IPPROTO_UDP) return (state & F_ANSWERED ? t->udp_stream_s : t->udp_s) * SECOND;
  return (protocol == IPPROTO_ICMP ? 30 : 600) * SECOND;
}

static __always_inline __u32 end_bits(__u32 tcp_flags, int from_a) {
  return (tcp_flags & TCP_RST ? F_RESET : 0) | (tcp_flags & TCP_FIN ? (from_a ? F_FIN_A : F_FIN_B) : 0);
}

static __always_inline int comes_from_a(__be32 saddr, __be32 daddr, __be16 sport, __be16 dport) { return saddr < daddr || (saddr == daddr && sport <= dport); }

// One key for both directions: the smaller end first. Answers whether the packet comes from end a.
static __always_inline int flow_key_of(struct flow_key *key, __u32 port, __u32 epoch, __be32 saddr, __be32 daddr, __be16 sport, __be16 dport, __u8 protocol) {
  int from_a = comes_from_a(saddr, daddr, sport, dport);
  key->port = port;
  key->a = from_a ? saddr : daddr; key->b = from_a ? daddr : saddr;
  key->a_port = from_a ? sport : dport; key->b_port = from_a ? dport : sport;
  key->protocol = epoch << 8 | protocol;
  return from_a;
}

static __always_inline int same_connection(const struct flow_key *a, const struct flow_key *b) { // at whatever interface
  return a->a == b->a && a->b == b->b && a->a_port == b->a_port && a->b_port == b->b_port && (__u8)a->protocol == (__u8)b->protocol;
}
static __always_inline int same_flow(const struct flow_key *a, const struct flow_key *b) {
  return a->port == b->port && a->protocol == b->protocol && same_connection(a, b);
}

static __always_inline __u8 sign_of(const struct flow_key *key) {
  __u32 hash = (key->port ^ (key->a << 7 | key->a >> 25) ^ (key->b << 19 | key->b >> 13) ^ ((__u32)key->a_port << 16 | key->b_port)) * 0x9e3779b1u;
  __u8 sign = hash >> 24;
  return sign ? sign : 1;
}

// A client's ports follow each other: so do its connections' sets, and what the processor needs to get at the one is there for the next. The same both ways.
static __always_inline __u32 near_set(const struct flow_key *key) { return ((__u32)bpf_ntohs(key->a_port) + bpf_ntohs(key->b_port)) >> 1 & (flow_sets - 1); }
static __noinline __u32 far_set(const struct flow_key *key) {
  __u32 zero = 0, *secret = bpf_map_lookup_elem(&flow_secret, &zero);
  if (!secret) return 0;
  if (!*secret) __sync_val_compare_and_swap(secret, 0, bpf_get_prandom_u32() | 1);
  const __u32 words[5] = { key->port, key->a, key->b, (__u32)key->a_port << 16 | key->b_port, key->protocol };
  __u32 hash = *secret;
  for (int i = 0; i < 5; i++) {
    hash = (hash ^ words[i]) * 0x9e3779b1u;
    hash ^= hash >> 15;
  }
  hash &= flow_sets - 1;
  return hash == near_set(key) ? (hash + 1) & (flow_sets - 1) : hash;
}

// Where a flow is, in one number: its place, and some of how often that was taken. 0: nowhere.
static __always_inline __u32 place_of(__u32 set, __u32 way) { return set << 4 | way; }
static __always_inline __u32 turn_of(__u32 state) { return (state / F_TURN) << 18; }
static __always_inline struct flow_set *set_of(__u32 mark) {
  __u32 index = mark >> 4 & (FLOW_SETS - 1);
  return bpf_map_lookup_elem(&flows, &index);
}
static __always_inline struct flow *way_of(__u32 mark) {
  struct flow_set *set = set_of(mark);
  return set ? &set->way[mark & (WAYS - 1)] : 0;
}
static __always_inline struct flow *flow_at(__u32 mark, __u32 *state) {
  struct flow *f = way_of(mark);
  if (!f) return 0;
  *state = in_order(&f->state);
  return (*state & F_HELD) && turn_of(*state) == mark >> 18 << 18 ? f : 0;
}

static __always_inline __u32 find_in(__u32 index, struct flow_set *set, const struct flow_key *key) {
  __u8 sign = sign_of(key);
  for (__u32 way = 1; way < WAYS; way++) {
    if (set->signs[way] != sign) continue;
    struct flow *f = &set->way[way];
    __u32 state = in_order(&f->state);
    barrier();
    if (!same_flow(&f->key, key) || !(state & F_HELD)) continue;
    barrier();
    if (in_order(&f->state) / F_TURN == state / F_TURN) return turn_of(state) | place_of(index, way);
  }
  return 0;
}

// Its mark, or 0: nobody remembers it.
__noinline int find_flow(const struct flow_key *key) {
  if (!key) return 0;
  __u32 index = near_set(key);
  struct flow_set *set = bpf_map_lookup_elem(&flows, &index);
  if (!set) return 0;
  __u32 mark = find_in(index, set, key);
  if (mark || !set->elsewhere) return mark;
  index = far_set(key);
  set = bpf_map_lookup_elem(&flows, &index);
  return set ? find_in(index, set, key) : 0;
}

// Both ends may close at once, each by its own processor: none of it is lost, or the flow would be there for days. 0: it is another flow by now.
static __always_inline int add_bits(struct flow *f, __u32 state, __u32 bits) {
  for (int i = 0; i < CHANGES && (bits & ~state); i++) { // as many as can come between
    __u32 now = __sync_val_compare_and_swap(&f->state, state, state | bits);
    if (now == state) return 1;
    if (now / F_TURN != state / F_TURN) return 0;
    state = now;
  }
  return 1;
}

static __always_inline void touch(struct flow *f, const struct tracker *t, __u32 state, __u64 now) {
  f->lasts = ticks(timeout_ns(t, f->key.protocol, state));
  f->seen = ticks(now);
}

// By the idle time that its interface had when it was last seen.
static __always_inline int is_over(const struct flow *f, __u32 state, __u64 now) {
  __u64 idle = idle_ns(f, now);
  return flow_closed(state) ? idle >= CLOSED_NS : ticks(idle) >= f->lasts;
}

static __always_inline struct flow_user *known_user(__u32 port) { return bpf_map_lookup_elem(&flow_users, &port); }

// Whose flow that is; 0: of an interface that is gone.
static __always_inline struct flow_user *user_of(const struct flow *f) {
  struct flow_user *user = known_user(f->key.port);
  return user && user->epoch == f->key.protocol >> 8 ? user : 0;
}
