// Owns what a packet does to the flows that interfaces remember: it marks one or begins one, and where all is full, who makes room for it. An
// interface whose allowance is full gives up, for one that begins there, a flow of its own that is over or was never answered; where both sets
// are full, whoever has most gives up one that was never answered. So a flood of beginnings pushes out nothing but beginnings of who has
// most, and an answered flow is never pushed out. Needs no lock, no clock and no daemon (ADR 0017).
#pragma once
#include "flows.bpf.h"

enum { FULL_SETS = 32, ROOM_TRIES = 4 };

// The next turn of a place begins. 0: another processor was quicker.
static __always_inline int turn_over(struct flow *f, __u32 state, __u32 becomes) {
  return __sync_val_compare_and_swap(&f->state, state, (state / F_TURN + 1) * F_TURN | becomes) == state;
}

// A place for this processor alone; whoever had it has one flow less. 0: another processor was quicker.
static __always_inline int take(struct flow *f, __u32 state) {
  struct flow_user *user = state & F_HELD ? user_of(f) : 0;
  if (!turn_over(f, state, F_WRITING)) return 0;
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
    if (take(f, state)) return place_of(index, way);
  }
  return 0;
}

// In two sets that are full: a flow that is closed or of an interface that is gone; else one that was never answered, of whoever has most. Not
// what the other end of the same connection remembers, or neither would begin.
enum { GIVEN = 0x7fffffff }; // more than anybody has
struct seek { const struct flow_key *key; __u32 near, far, place, state; __s32 used; };
static long seek_in(__u32 i, struct seek *s) {
  __u32 place = place_of(i < WAYS ? s->near : s->far, i % WAYS);
  struct flow *f = way_of(place);
  __u32 state = f ? f->state : 0;
  if (!f || !(state & F_HELD) || same_connection(&f->key, s->key)) return 0;
  struct flow_user *user = user_of(f);
  __s32 used = user && !flow_closed(state) ? user->used : GIVEN;
  if ((used != GIVEN && (state & F_ANSWERED)) || used < s->used) return 0;
  s->place = place; s->state = state; s->used = used;
  return 0;
}
static __noinline __u32 make_room(const struct flow_key *key, __u32 near, __u32 far, __s32 used) {
  struct seek s = { .key = key, .near = near, .far = far };
  for (int i = 0; i < ROOM_TRIES; i++) {
    s.place = 0;
    s.used = used;
    bpf_loop(2 * WAYS, seek_in, &s, 0);
    struct flow *f = s.place ? way_of(s.place) : 0;
    if (!f) return 0;
    if (take(f, s.state)) return s.place; // else another processor was quicker
  }
  return 0;
}

// Who has a full allowance gives up what is over, closed a moment ago, or was never answered.
struct hunt { __u32 port, epoch, hand, tried; __u64 now; __u32 found; };
static long hunt_in(__u32 i, struct hunt *h) {
  __u32 set = i / WAYS;
  __u32 spread = (h->hand + set) * 0x9e3779b1u; // by the golden ratio: thirty-two of them meet whatever lies in a row, in a sixteenth of all sets; a full allowance takes an eighth at least
  struct flow *f = way_of(place_of((__u64)spread * flow_sets >> 32, i % WAYS));
  __u32 state = f ? f->state : 0;
  h->tried = set;
  if (!f || !(state & F_HELD) || f->key.port != h->port || f->key.protocol >> 8 != h->epoch) return 0;
  if ((state & F_ANSWERED) && !flow_closed(state) && !is_over(f, state, h->now)) return 0;
  h->found = turn_over(f, state, 0);
  return h->found;
}
static __noinline int give_up_one(__u32 port, struct flow_user *user, __u64 now) {
  struct hunt h = { .port = port, .epoch = user->epoch, .hand = user->hand, .now = now };
  bpf_loop(FULL_SETS * WAYS, hunt_in, &h, 0);
  if (h.found) __sync_fetch_and_add(&user->used, -1);
  if (h.tried) __sync_fetch_and_add(&user->hand, h.tried);
  return h.found;
}

// Where its new flow would stand, a place of one that closed a moment ago or is over: it has as many as before, and what is looked at is at hand.
__noinline int take_own(__u32 index, const struct tracker *t, __u64 now) {
  struct flow_set *set = bpf_map_lookup_elem(&flows, &index);
  if (!set || !t) return 0;
  for (__u32 way = 1; way < WAYS; way++) {
    struct flow *f = &set->way[way];
    if (!set->signs[way]) continue; // nothing was ever there
    __u32 state = f->state;
    if (!(state & F_HELD) || f->key.port != t->port || f->key.protocol >> 8 != t->epoch || !(flow_closed(state) || is_over(f, state, now))) continue;
    if (turn_over(f, state, F_WRITING)) return place_of(index, way);
  }
  return 0;
}

// An interface's account of its flows. 0: there is no room for one more interface.
static __always_inline struct flow_user *flow_user(__u32 port) {
  struct flow_user *user = known_user(port);
  if (user) return user;
  struct flow_user fresh = { .hand = bpf_get_prandom_u32(), .epoch = bpf_get_prandom_u32() >> 8 };
  bpf_map_update_elem(&flow_users, &port, &fresh, BPF_NOEXIST);
  return known_user(port);
}

// Remembers a flow in a place that this processor took.
static __always_inline __u32 write_flow(__u32 place, const struct tracker *t, const struct flow_key *key, __u32 bits, __u64 now) {
  struct flow_set *set = set_of(place);
  if (!set) return 0;
  struct flow *f = &set->way[place & (WAYS - 1)];
  set->signs[place & (WAYS - 1)] = sign_of(key);
  f->key = *key;
  touch(f, t, bits, now);
  __u32 state = (f->state & -F_TURN) | F_HELD | bits;
  __sync_lock_test_and_set(&f->state, state); // all of it is there before its state says so
  return turn_of(state) | place;
}

// A place where the near set is full.
static __always_inline __u32 take_far(const struct flow_key *key, __u32 near, const struct flow_user *user, __u64 now) {
  struct flow_set *set = bpf_map_lookup_elem(&flows, &near);
  if (set) set->elsewhere = 1;
  __u32 far = far_set(key), place = take_free(far, now);
  return place ? place : make_room(key, near, far, user->used);
}

// Remembers a flow; answers its mark. 0: there is no room for it. Two processors at once may remember one twice: the first in its set is looked at.
__noinline int begin_flow(const struct tracker *t, struct flow_user *user, const struct flow_key *key, __u32 bits, __u64 now) {
  if (!t || !user || !key) return 0;
  __u32 near = near_set(key), place = 0;
  if (user->used >= (__s32)flow_allowance) {
    place = take_own(near, t, now);
    if (!place && !give_up_one(t->port, user, now)) return 0;
  }
  if (!place) {
    place = take_free(near, now);
    if (!place) place = take_far(key, near, user, now);
    if (!place) return 0;
    __sync_fetch_and_add(&user->used, 1);
  }
  return write_flow(place, t, key, bits, now);
}

// The same flow from the beginning: its ports are used anew. 0: another processor was quicker.
static __always_inline __u32 begin_again(struct flow *f, __u32 mark, __u32 state, const struct tracker *t, const struct flow_key *key, __u32 bits, __u64 now) {
  if (!turn_over(f, state, F_WRITING)) return 0;
  return write_flow(mark & 0x3ffff, t, key, bits, now);
}

// What is remembered of a packet's flow, before the packet.
struct found { struct flow *flow; __u32 mark, state; int from_a, alive; __u64 idle; };
static __always_inline void look_for(struct found *at, const struct tracker *t, const struct flow_key *key, int from_a, __u32 tcp_flags, __u64 now) {
  __u8 protocol = key->protocol;
  at->state = 0;
  at->from_a = from_a;
  at->mark = find_flow(key);
  at->flow = flow_at(at->mark, &at->state);
  at->idle = at->flow ? idle_ns(at->flow, now) : 0;
  at->alive = at->flow && at->idle < timeout_ns(t, protocol, at->state);
  if (at->alive && protocol == IPPROTO_TCP && (tcp_flags & (TCP_SYN | TCP_ACK)) == TCP_SYN && flow_closed(at->state)) at->alive = 0; // the ports are used anew
}

// And what is, after it. tcp_flags: 0 of other protocols. Answers the flow's mark; 0: there is no room for it.
static __always_inline __u32 note_flow(const struct found *at, const struct tracker *t, struct flow_user *user, const struct flow_key *key, __u32 tcp_flags, __u64 now) {
  __u32 ends = end_bits(tcp_flags, at->from_a);
  if (at->alive) {
    __u32 bits = ends | (!!(at->state & F_BY_A) != at->from_a ? F_ANSWERED : 0);
    if ((bits & ~at->state) || at->idle > SECOND / 8) { // seldom: other processors read this line
      if (add_bits(at->flow, at->state, bits)) touch(at->flow, t, at->state | bits, now);
    }
    return at->mark;
  }
  __u32 bits = ends | (at->from_a ? F_BY_A : 0), again = at->flow ? begin_again(at->flow, at->mark, at->state, t, key, bits, now) : 0;
  return again ? again : begin_flow(t, user, key, bits, now);
}
