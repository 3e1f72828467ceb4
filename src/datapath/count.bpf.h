// Owns what is counted: drops by port and reason, traffic by port.
#pragma once
#include "maps.bpf.h"
#include "watch.bpf.h"

static __noinline int drop(struct __sk_buff *skb, __u32 port, __u32 reason) {
  struct drop_key key = { .port = port, .reason = reason };
  struct counter *c = bpf_map_lookup_elem(&drops, &key);
  if (!c) {
    struct counter zero = {};
    bpf_map_update_elem(&drops, &key, &zero, BPF_NOEXIST);
    c = bpf_map_lookup_elem(&drops, &key);
  }
  if (c) { c->packets++; c->bytes += skb->len; }
  WATCH_DROP(skb, port, reason);
  return TC_ACT_SHOT;
}

static __noinline int begin_counting(__u32 port) { // not in every caller's frame
  struct traffic zero = {};
  return bpf_map_update_elem(&traffic, &port, &zero, BPF_NOEXIST);
}

static __always_inline void count(__u32 port, int sent, struct __sk_buff *skb) {
  struct traffic *t = bpf_map_lookup_elem(&traffic, &port);
  if (!t) {
    begin_counting(port);
    t = bpf_map_lookup_elem(&traffic, &port);
    if (!t) return;
  }
  if (sent) { t->sent_packets++; t->sent_bytes += skb->len; } else { t->received_packets++; t->received_bytes += skb->len; }
}
