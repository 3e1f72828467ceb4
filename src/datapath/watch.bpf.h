// Owns what the program shows while somebody watches: the drops with their headers (`vpcbox drops --follow`), and the frames that cross
// a link (`vpcbox capture`). Nobody watching costs one load and a branch. Each ends by itself a moment after the daemon last asked
// for it, so that nothing is written for a daemon that died. What finds no room is counted as lost.
#pragma once
#include "maps.bpf.h"

enum { SHOWN_BYTES = 160, DROPS_PER_WINDOW = 64, FRAME_SIZES = 4 };
enum way { SENT = 1, RECEIVED = 2 }; // by the interface
volatile struct { __u64 drops_until_ns, frames_until_ns; } watch SEC(".data.watch") = {}; // in bpf_ktime_get_ns()'s time

struct shown_drop { __u64 at_ns; __u32 port, entry, reason, length, shown, vlan; __u8 bytes[SHOWN_BYTES]; }; // entry: the link it came in by; vlan: 0, or its tag with the bit above it
struct drop_rate { __u64 window_ns, lost; __u32 count, pad; };
struct shown_frame { __u64 at_ns; __u32 ifindex, way, length, shown, vlan, pad; __u8 bytes[]; };
struct captured_link { __u32 most_bytes, pad; __u64 lost; };
TABLE(drop_rates, BPF_MAP_TYPE_LRU_HASH, 4096, 0, struct drop_key, struct drop_rate);
TABLE(captured_links, BPF_MAP_TYPE_HASH, 256, BPF_F_NO_PREALLOC, __u32, struct captured_link);
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 1 << 17); } shown_drops SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 1 << 22); } shown_frames SEC(".maps");

static __always_inline __u32 vlan_of(const struct __sk_buff *skb) { return skb->vlan_present ? 1 << 16 | skb->vlan_tci : 0; }

// How much of the frame was copied. Verifiers before Linux 6.8 learn no lower bound from `!= 0` and forget the bounds of a 32-bit
// value that was on the stack: both bounds are checked in one place, right before the call.
static __always_inline __u32 copy_frame(struct __sk_buff *skb, void *to, __u32 size, const __u32 room) {
  __u32 last = (size > room ? room : size) - 1;
  asm volatile("" : "+r"(last));
  return last < room && !bpf_skb_load_bytes(skb, 0, to, last + 1) ? last + 1 : 0;
}

// So many of one reason at one port in an eighth of a second: a flood at one hides no drop at another.
__noinline int show_drop(struct __sk_buff *skb, __u32 port, __u32 reason) {
  __u64 now = bpf_ktime_get_ns();
  if (now > watch.drops_until_ns) return 0;
  struct drop_key key = { .port = port, .reason = reason };
  struct drop_rate *rate = bpf_map_lookup_elem(&drop_rates, &key);
  if (!rate) {
    struct drop_rate fresh = { .window_ns = now };
    bpf_map_update_elem(&drop_rates, &key, &fresh, BPF_NOEXIST);
    rate = bpf_map_lookup_elem(&drop_rates, &key);
    if (!rate) return 0;
  }
  if (now - rate->window_ns > 125000000) { rate->window_ns = now; rate->count = 0; }
  struct shown_drop *d = 0;
  if (rate->count < DROPS_PER_WINDOW) {
    __sync_fetch_and_add(&rate->count, 1);
    d = bpf_ringbuf_reserve(&shown_drops, sizeof *d, 0);
  }
  if (!d) { __sync_fetch_and_add(&rate->lost, 1); return 0; }
  d->at_ns = now; d->port = port; d->entry = skb->ifindex; d->reason = reason; d->length = skb->len; d->vlan = vlan_of(skb);
  d->shown = copy_frame(skb, d->bytes, skb->len, SHOWN_BYTES);
  bpf_ringbuf_submit(d, BPF_RB_NO_WAKEUP);
  return 0;
}

// The room of a record is a constant (the verifier's rule), so there are a few sizes of it.
static __always_inline int show_in(struct __sk_buff *skb, __u64 now, __u32 ifindex, __u32 way, __u32 shown, const __u32 room) {
  struct shown_frame *f = bpf_ringbuf_reserve(&shown_frames, sizeof *f + room, 0);
  if (!f) return -1;
  f->at_ns = now; f->ifindex = ifindex; f->way = way; f->length = skb->len; f->vlan = vlan_of(skb);
  f->shown = copy_frame(skb, f->bytes, shown, room);
  bpf_ringbuf_submit(f, BPF_RB_NO_WAKEUP);
  return 0;
}

__noinline int show_frame(struct __sk_buff *skb, __u32 ifindex, __u32 way) {
  __u64 now = bpf_ktime_get_ns();
  if (now > watch.frames_until_ns) return 0;
  struct captured_link *link = bpf_map_lookup_elem(&captured_links, &ifindex);
  if (!link) return 0;
  __u32 shown = skb->len;
  if (shown > link->most_bytes) shown = link->most_bytes;
  int lost = shown <= 128 ? show_in(skb, now, ifindex, way, shown, 128) : shown <= 1536 ? show_in(skb, now, ifindex, way, shown, 1536)
    : shown <= 9216 ? show_in(skb, now, ifindex, way, shown, 9216) : show_in(skb, now, ifindex, way, shown, 65600); // the longest train of segments
  if (lost) __sync_fetch_and_add(&link->lost, 1);
  return 0;
}

#define WATCH_DROP(skb, port, reason) do { if (watch.drops_until_ns) show_drop(skb, port, reason); } while (0)
#define WATCH_FRAME(skb, ifindex, way) do { if (watch.frames_until_ns) show_frame(skb, ifindex, way); } while (0)
