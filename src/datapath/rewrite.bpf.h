// Owns changing an address in a packet and every checksum that covers it (RFC 1624, incremental update).
#pragma once
#include "parse.bpf.h"

enum which { SOURCE, DESTINATION };
static __always_inline __u32 address_offset(enum which w) { return w == SOURCE ? __builtin_offsetof(struct ipv4, saddr) : __builtin_offsetof(struct ipv4, daddr); }

// An address is part of these two checksums.
static __always_inline int rewrite_pseudo_header(struct __sk_buff *skb, __u8 protocol, __u32 l4_at, __be32 from, __be32 to) {
  if (protocol == IPPROTO_TCP) return bpf_l4_csum_replace(skb, l4_at + 16, from, to, BPF_F_PSEUDO_HDR | 4);
  return protocol == IPPROTO_UDP ? bpf_l4_csum_replace(skb, l4_at + 6, from, to, BPF_F_PSEUDO_HDR | BPF_F_MARK_MANGLED_0 | 4) : 0;
}

static __always_inline int rewrite_address(struct __sk_buff *skb, struct packet *k, enum which w, __be32 from, __be32 to) {
  if (k->fragment != LATER_FRAGMENT && rewrite_pseudo_header(skb, k->protocol, k->l4_at, from, to)) return -1;
  if (bpf_l3_csum_replace(skb, ETH_HLEN + __builtin_offsetof(struct ipv4, check), from, to, 4)) return -1;
  return bpf_skb_store_bytes(skb, ETH_HLEN + address_offset(w), &to, 4, 0);
}

// In the header that an ICMP error quotes. Its own checksum takes up the change, so the ICMP checksum around it stays as it is.
static __always_inline void rewrite_inner(struct __sk_buff *skb, struct packet *k, enum which w, __be32 from, __be32 to) {
  if (bpf_l3_csum_replace(skb, k->inner_at + __builtin_offsetof(struct ipv4, check), from, to, 4)) return;
  bpf_skb_store_bytes(skb, k->inner_at + address_offset(w), &to, 4, 0);
}

// A port, or the identifier of an ICMP echo. Never of a later fragment: it has none.
static __always_inline int rewrite_port(struct __sk_buff *skb, struct packet *k, enum which w, __be16 from, __be16 to) {
  __u32 at = k->l4_at + (k->protocol == IPPROTO_ICMP ? 4 : w == SOURCE ? 0 : 2);
  if (k->protocol == IPPROTO_TCP && bpf_l4_csum_replace(skb, k->l4_at + 16, from, to, 2)) return -1;
  if (k->protocol == IPPROTO_UDP && bpf_l4_csum_replace(skb, k->l4_at + 6, from, to, BPF_F_MARK_MANGLED_0 | 2)) return -1;
  if (k->protocol == IPPROTO_ICMP && bpf_l4_csum_replace(skb, k->l4_at + 2, from, to, 2)) return -1;
  return bpf_skb_store_bytes(skb, at, &to, 2, 0);
}

// In what an ICMP error quotes: nothing there takes this change up, so the checksum around it does.
static __always_inline void rewrite_inner_port(struct __sk_buff *skb, struct packet *k, enum which w, __be16 from, __be16 to) {
  if (bpf_l4_csum_replace(skb, k->l4_at + 2, from, to, 2)) return;
  bpf_skb_store_bytes(skb, k->inner_l4_at + (k->inner.protocol == IPPROTO_ICMP ? 4 : w == SOURCE ? 0 : 2), &to, 2, 0);
}
