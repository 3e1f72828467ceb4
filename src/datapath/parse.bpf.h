// Owns reading a packet's headers into one struct, and what addresses are. Everything is bounds-checked by the load helper.
// RFC 791 (IPv4), RFC 792 (ICMP), RFC 826 (ARP).
#pragma once
#include "maps.bpf.h"

enum { TCP_FIN = 1, TCP_SYN = 2, TCP_RST = 4, TCP_ACK = 16 };
enum asked { NOBODY, FLOW, RULES };
enum fragment_kind { WHOLE, FIRST_FRAGMENT, LATER_FRAGMENT };
struct ipv4 { __u8 ihl_version, tos; __be16 length, id, fragment; __u8 ttl, protocol; __sum16 check; __be32 saddr, daddr; };
struct ethernet { struct mac destination, source; __be16 type; };
struct frame { __u16 pad; struct ethernet ethernet; struct ipv4 ip; }; // from `ethernet` on: so the addresses lie where a processor reads them at once
struct arp_frame {
  struct ethernet ethernet;
  __be16 hardware, protocol;
  __u8 hardware_size, protocol_size;
  __be16 operation;
  struct mac sender_mac;
  __be32 sender_ip;
  struct mac target_mac;
  __be32 target_ip;
} __attribute__((packed, aligned(2)));
struct inner { __be32 saddr, daddr; __be16 sport, dport; __u8 protocol; };
struct packet {
  __be32 saddr, daddr;
  __be16 sport, dport, id; // ICMP echo: the identifier in both ports
  __u8 protocol, tcp_flags, icmp_type, icmp_code, fragment;
  __u8 may_not_fragment;
  struct mac source_mac;
  __u16 size; // of the IP packet, or of each that an offloaded train becomes
  __u32 l4_at, inner_at, inner_l4_at; // offsets in the frame; inner_at: the header that an ICMP error quotes, 0 when it is none
  struct inner inner;
};
// A packet on its way through the stages of port.bpf.c.
struct walk {
  struct packet k; // its headers as they are now
  struct { __be32 saddr, daddr; __be16 sport, dport; } was; // as they came in
  __u32 entry, entry_port; // the link it came in by, and that port's number
  __u32 at, to; // ifindexes of the port it leaves and of the one it goes to
  __u32 stage, limit, cacheable, generation, no_room; // generation: of the tables, before the first was read
  __u32 tracked_at[2], asked_at[2]; // by direction: the mark of its flow, at the interface whose groups track it; and what allowed it there
  __u32 acl_asked;
  __u32 path, rejected; // for flow logs: which way it leaves w->at, and that it does not
  __be32 translated; // later fragments: what a NAT gateway made of the first one's address
};
TABLE(walks, BPF_MAP_TYPE_PERCPU_ARRAY, 1, 0, __u32, struct walk); // not on the stack, which is 512 bytes for all functions together

static __always_inline int same_mac(const struct mac *a, const struct mac *b) { return a->part[0] == b->part[0] && a->part[1] == b->part[1] && a->part[2] == b->part[2]; }
// RFC 1918 and RFC 6598: never on the internet.
static __always_inline int is_private(__be32 ip) {
  __u32 a = bpf_ntohl(ip);
  return a >> 24 == 10 || a >> 20 == 0xac1 || a >> 16 == 0xc0a8 || a >> 22 == 0x191;
}
static __always_inline int is_link_local(__be32 ip) {
  __u32 a = bpf_ntohl(ip);
  return a >> 16 == 0xa9fe || a >> 28 >= 0xe || a >> 24 == 127 || a >> 24 == 0;
}

// `end`: of the packet in the frame, which may be padded.
static __always_inline int parse_inner(struct __sk_buff *skb, struct packet *k, __u32 end) {
  struct ipv4 ip;
  __be16 ports[4];
  __u32 at = k->l4_at + 8;
  if (bpf_skb_load_bytes(skb, at, &ip, sizeof ip) || ip.ihl_version >> 4 != 4) return 0; // quotes nothing: judged as it is
  __u32 length = (ip.ihl_version & 15) * 4;
  if (length < 20 || at + length + sizeof ports > end || bpf_skb_load_bytes(skb, at + length, ports, sizeof ports)) return 0;
  k->inner_at = at;
  k->inner_l4_at = at + length;
  k->inner.saddr = ip.saddr;
  k->inner.daddr = ip.daddr;
  k->inner.protocol = ip.protocol;
  if (ip.protocol == IPPROTO_TCP || ip.protocol == IPPROTO_UDP) { k->inner.sport = ports[0]; k->inner.dport = ports[1]; }
  else if (ip.protocol == IPPROTO_ICMP && (*(__u8 *)ports == ICMP_ECHO || *(__u8 *)ports == ICMP_ECHOREPLY)) k->inner.sport = k->inner.dport = ports[2];
  return 0;
}

// 0, or the reason to drop it. Not inlined: what it has on the stack is gone when the stages begin.
static __noinline int parse(struct __sk_buff *skb, struct packet *k) {
  struct frame f;
  if (bpf_skb_load_bytes(skb, 0, &f.ethernet, ETH_HLEN + sizeof f.ip)) return MALFORMED;
  __u32 header = (f.ip.ihl_version & 15) * 4, length = bpf_ntohs(f.ip.length);
  if (f.ip.ihl_version >> 4 != 4 || header < 20 || length < header || length + ETH_HLEN > skb->len) return MALFORMED;
  k->source_mac = f.ethernet.source;
  k->saddr = f.ip.saddr;
  k->daddr = f.ip.daddr;
  k->protocol = f.ip.protocol;
  k->id = f.ip.id;
  k->l4_at = ETH_HLEN + header;
  k->size = length;
  __u16 fragment = bpf_ntohs(f.ip.fragment);
  k->may_not_fragment = !!(fragment & 0x4000);
  if (fragment & 0x1fff) { k->fragment = LATER_FRAGMENT; return 0; }
  if (fragment & 0x2000) k->fragment = FIRST_FRAGMENT;
  if (k->protocol == IPPROTO_TCP) {
    __u8 tcp[20];
    if (length < header + 20 || bpf_skb_load_bytes(skb, k->l4_at, tcp, sizeof tcp)) return MALFORMED;
    k->sport = *(__be16 *)tcp; k->dport = *(__be16 *)(tcp + 2); k->tcp_flags = tcp[13];
    if (skb->gso_size) k->size = header + (tcp[12] >> 4) * 4 + skb->gso_size;
  } else if (k->protocol == IPPROTO_UDP) {
    __be16 udp[4];
    if (length < header + 8 || bpf_skb_load_bytes(skb, k->l4_at, udp, sizeof udp)) return MALFORMED;
    k->sport = udp[0]; k->dport = udp[1];
    if (skb->gso_size) k->size = header + 8 + skb->gso_size;
  } else if (k->protocol == IPPROTO_ICMP) {
    struct { __u8 type, code; __sum16 check; __be16 id, sequence; } icmp;
    if (length < header + 8 || bpf_skb_load_bytes(skb, k->l4_at, &icmp, sizeof icmp)) return MALFORMED;
    k->icmp_type = icmp.type; k->icmp_code = icmp.code;
    if (icmp.type == ICMP_ECHO || icmp.type == ICMP_ECHOREPLY) k->sport = k->dport = icmp.id;
    else if (icmp.type == 3 || icmp.type == 4 || icmp.type == 5 || icmp.type == 11 || icmp.type == 12) return parse_inner(skb, k, ETH_HLEN + length);
  }
  return 0;
}
