// Owns the notes about first pieces of datagrams: later ones have no ports, and go where the first one went. Of a port's notes the oldest
// makes room, so that nobody's pieces push out another's.
#pragma once
#include "parse.bpf.h"

enum { NOTES_OF_PORT = 512 };
struct fragment_slot { __u32 port, slot; };
TABLE(fragment_hands, BPF_MAP_TYPE_LRU_HASH, 4096, 0, __u32, __u32);
TABLE(fragment_slots, BPF_MAP_TYPE_LRU_HASH, 1 << 14, 0, struct fragment_slot, struct fragment_key);

static __always_inline struct fragment_key fragment_key_of(__u32 port, __be32 saddr, __be32 daddr, const struct packet *k) {
  return (struct fragment_key){ .port = port, .saddr = saddr, .daddr = daddr, .id = k->id, .protocol = k->protocol };
}

__noinline int note_first_piece(const struct walk *w) {
  if (!w) return 0;
  struct fragment_key piece = fragment_key_of(w->entry_port, w->was.saddr, w->was.daddr, &w->k);
  struct fragment_seen seen = { .seen_ns = clock_ns(), .translated = w->translated };
  __u32 zero = 0, *hand = bpf_map_lookup_elem(&fragment_hands, &piece.port);
  if (!hand) {
    bpf_map_update_elem(&fragment_hands, &piece.port, &zero, BPF_NOEXIST);
    hand = bpf_map_lookup_elem(&fragment_hands, &piece.port);
    if (!hand) return 0;
  }
  struct fragment_slot at = { .port = piece.port, .slot = __sync_fetch_and_add(hand, 1) % NOTES_OF_PORT };
  struct fragment_key *old = bpf_map_lookup_elem(&fragment_slots, &at);
  if (old) {
    struct fragment_key gone = *old;
    bpf_map_delete_elem(&fragments, &gone);
  }
  bpf_map_update_elem(&fragment_slots, &at, &piece, 0);
  bpf_map_update_elem(&fragments, &piece, &seen, 0);
  return 0;
}

// A later piece: does it go where its first one went, less than 30 s ago?
static __noinline int follows_first_piece(struct walk *w) {
  struct fragment_key piece = fragment_key_of(w->entry_port, w->k.saddr, w->k.daddr, &w->k);
  struct fragment_seen *first = bpf_map_lookup_elem(&fragments, &piece);
  if (!first || clock_ns() - first->seen_ns > 30 * SECOND) return 0;
  w->translated = first->translated;
  return 1;
}
