// Owns what interfaces remember of flows: a flow's name, its idle times, and how many an interface may have (AWS: an allowance of tracked
// connections each; EC2 user guide, "Throttling"). Flows stand in sets of fifteen, in an array: the two ports of a flow choose its set, so
// that what a connection's interfaces remember of it lies together, near where its verdicts do (cache.bpf.h); when that set is full of
// living flows a secret chooses another, which nobody can fill on purpose. What is over stays until its place is wanted. An interface
// whose allowance is full gives up, for one that begins there, a flow of its own that is over or was never answered; where both sets are
// full, whoever has most gives up one that was never answered. So a flood of beginnings pushes out nothing but beginnings of who has most,
// and an answered flow is never pushed out. Needs no lock, no clock and no daemon (ADR 0017).
#pragma once
#include "parse.bpf.h"

// flow.state: who began it and what TCP has said; what its place holds; above, how often the place was taken, by which those who
// read or change a flow see that it is another by now. 0: never taken, and none of the places after it in its set was.
enum { F_BY_A = 1, F_ANSWERED = 2, F_FIN_A = 4, F_FIN_B = 8, F_RESET = 16, F_HELD = 32, F_WRITING = 64, F_USED = 128, F_TURN = 256 };
enum { WAYS = 16, FULL_SETS = 16, ROOM_TRIES = 4, CHANGES = 6 };
const volatile __u32 flow_allowance = FLOW_SETS * 2; // of one interface; set before the program is loaded
const volatile __u32 flow_sets = FLOW_SETS; // a power of two
struct flow_key { __u32 port; __be32 a, b; __be16 a_port, b_port; __u32 protocol; }; // protocol: above it, the epoch
struct flow { __u32 state; struct flow_key key; __u32 seen, lasts; }; // in ticks: when it was last seen, and how long it may be idle
struct flow_set { struct flow way[WAYS]; }; // the first holds none: its state says whether flows of these ports are elsewhere, too
struct flow_user { __s32 used; __u32 hand, epoch; }; // by port; epoch: flows of an earlier one are nobody's; hand: the set to look at next
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
static __always_inline __u64 timeout_ns(const struct port *p, __u8 protocol, __u32 state) {
  if (protocol == IPPROTO_TCP) {
    if (flow_closed(state)) return CLOSED_NS;
    return (state & F_ANSWERED ? p->tcp_established_s : 60) * SECOND;
  }
  if (protocol == IPPROTO_UDP) return (state & F_ANSWERED ? p->udp_stream_s : p->udp_s) * SECOND;
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

static __always_inline int same_flow(const struct flow_key *a, const struct flow_key *b) {
  return a->port == b->port && a->a == b->a && a->b == b->b && a->a_port == b->a_port && a->b_port == b->b_port && a->protocol == b->protocol;
}

static __always_inline __u32 near_set(const struct flow_key *key) { return hash_of_ports(key->a_port, key->b_port) >> 8 & (flow_sets - 1); }
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
static __always_inline struct flow *way_of(__u32 mark) {
  __u32 index = mark >> 4 & (FLOW_SETS - 1);
  struct flow_set *set = bpf_map_lookup_elem(&flows, &index);
  return set ? &set->way[mark & (WAYS - 1)] : 0;
}
static __always_inline struct flow *flow_at(__u32 mark, __u32 *state) {
  struct flow *f = way_of(mark);
  if (!f) return 0;
  *state = in_order(&f->state);
  return (*state & F_HELD) && turn_of(*state) == mark >> 18 << 18 ? f : 0;
}

static __always_inline __u32 find_in(__u32 index, struct flow_set *set, const struct flow_key *key) {
  for (__u32 way = 1; way < WAYS; way++) {
    struct flow *f = &set->way[way];
    __u32 state = in_order(&f->state);
    if (!state) return 0;
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
  if (mark || !set->way[0].state) return mark;
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

static __always_inline void touch(struct flow *f, const struct port *p, __u32 state, __u64 now) {
  f->lasts = ticks(timeout_ns(p, f->key.protocol, state));
  f->seen = ticks(now);
}

// By the idle time that its interface had when it was last seen.
static __always_inline int is_over(const struct flow *f, __u32 state, __u64 now) {
  __u64 idle = idle_ns(f, now);
  return flow_closed(state) ? idle >= CLOSED_NS : ticks(idle) >= f->lasts;
}

// Whose flow that is; 0: of an interface that is gone.
static __always_inline struct flow_user *user_of(const struct flow *f) {
  __u32 port = f->key.port;
  struct flow_user *user = bpf_map_lookup_elem(&flow_users, &port);
  return user && user->epoch == f->key.protocol >> 8 ? user : 0;
}

// The next turn of a place begins. 0: another processor was quicker.
static __always_inline int turn_over(struct flow *f, __u32 state, __u32 becomes) {
  return __sync_val_compare_and_swap(&f->state, state, (state / F_TURN + 1) * F_TURN | F_USED | becomes) == state;
}

// A place for this processor alone, or for nobody; whoever had it has one flow less. 0: another processor was quicker.
static __always_inline int take(struct flow *f, __u32 state, __u32 becomes) {
  struct flow_user *user = state & F_HELD ? user_of(f) : 0;
  if (!turn_over(f, state, becomes)) return 0;
  if (user) __sync_fetch_and_add(&user->used, -1);
  return 1;
}

// A place in a set where nothing is, or what is over. 0: all of it lives.
__noinline int take_free(__u32 index, __u64 now) {
  struct flow_set *set = bpf_map_lookup_elem(&flows, &index);
  if (!set) return 0;
  for (__u32 way = 1; way < WAYS; way++) {
    struct flow *f = &set->way[way];
    __u32 state = f->state;
    if ((state & F_WRITING) || ((state & F_HELD) && !is_over(f, state, now))) continue;
    if (take(f, state, F_WRITING)) return place_of(index, way);
  }
  return 0;
}

// In two sets that are full: a flow that is closed or of an interface that is gone; else one that was never answered, of whoever has most.
enum { GIVEN = 0x7fffffff }; // more than anybody has
struct seek { __u32 near, far, place, state; __s32 used; };
static long seek_in(__u32 i, struct seek *s) {
  __u32 place = place_of(i < WAYS ? s->near : s->far, i % WAYS);
  struct flow *f = way_of(place);
  __u32 state = f ? f->state : 0;
  if (!f || !(state & F_HELD)) return 0;
  struct flow_user *user = user_of(f);
  __s32 used = user && !flow_closed(state) ? user->used : GIVEN;
  if ((used != GIVEN && (state & F_ANSWERED)) || used < s->used) return 0;
  s->place = place; s->state = state; s->used = used;
  return 0;
}
static __noinline __u32 make_room(__u32 near, __u32 far, __s32 used) {
  for (int i = 0; i < ROOM_TRIES; i++) {
    struct seek s = { .near = near, .far = far, .used = used };
    bpf_loop(2 * WAYS, seek_in, &s, 0);
    struct flow *f = s.place ? way_of(s.place) : 0;
    if (!f) return 0;
    if (take(f, s.state, F_WRITING)) return s.place; // else another processor was quicker
  }
  return 0;
}

// Who has a full allowance gives up what is over, closed a moment ago, or was never answered.
struct hunt { __u32 port, epoch, hand, tried; __u64 now; __u32 found; };
static long hunt_in(__u32 i, struct hunt *h) {
  __u32 set = i / WAYS;
  struct flow *f = way_of(place_of((h->hand + set) & (flow_sets - 1), i % WAYS));
  __u32 state = f ? f->state : 0;
  h->tried = set;
  if (!f || !(state & F_HELD) || f->key.port != h->port || f->key.protocol >> 8 != h->epoch) return 0;
  if ((state & F_ANSWERED) && !flow_closed(state) && !is_over(f, state, h->now)) return 0;
  h->found = take(f, state, 0);
  return h->found;
}
static __noinline int give_up_one(__u32 port, struct flow_user *user, __u64 now) {
  struct hunt h = { .port = port, .epoch = user->epoch, .hand = user->hand, .now = now };
  bpf_loop(FULL_SETS * WAYS, hunt_in, &h, 0);
  if (h.tried) __sync_fetch_and_add(&user->hand, h.tried);
  return h.found;
}

// An interface's account of its flows. 0: there is no room for one more interface.
static __always_inline struct flow_user *flow_user(__u32 port) {
  struct flow_user *user = bpf_map_lookup_elem(&flow_users, &port);
  if (user) return user;
  struct flow_user fresh = { .hand = bpf_get_prandom_u32(), .epoch = bpf_get_prandom_u32() >> 8 };
  bpf_map_update_elem(&flow_users, &port, &fresh, BPF_NOEXIST);
  return bpf_map_lookup_elem(&flow_users, &port);
}

// Remembers a flow in a place that this processor took.
static __always_inline __u32 write_flow(__u32 place, const struct port *p, const struct flow_key *key, __u32 bits, __u64 now) {
  struct flow *f = way_of(place);
  if (!f) return 0;
  f->key = *key;
  touch(f, p, bits, now);
  __u32 state = (f->state & -F_USED) | F_HELD | bits;
  __sync_lock_test_and_set(&f->state, state); // all of it is there before its state says so
  return turn_of(state) | place;
}

// Remembers a flow; answers its mark. 0: there is no room for it. Two processors at once may remember one twice: the first in its set is looked at.
__noinline int begin_flow(const struct port *p, struct flow_user *user, const struct flow_key *key, __u32 bits, __u64 now) {
  if (!p || !user || !key) return 0;
  __u32 number = p->port;
  if ((user->used >= (__s32)flow_allowance && !give_up_one(number, user, now))) return 0;
  __u32 near = near_set(key), place = take_free(near, now);
  if (!place) {
    struct flow_set *set = bpf_map_lookup_elem(&flows, &near);
    if (set) set->way[0].state = F_USED;
    __u32 far = far_set(key);
    place = take_free(far, now);
    if (!place) place = make_room(near, far, user->used);
    if (!place) return 0;
  }
  __sync_fetch_and_add(&user->used, 1);
  return write_flow(place, p, key, bits, now);
}

// The same flow from the beginning: its ports are used anew. 0: another processor was quicker.
static __always_inline __u32 begin_again(struct flow *f, __u32 mark, __u32 state, const struct port *p, const struct flow_key *key, __u32 bits, __u64 now) {
  if (!turn_over(f, state, F_WRITING)) return 0;
  return write_flow(mark & 0x3ffff, p, key, bits, now);
}
