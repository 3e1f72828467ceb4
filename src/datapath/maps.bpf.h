// Owns the tables' shapes in the kernel. codec.ts writes the same bytes; datapath.test.ts holds both together.
#pragma once
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <linux/if_ether.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>

enum { IPPROTO_ICMP = 1, IPPROTO_TCP = 6, IPPROTO_UDP = 17, ICMP_ECHOREPLY = 0, ICMP_ECHO = 8 };
enum reason {
  MALFORMED = 1, UNSUPPORTED_PROTOCOL, WRONG_SOURCE_MAC, SOURCE_CHECK, DESTINATION_CHECK, GROUP_EGRESS, GROUP_INGRESS, NO_ROUTE, BLACKHOLE,
  NO_SUCH_ADDRESS, GATEWAY_DETACHED, NO_PUBLIC_ADDRESS, UNKNOWN_PUBLIC_ADDRESS, DNS_DISABLED, LINK_LOCAL, PRIVATE_DESTINATION, FRAGMENT, ARP,
};
enum port_flags { P_CHECK = 1, P_INTERNET = 2, P_SERVICES = 4, P_GATEWAY = 8, P_DNS = 16 };
enum route_kind { R_LOCAL = 1, R_INTERNET, R_PORT, R_BLACKHOLE };
enum own_index { OWN_INTERNET, OWN_SERVICES, OWN_COUNT };
enum { MAX_GROUPS = 16, RULES_PER_CHUNK = 64, MAX_CHUNKS = 16 };

struct port {
  __u32 port, ifindex;
  __u8 mac[6];
  __u16 flags;
  __u32 vpc, route_table;
  __be32 primary, dns;
  __u32 group_count, groups[MAX_GROUPS];
};
struct address_key { __u32 vpc; __be32 ip; };
struct address { __u32 ifindex, port; };
struct route_key { __u32 prefix_length, table; __be32 ip; };
struct route { __u32 kind, ifindex; };
struct public_address { __be32 private; __u32 ifindex, vpc; };
struct rule { __be32 address; __u32 mask_or_group; __u16 from, to; __u8 protocol, any_protocol, by_group, pad; };
struct rules_key { __u32 group, direction, chunk; };
struct rules { __u32 count, chunks; struct rule rule[RULES_PER_CHUNK]; };
struct member_key { __u32 group; __be32 ip; };
struct flow_key { __u32 port; __be32 a, b; __be16 a_port, b_port; __u8 protocol, pad[3]; };
struct flow { __u64 seen_ns; __u32 bits, pad; };
struct fragment_key { __u32 port; __be32 saddr, daddr; __be16 id; __u8 protocol, pad; };
struct asked_key { __u32 port; __be16 sport; __u8 protocol, pad; };
struct drop_key { __u32 port, reason; };
struct counter { __u64 packets, bytes; };
struct traffic { __u64 sent_packets, sent_bytes, received_packets, received_bytes; };

#define TABLE(name, map_type, entries, options, key_type, value_type) \
  struct { __uint(type, map_type); __uint(max_entries, entries); __uint(map_flags, options); __type(key, key_type); __type(value, value_type); } name SEC(".maps")
TABLE(ports, BPF_MAP_TYPE_HASH, 65536, BPF_F_NO_PREALLOC, __u32, struct port);
TABLE(numbers, BPF_MAP_TYPE_HASH, 65536, BPF_F_NO_PREALLOC, __u32, __u32);
TABLE(own, BPF_MAP_TYPE_ARRAY, OWN_COUNT, 0, __u32, __u32);
TABLE(addresses, BPF_MAP_TYPE_HASH, 1 << 18, BPF_F_NO_PREALLOC, struct address_key, struct address);
TABLE(routes, BPF_MAP_TYPE_LPM_TRIE, 1 << 18, BPF_F_NO_PREALLOC, struct route_key, struct route);
TABLE(publics, BPF_MAP_TYPE_HASH, 4096, BPF_F_NO_PREALLOC, __be32, struct public_address);
TABLE(privates, BPF_MAP_TYPE_HASH, 4096, BPF_F_NO_PREALLOC, struct address_key, __be32);
TABLE(rules, BPF_MAP_TYPE_HASH, 1 << 16, BPF_F_NO_PREALLOC, struct rules_key, struct rules);
TABLE(members, BPF_MAP_TYPE_HASH, 1 << 18, BPF_F_NO_PREALLOC, struct member_key, __u32);
TABLE(flows, BPF_MAP_TYPE_LRU_HASH, 1 << 18, 0, struct flow_key, struct flow);
TABLE(fragments, BPF_MAP_TYPE_LRU_HASH, 4096, 0, struct fragment_key, __u64);
TABLE(asked_by, BPF_MAP_TYPE_LRU_HASH, 4096, 0, struct asked_key, __be32);
TABLE(drops, BPF_MAP_TYPE_PERCPU_HASH, 1 << 17, BPF_F_NO_PREALLOC, struct drop_key, struct counter);
TABLE(traffic, BPF_MAP_TYPE_PERCPU_HASH, 65536, BPF_F_NO_PREALLOC, __u32, struct traffic);

// Addresses of src/internet/addresses.ts.
#define METADATA_IP bpf_htonl(0xa9fea9fe)
#define RESOLVER_IP bpf_htonl(0xa9fea9fd)
#define SERVICE_SOURCE_BASE 0x64400000u  /* 100.64.0.0/11 */
#define RESOLVER_SOURCE_BASE 0x64600000u /* 100.96.0.0/11 */
#define SERVICE_PORT_MASK 0x1fffffu
#define ROUTER_MAC ((const __u8[6]){ 2, 0, 0, 0, 0, 1 })
