// Owns what interfaces remember of flows: a flow's name, its idle times, and how many an interface may have (AWS: an allowance of tracked
// connections each; EC2 user guide, "Throttling"). An interface's flows stand in a ring of slots. A new one takes the place of an old
// one that is over, closed or not answered, from the oldest on. So a flood of beginnings pushes out nothing but its own, an answered
// connection is never pushed out, and who has an allowance full of those begins no more. When the table as a whole is full, whoever
// has most in it makes room. Needs no clock and no daemon: what is over stays until its slot is wanted or its interface goes.
#pragma once
#include "parse.bpf.h"

// flow.bits: who began it, and what TCP has said.
enum { F_BY_A = 1, F_ANSWERED = 2, F_FIN_A = 4, F_FIN_B = 8, F_RESET = 16 };
enum { FLOWS = 1 << 19, ROOM_PROBES = 16, ROOM_TRIES = 4 };
const volatile __u32 flow_allowance = FLOWS / 16; // of one interface; set before the program is loaded
struct flow_room { __u64 hand; };
struct flow_slot { __u32 port, slot; };
TABLE(flow_rooms, BPF_MAP_TYPE_HASH, 65536, BPF_F_NO_PREALLOC, __u32, struct flow_room);
TABLE(flow_slots, BPF_MAP_TYPE_HASH, FLOWS, BPF_F_NO_PREALLOC, struct flow_slot, struct flow_key);
volatile struct { __u32 port, used; } crowded SEC(".data.crowded") = {}; // who has most slots

static __always_inline int flow_closed(__u32 bits) { return (bits & F_RESET) || (bits & (F_FIN_A | F_FIN_B)) == (F_FIN_A | F_FIN_B); }
static __always_inline __u64 timeout_ns(const struct port *p, __u8 protocol, __u32 bits) {
  if (protocol == IPPROTO_TCP) {
    if (flow_closed(bits)) return 10 * SECOND;
    return (bits & F_ANSWERED ? p->tcp_established_s : 60) * SECOND;
  }
  if (protocol == IPPROTO_UDP) return (bits & F_ANSWERED ? p->udp_stream_s : p->udp_s) * SECOND;
  return (protocol == IPPROTO_ICMP ? 30 : 600) * SECOND;
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

struct place { struct flow_slot at; struct flow_key old; __u64 now; const struct port *p; __u32 start, found, taken; };

// Is there room at this slot? p: whose idle times say what is over; none: what is answered is not over.
static long try_slot(__u32 i, struct place *s) {
  s->at.slot = (s->start + i) % flow_allowance;
  struct flow_key *held = bpf_map_lookup_elem(&flow_slots, &s->at);
  s->taken = held != 0;
  if (held) {
    struct flow *f = bpf_map_lookup_elem(&flows, held);
    if (f && (f->bits & F_ANSWERED) && !flow_closed(f->bits) && !(s->p && s->now - f->seen_ns >= timeout_ns(s->p, held->protocol, f->bits))) return 0;
    s->old = *held;
  }
  s->found = 1;
  return 1;
}

// Only one processor empties a slot.
static __always_inline int empty_slot(struct place *s) {
  if (bpf_map_delete_elem(&flow_slots, &s->at)) return 0;
  bpf_map_delete_elem(&flows, &s->old);
  return 1;
}

static __noinline int make_room(void) {
  struct place s = { .at.port = crowded.port, .start = bpf_get_prandom_u32() };
  bpf_loop(ROOM_PROBES, try_slot, &s, 0);
  if (s.found && s.taken) return empty_slot(&s);
  crowded.used = 0; // not as crowded as it was: the next one that comes is, until a greater is found
  return 0;
}

static __noinline int take_slot(struct flow_room *room, const struct port *p, const struct flow_key *key, __u64 now) {
  __u64 hand = __sync_fetch_and_add(&room->hand, 1);
  __u32 used = hand < flow_allowance ? hand : flow_allowance;
  if (used > crowded.used) { crowded.port = p->port; crowded.used = used; }
  struct place s = { .at.port = p->port, .start = hand % flow_allowance, .now = now, .p = p };
  bpf_loop(ROOM_PROBES, try_slot, &s, 0);
  if (!s.found) return -1;
  if (s.taken && !empty_slot(&s)) return 0;
  if (!bpf_map_update_elem(&flow_slots, &s.at, key, BPF_NOEXIST)) return 1;
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
