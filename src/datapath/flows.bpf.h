// Owns what interfaces remember of flows: a flow's name, its idle times, and how many an interface may have (AWS: an allowance of tracked
// connections each; EC2 user guide, "Throttling"). An interface's flows stand in a ring of slots, which grows while those at its hand live.
// A new flow takes the place of an old one that is over; in a ring as large as the allowance also of one that was never answered. So a
// flood of beginnings pushes out nothing but its own, an answered connection is never pushed out, and who has an allowance full of
// those begins no more. When the table as a whole is full, whoever has most in it makes room. Needs no clock and no daemon: what is
// over stays until its slot is wanted or its interface goes. A small ring is a quick one: what it names is in the processor's cache.
#pragma once
#include "parse.bpf.h"

// flow.bits: who began it, and what TCP has said.
enum { F_BY_A = 1, F_ANSWERED = 2, F_FIN_A = 4, F_FIN_B = 8, F_RESET = 16 };
enum { FLOWS = 1 << 17, RING_AT_FIRST = 512, GROWING_PROBES = 4, FULL_PROBES = 16, ROOM_TRIES = 4 };
const volatile __u32 flow_allowance = FLOWS / 4; // of one interface; set before the program is loaded
struct flow_room { __u32 hand, size; }; // of a ring: the slot to look at next, and how many there are
struct flow_place { __u32 port, slot; };
struct flow_slot { struct flow_key key; __u32 busy; }; // busy: a processor is changing it
TABLE(flow_rooms, BPF_MAP_TYPE_HASH, 65536, BPF_F_NO_PREALLOC, __u32, struct flow_room);
TABLE(flow_slots, BPF_MAP_TYPE_HASH, FLOWS, BPF_F_NO_PREALLOC, struct flow_place, struct flow_slot);
volatile struct { __u32 port, size; } crowded SEC(".data.crowded") = {}; // who has most slots

static __always_inline int flow_closed(__u32 bits) { return (bits & F_RESET) || (bits & (F_FIN_A | F_FIN_B)) == (F_FIN_A | F_FIN_B); }
static __always_inline __u64 timeout_ns(const struct port *p, __u8 protocol, __u32 bits) {
  if (protocol == IPPROTO_TCP) {
    if (flow_closed(bits)) return 10 * SECOND;
    return (bits & F_ANSWERED ? p->tcp_established_s : 60) * SECOND;
  }
  if (protocol == IPPROTO_UDP) return (bits & F_ANSWERED ? p->udp_stream_s : p->udp_s) * SECOND;
  return (protocol == IPPROTO_ICMP ? 30 : 600) * SECOND;
}

static __always_inline __u32 end_bits(__u32 tcp_flags, int from_a) {
  return (tcp_flags & TCP_RST ? F_RESET : 0) | (tcp_flags & TCP_FIN ? (from_a ? F_FIN_A : F_FIN_B) : 0);
}

// Both ends may close at once, each by its own processor: none of it is lost, or the flow would be there for days.
static __always_inline void add_bits(struct flow *f, __u32 bits) {
  if (bits & ~f->bits) __sync_fetch_and_or(&f->bits, bits);
}

// One key for both directions: the smaller end first. Answers whether the packet comes from end a.
static __always_inline int flow_key_of(struct flow_key *key, __u32 port, __be32 saddr, __be32 daddr, __be16 sport, __be16 dport, __u8 protocol) {
  int from_a = saddr < daddr || (saddr == daddr && sport <= dport);
  key->port = port;
  key->a = from_a ? saddr : daddr; key->b = from_a ? daddr : saddr;
  key->a_port = from_a ? sport : dport; key->b_port = from_a ? dport : sport;
  key->protocol = protocol;
  key->pad[0] = key->pad[1] = key->pad[2] = 0;
  return from_a;
}

struct slot_search { struct flow_place at; struct flow_slot held; __u64 now; const struct port *p; __u32 start, step, size, tried; __u8 full, found, taken, pad; };

static __always_inline int same_flow(const struct flow_key *a, const struct flow_key *b) {
  return a->port == b->port && a->a == b->a && a->b == b->b && a->a_port == b->a_port && a->b_port == b->b_port && a->protocol == b->protocol;
}

// Of FINs both ways: after the last ACK, and what may have been sent again. p: whose idle times say what is over, none in another's ring.
static __always_inline int has_ended(const struct slot_search *s, const struct flow *f, __u8 protocol) {
  __u64 idle = s->now - f->seen_ns;
  if ((f->bits & F_RESET) || (flow_closed(f->bits) && (s->full || idle >= SECOND / 4))) return 1;
  return (s->full && !(f->bits & F_ANSWERED)) || (s->p && idle >= timeout_ns(s->p, protocol, f->bits));
}

// Is there room at this slot?
static long try_slot(__u32 i, struct slot_search *s) {
  s->tried = i;
  s->at.slot = s->size ? (s->start + i * s->step) % s->size : 0;
  struct flow_slot *slot = bpf_map_lookup_elem(&flow_slots, &s->at);
  s->taken = slot != 0;
  if (!slot && !s->p) return 0; // in another's ring what is empty is no room
  if (slot) {
    s->held.key = slot->key;
    struct flow *f = bpf_map_lookup_elem(&flows, &s->held.key);
    if (f && !has_ended(s, f, s->held.key.protocol)) return 0;
  }
  s->found = 1;
  return 1;
}

// The slot that the search found, for this processor alone: it still holds what was looked at. 0: another was quicker.
static __always_inline struct flow_slot *grasp(struct slot_search *s) {
  struct flow_slot *slot = bpf_map_lookup_elem(&flow_slots, &s->at);
  if (!slot || __sync_val_compare_and_swap(&slot->busy, 0, 1)) return 0;
  if (same_flow(&slot->key, &s->held.key)) return slot;
  slot->busy = 0;
  return 0;
}

static __noinline int make_room(void) {
  __u32 port = crowded.port;
  struct flow_room *room = bpf_map_lookup_elem(&flow_rooms, &port);
  struct slot_search s = { .at.port = port, .start = bpf_get_prandom_u32(), .step = 0x9e3779b1, .size = room ? room->size : 0, .full = 1 };
  bpf_loop(FULL_PROBES, try_slot, &s, 0);
  if (!s.found) crowded.size = crowded.size * 3 / 4; // not as crowded as it was: a greater one that comes is
  else if (grasp(&s)) {
    bpf_map_delete_elem(&flow_slots, &s.at);
    bpf_map_delete_elem(&flows, &s.held.key);
  }
  return 0;
}

// 1: the flow has a slot; 0: to be tried again; -1: there is none.
static __noinline int take_slot(struct flow_room *room, const struct port *p, const struct flow_key *key, __u64 now) {
  __u32 size = room->size;
  if (size > crowded.size) { crowded.port = p->port; crowded.size = size; }
  struct slot_search s = { .at.port = p->port, .now = now, .p = p, .step = 1, .size = size, .full = size >= flow_allowance };
  if (s.full || size >= RING_AT_FIRST) {
    s.start = __sync_fetch_and_add(&room->hand, 1) % size;
    bpf_loop(s.full ? FULL_PROBES : GROWING_PROBES, try_slot, &s, 0);
    if (s.tried) __sync_fetch_and_add(&room->hand, s.tried);
    if (!s.found && s.full) return -1;
  }
  if (s.taken && s.found) {
    struct flow_slot *slot = grasp(&s);
    if (!slot) return 0;
    bpf_map_delete_elem(&flows, &s.held.key);
    slot->key = *key;
    slot->busy = 0;
    return 1;
  }
  if (!s.found) {
    s.at.slot = __sync_fetch_and_add(&room->size, 1);
    if (s.at.slot >= flow_allowance) { room->size = flow_allowance; return 0; }
  }
  s.held = (struct flow_slot){ .key = *key };
  if (!bpf_map_update_elem(&flow_slots, &s.at, &s.held, BPF_NOEXIST)) return 1;
  if (!s.found) __sync_val_compare_and_swap(&room->size, s.at.slot + 1, s.at.slot); // nobody has it: the next one's
  make_room();
  return 0;
}

// Remembers a flow. 0: there is no room for it.
__noinline int begin_flow(const struct port *p, const struct flow_key *key, __u32 bits, __u64 now) {
  if (!p || !key) return 0;
  __u32 number = p->port;
  struct flow_room *room = bpf_map_lookup_elem(&flow_rooms, &number);
  if (!room) {
    struct flow_room fresh = {};
    bpf_map_update_elem(&flow_rooms, &number, &fresh, BPF_NOEXIST);
    room = bpf_map_lookup_elem(&flow_rooms, &number);
    if (!room) return 0;
  }
  struct flow fresh = { .seen_ns = now, .bits = bits };
  for (int i = 0; i < ROOM_TRIES; i++) {
    int took = take_slot(room, p, key, now);
    if (took < 0) return 0;
    if (!took) continue; // another processor was quicker, or there is room now
    if (!bpf_map_update_elem(&flows, key, &fresh, BPF_ANY)) return 1;
    make_room(); // the slot stays, for nothing
  }
  return 0;
}
