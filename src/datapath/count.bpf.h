// Owns what is counted: drops by port and reason, and how much a packet counts.
#pragma once
#include "parse.bpf.h"
#include "watch.bpf.h"

// Of IP packets, without the frame around them; an offloaded train of segments is as many as it becomes on a wire.
static __always_inline void weigh(const struct __sk_buff *skb, const struct packet *k, __u64 *packets, __u64 *bytes) {
  __u32 segment = skb->gso_size;
  *packets = 1;
  *bytes = k->size;
  if (segment && !k->fragment && (k->protocol == IPPROTO_TCP || k->protocol == IPPROTO_UDP)) { // k->size is that of each
    __u32 headers = k->size - segment, payload = skb->len - ETH_HLEN - headers;
    *packets = (payload + segment - 1) / segment;
    *bytes = payload + *packets * headers;
  }
}

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
