// Owns the packets that the fabric itself makes out of one that it drops: "fragmentation needed" (RFC 1191) at the internet gateway
// and a NAT gateway's RST for a connection that it has forgotten (RFC 9293, 3.5.2).
#pragma once
#include "parse.bpf.h"
#include "rewrite.bpf.h"

enum { INTERNET_MTU = 1500, QUOTED = 80 };
struct icmp_header { __u8 type, code; __sum16 check; __be16 unused, mtu; };
struct tcp_header { __be16 sport, dport; __be32 seq, ack; __u8 offset, flags; __be16 window; __sum16 check; __be16 urgent; };

static __always_inline __sum16 fold(__u64 sum) {
  sum = (sum & 0xffffffff) + (sum >> 32);
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  return ~sum;
}

// The packet becomes an error to whoever sent it. It is longer than INTERNET_MTU, so what is quoted is there. w->k becomes the error's.
__noinline int make_too_big(struct __sk_buff *skb, struct walk *w, __be32 router) {
  if (!w) return -1;
  struct packet *k = &w->k;
  __u8 quote[QUOTED];
  struct { struct ipv4 ip; struct icmp_header icmp; } head = {};
  if (k->saddr != w->was.saddr) { // a NAT gateway's doing: its sender knows the packet by its own address
    if (rewrite_port(skb, k, SOURCE, k->sport, w->was.sport)) return -1;
    if (rewrite_address(skb, k, SOURCE, k->saddr, w->was.saddr)) return -1;
  }
  if (bpf_skb_change_tail(skb, ETH_HLEN + QUOTED, 0) || bpf_skb_load_bytes(skb, ETH_HLEN, quote, sizeof quote)) return -1;
  if (bpf_skb_adjust_room(skb, sizeof head, BPF_ADJ_ROOM_MAC, 0)) return -1;
  head.ip.ihl_version = 0x45;
  head.ip.length = bpf_htons(sizeof head + QUOTED);
  head.ip.ttl = 255;
  head.ip.protocol = IPPROTO_ICMP;
  head.ip.saddr = router;
  head.ip.daddr = w->was.saddr;
  head.ip.check = fold(bpf_csum_diff(0, 0, (void *)&head.ip, sizeof head.ip, 0));
  head.icmp.type = 3;
  head.icmp.code = 4;
  head.icmp.mtu = bpf_htons(INTERNET_MTU);
  head.icmp.check = fold(bpf_csum_diff(0, 0, (void *)quote, sizeof quote, bpf_csum_diff(0, 0, (void *)&head.icmp, sizeof head.icmp, 0)));
  if (bpf_skb_store_bytes(skb, ETH_HLEN, &head, sizeof head, 0)) return -1;
  k->saddr = router; k->daddr = w->was.saddr;
  k->protocol = IPPROTO_ICMP; k->icmp_type = 3; k->icmp_code = 4;
  k->sport = k->dport = 0; k->fragment = WHOLE; k->inner_at = 0;
  return 0;
}

// The TCP packet becomes the other end's RST to it. w->k becomes the RST's.
__noinline int make_reset(struct __sk_buff *skb, struct walk *w) {
  if (!w) return -1;
  struct packet *k = &w->k;
  struct tcp_header in;
  struct { struct ipv4 ip; struct tcp_header tcp; } out = {};
  if (bpf_skb_load_bytes(skb, k->l4_at, &in, sizeof in) || bpf_skb_change_tail(skb, ETH_HLEN + sizeof out, 0)) return -1;
  struct { __be32 saddr, daddr; __u8 zero, protocol; __be16 length; } pseudo = { .saddr = k->daddr, .daddr = k->saddr, .protocol = IPPROTO_TCP, .length = bpf_htons(sizeof out.tcp) };
  out.ip.ihl_version = 0x45;
  out.ip.length = bpf_htons(sizeof out);
  out.ip.fragment = bpf_htons(0x4000);
  out.ip.ttl = 255;
  out.ip.protocol = IPPROTO_TCP;
  out.ip.saddr = k->daddr;
  out.ip.daddr = k->saddr;
  out.ip.check = fold(bpf_csum_diff(0, 0, (void *)&out.ip, sizeof out.ip, 0));
  out.tcp.sport = k->dport; out.tcp.dport = k->sport;
  out.tcp.seq = in.ack; // whatever has no ACK is a SYN, and begins a connection
  out.tcp.offset = 5 << 4;
  out.tcp.flags = 4;
  out.tcp.check = fold(bpf_csum_diff(0, 0, (void *)&out.tcp, sizeof out.tcp, bpf_csum_diff(0, 0, (void *)&pseudo, sizeof pseudo, 0)));
  if (bpf_skb_store_bytes(skb, ETH_HLEN, &out, sizeof out, 0)) return -1;
  __be32 saddr = k->saddr; __be16 sport = k->sport;
  k->saddr = k->daddr; k->daddr = saddr;
  k->sport = k->dport; k->dport = sport;
  k->tcp_flags = 4; k->l4_at = ETH_HLEN + sizeof(struct ipv4); k->size = sizeof out;
  return 0;
}
