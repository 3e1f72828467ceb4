// Owns where verdicts are remembered, a line of memory each: how one is written so that all processors may read it, and how a header's is found.
// Lines are written in turn, as in a ring, so that what is over first is written over first: what a hash would scatter over a table is in no
// processor's memory any more when it is wanted again, and waiting for it took longer than deciding (ADR 0020). First packets' lines have a small
// ring: most connections are over before it has gone round, and whatever lives longer has a line of the large one from the next packet on that the
// stages decide. An index by a header's hash says which line is its.
#pragma once
#include "maps.bpf.h"

enum ring { FRESH, LASTING, RINGS };
enum { LASTING_LINES = 1 << 14, FRESH_LINES = 1 << 12, LASTING_BITS = 12, FRESH_BITS = 10, NUMBER_BITS = 15, BUCKET = 4, LINES_AT_ONCE = 16 }; // _BITS: of a bucket's index, a line's number
struct bucket { __u32 entry[BUCKET]; }; // the last written first: a line's number, and above it as much of the hash as there is room for
struct turns { __u32 of[RINGS]; };
const volatile __u32 lasting_lines = LASTING_LINES; // a power of two; set before the program is loaded
TABLE(cache, BPF_MAP_TYPE_ARRAY, LASTING_LINES + FRESH_LINES, ALIGNED, __u32, struct cached);
TABLE(cache_index, BPF_MAP_TYPE_ARRAY, (1 << LASTING_BITS) + (1 << FRESH_BITS), ALIGNED, __u32, struct bucket);
TABLE(cache_turns, BPF_MAP_TYPE_PERCPU_ARRAY, 1, 0, __u32, struct turns); // of each processor, the line that it writes next
struct turns lines_taken SEC(".data.cache") = {}; // by all of them, LINES_AT_ONCE each time: one by one, they would wait for each other

// What of a packet chooses its line, and what else is asked of it. kind: an ICMP type, or of a verdict about all connections which packet's.
struct header { __be32 saddr, daddr; __be16 sport, dport; __u8 protocol, kind, tcp_flags; __u32 size; };
struct verdict { __u32 to, from_end, to_end, generation, flags; __be32 address; struct mac source_mac, mac; };

static __always_inline __u32 hash_of_header(__u32 ifindex, const struct header *h) {
  __u32 hash = h->saddr * 0x9e3779b1u ^ (h->daddr << 13 | h->daddr >> 19) * 0x85ebca6bu ^ (((__u32)h->sport << 16 | h->dport) + h->protocol + ifindex * 0x27d4eb2fu) * 0xc2b2ae35u;
  return (hash ^ hash >> 15) * 0x2c1b3c6du; // once more: else it is chance of their addresses how often two lines of a connection meet
}

// The upper bits of a product are the mixed ones.
static __always_inline struct bucket *bucket_of(enum ring ring, __u32 hash) {
  __u32 index = ring == LASTING ? hash >> (32 - LASTING_BITS) : (1 << LASTING_BITS) + (hash >> (32 - FRESH_BITS));
  return bpf_map_lookup_elem(&cache_index, &index);
}
static __always_inline int may_be_of(__u32 entry, __u32 hash) { return !((entry ^ hash << NUMBER_BITS) >> NUMBER_BITS); }

#define NO_LINE (~0u)
static __always_inline __u32 number_in(enum ring ring, __u32 hash) {
  struct bucket *b = bucket_of(ring, hash);
  for (int i = 0; b && i < BUCKET; i++) if (may_be_of(b->entry[i], hash)) return b->entry[i] & ((1 << NUMBER_BITS) - 1);
  return NO_LINE;
}

// The line of a header with this hash, or another's.
static __always_inline struct cached *line_of(__u32 hash) {
  __u32 number = number_in(FRESH, hash);
  if (number == NO_LINE) number = number_in(LASTING, hash);
  return bpf_map_lookup_elem(&cache, &number);
}

static __always_inline int is_of(const struct cached *c, __u32 ifindex, const struct header *h) {
  return c->ifindex == ifindex && c->saddr == h->saddr && c->daddr == h->daddr && c->sport == h->sport && c->dport == h->dport && c->protocol == h->protocol && c->kind == h->kind;
}

static __always_inline __u32 tables_generation(void) {
  __u32 zero = 0, *number = bpf_map_lookup_elem(&generation, &zero);
  return number ? *number : 0;
}

// Processors share the lines: an answer often goes by another one than what it answers. `turn` is odd while a line is written, and what was read
// while it changed is not used. A line is written by one processor at a time; who finds it taken (0) leaves it.
static __always_inline int take_line(struct cached *c) {
  __u32 turn = c->turn;
  return !(turn & 1) && __sync_val_compare_and_swap(&c->turn, turn, turn + 1) == turn;
}
// x86's processors keep the order of their stores, too: there it need not wait until all that was written before is in memory.
static __always_inline void leave_line(struct cached *c) {
  barrier();
  if (loads_need_fences) __sync_fetch_and_add(&c->turn, 1);
  else *(volatile __u32 *)&c->turn = c->turn + 1;
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

// Takes the line that is to be written next. 0: another processor has it.
static __always_inline struct cached *take_next_line(enum ring ring, __u32 *number) {
  __u32 zero = 0;
  struct turns *turns = bpf_map_lookup_elem(&cache_turns, &zero);
  if (!turns) return 0;
  if (turns->of[ring] % LINES_AT_ONCE == 0) turns->of[ring] = __sync_fetch_and_add(&lines_taken.of[ring], LINES_AT_ONCE);
  __u32 turn = turns->of[ring]++, next = 0;
  *number = ring == LASTING ? turn & (lasting_lines - 1) : LASTING_LINES + (turn & (FRESH_LINES - 1));
  next = *number + 1;
  struct cached *line = bpf_map_lookup_elem(&cache, number), *after = (turn + 1) % LINES_AT_ONCE ? bpf_map_lookup_elem(&cache, &next) : 0;
  int taken = line && take_line(line);
  if (after) after->until_ns = 0; // nobody waits for a store: when it is wanted, this processor has the line for itself
  return taken ? line : 0;
}

// In place of the header's older line, else of what was written into its bucket longest ago.
static __always_inline void write_line(enum ring ring, struct cached *c, __u32 number, __u32 hash, __u32 ifindex, const struct header *h, const struct verdict *v, __u64 now) {
  fill_line(c, ifindex, h, v, now);
  leave_line(c);
  struct bucket *b = bucket_of(ring, hash);
  if (!b) return;
  __u32 entry = hash << NUMBER_BITS | number;
  for (int i = 0; i < BUCKET; i++) {
    __u32 was = b->entry[i];
    b->entry[i] = entry;
    if (may_be_of(was, hash)) break;
    entry = was;
  }
}

// A line of first packets that is over would be found before the one that lasts.
static __always_inline void forget_fresh(__u32 hash) {
  struct bucket *fresh = bucket_of(FRESH, hash);
  for (int i = 0; fresh && i < BUCKET; i++) if (may_be_of(fresh->entry[i], hash)) fresh->entry[i] = 0;
}
