// Owns what is counted: drops by port and reason.
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
