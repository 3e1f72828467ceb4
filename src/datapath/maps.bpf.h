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
  ACL_EGRESS, ACL_INGRESS, PEERING, NAT_PROTOCOL, NAT_FRAGMENT, NAT_PORTS, NAT_SOURCE, NAT_NO_CONNECTION, PACKET_TOO_BIG, TRACKING_FULL,
};
// P_OPEN_*: a rule of its groups lets everything of that protocol through in that direction, from or to anywhere.
enum port_flags {
  P_CHECK = 1, P_INTERNET = 2, P_SERVICES = 4, P_GATEWAY = 8, P_DNS = 16, P_NAT = 32, P_LOG_ACCEPT = 64, P_LOG_REJECT = 128,
  P_OPEN_TCP_INGRESS = 256, P_OPEN_TCP_EGRESS = 512, P_OPEN_UDP_INGRESS = 1024, P_OPEN_UDP_EGRESS = 2048,
};
enum route_kind { R_LOCAL = 1, R_INTERNET, R_PORT, R_BLACKHOLE, R_PEERING };
enum rule_kind { RULE_BLOCK, RULE_GROUP, RULE_DENY };
enum own_index { OWN_INTERNET, OWN_SERVICES, OWN_COUNT };
enum { MAX_GROUPS = 16, RULES_PER_CHUNK = 64, MAX_CHUNKS = 16, MAX_NAT_ADDRESSES = 8, FLOW_SETS = 1 << 14, NAT_MOST = 1 << 19 };

struct mac { __u16 part[3]; };
struct port {
  __u32 port, ifindex; // ifindex of a NAT gateway's: its port number with the highest bit set
  struct mac mac;
  __u16 flags;
  __u32 vpc, subnet, route_table, acl;
  __be32 router, primary, dns;
  __u32 tcp_established_s, udp_stream_s, udp_s;
  __u32 group_count, groups[MAX_GROUPS];
};
struct address_key { __u32 vpc; __be32 ip; };
struct address { __u32 ifindex, port; };
struct route_key { __u32 prefix_length, table; __be32 ip; };
struct route { __u32 kind, target; }; // target: ifindex, or the other VPC of a peering
struct block_key { __u32 prefix_length, vpc; __be32 ip; };
struct public_address { __be32 private; __u32 ifindex, vpc, edge_table; };
struct rule { __be32 address; __u32 mask_or_group; __u16 from, to; __u8 protocol, any_protocol, kind, pad; };
struct rules_key { __u32 group, direction, chunk; }; // a security group's or a network ACL's number: no number names two things
struct rules { __u32 count, chunks; struct rule rule[RULES_PER_CHUNK]; };
struct member_key { __u32 group; __be32 ip; };
struct nat { __u32 count, public; __be32 address[MAX_NAT_ADDRESSES]; };
struct nat_key { __u32 port; __be32 saddr, daddr; __be16 sport, dport; __u8 protocol, pad[3]; }; // as the instance says it
struct nat_inward_key { __u32 port; __be32 address, remote; __be16 nat_port, remote_port; __u8 protocol, pad[3]; }; // as the destination says it
struct nat_connection { struct bpf_timer timer; __u64 seen_ns; __be32 address; __be16 nat_port, pad; __u32 bits, user; }; // user: the number of the port that it came in by
struct nat_pool_key { __u32 port; __be32 address, remote; __be16 remote_port; __u8 protocol, pad; };
struct nat_pool { __u64 full_until_ns; __u32 cursor, pad; };
struct nat_metrics { __u64 count[14]; };
// What the whole way decided about packets of one header at one link: as long as a line of the processor's own cache.
enum cached_flags { C_SOURCE = 1, C_DESTINATION = 2, C_LIMITED = 4 }; // which address becomes `address`; no packet longer than the internet's
enum cached_for_all { NOTHING, BEGINNINGS, ANSWERS }; // of a verdict about all TCP connections to a port: what goes there, or what comes from there; its other port is 0
struct cached {
  __u32 ifindex;
  __be32 saddr, daddr;
  __be16 sport, dport;
  __u8 protocol, kind; // an ICMP type, or cached_for_all
  struct mac source_mac;
  __u32 generation, to;
  __u64 until_ns;
  __be32 address;
  __u32 from_end, to_end; // marks of the flow at the interfaces that track it (flows.bpf.h), 0 where none does; of a verdict for all: of some flow
  struct mac mac;
  __u16 flags;
  __u32 turn; // lines.bpf.h
};
struct fragment_key { __u32 port; __be32 saddr, daddr; __be16 id; __u8 protocol, pad; };
struct fragment_seen { __u64 seen_ns; __be32 translated; __u32 pad; };
struct asked_key { __u32 port; __be16 sport; __u8 protocol, pad; };
struct drop_key { __u32 port, reason; };
struct counter { __u64 packets, bytes; };

// The program's configuration, set before it is loaded: how many times faster than the world's its clocks run.
const volatile __u32 time_scale = 1;
#define SECOND 1000000000ull
static __always_inline __u64 clock_ns(void) { return bpf_ktime_get_coarse_ns() * time_scale; }
const volatile __u32 tick_ns = 0; // a jiffy; set before the program is loaded
// As exact, and read without a call: for flows and verdicts, of which it is asked for every packet. It begins some minutes before the other:
// jiffies begin five minutes before their lower half is full (INITIAL_JIFFIES), whatever they last.
static __always_inline __u64 jiffies_ns(void) { return (bpf_jiffies64() - (1ull << 32) + 300 * 1000) * tick_ns * time_scale; }

// What processors share without a lock is read in order: x86's keep the order of their loads, for others each is made a fence.
const volatile __u32 loads_need_fences = 0;
static __always_inline __u32 in_order(__u32 *at) { return loads_need_fences ? __sync_fetch_and_add(at, 0) : *(volatile __u32 *)at; }

#define TABLE(name, map_type, entries, options, key_type, value_type) \
  struct { __uint(type, map_type); __uint(max_entries, entries); __uint(map_flags, options); __type(key, key_type); __type(value, value_type); } name SEC(".maps")
#define ALIGNED BPF_F_MMAPABLE /* to pages: else the kernel begins an array eight bytes before a line of the processor's memory, and each value takes two */
TABLE(ports, BPF_MAP_TYPE_HASH, 65536, BPF_F_NO_PREALLOC, __u32, struct port);
TABLE(numbers, BPF_MAP_TYPE_HASH, 65536, BPF_F_NO_PREALLOC, __u32, __u32);
TABLE(own, BPF_MAP_TYPE_ARRAY, OWN_COUNT, 0, __u32, __u32);
TABLE(addresses, BPF_MAP_TYPE_HASH, 1 << 18, BPF_F_NO_PREALLOC, struct address_key, struct address);
TABLE(routes, BPF_MAP_TYPE_LPM_TRIE, 1 << 18, BPF_F_NO_PREALLOC, struct route_key, struct route);
TABLE(blocks, BPF_MAP_TYPE_LPM_TRIE, 1 << 16, BPF_F_NO_PREALLOC, struct block_key, __u32);
TABLE(publics, BPF_MAP_TYPE_HASH, 4096, BPF_F_NO_PREALLOC, __be32, struct public_address);
TABLE(privates, BPF_MAP_TYPE_HASH, 4096, BPF_F_NO_PREALLOC, struct address_key, __be32);
TABLE(rules, BPF_MAP_TYPE_HASH, 1 << 16, BPF_F_NO_PREALLOC, struct rules_key, struct rules);
TABLE(members, BPF_MAP_TYPE_HASH, 1 << 18, BPF_F_NO_PREALLOC, struct member_key, __u32);
TABLE(nats, BPF_MAP_TYPE_HASH, 4096, BPF_F_NO_PREALLOC, __u32, struct nat);
TABLE(generation, BPF_MAP_TYPE_ARRAY, 1, 0, __u32, __u32);
TABLE(fragments, BPF_MAP_TYPE_LRU_HASH, 1 << 14, 0, struct fragment_key, struct fragment_seen);
TABLE(nat_connections, BPF_MAP_TYPE_HASH, NAT_MOST, BPF_F_NO_PREALLOC, struct nat_key, struct nat_connection);
TABLE(nat_inwards, BPF_MAP_TYPE_HASH, NAT_MOST, BPF_F_NO_PREALLOC, struct nat_inward_key, struct nat_key);
TABLE(nat_pools, BPF_MAP_TYPE_LRU_HASH, 1 << 14, 0, struct nat_pool_key, struct nat_pool);
TABLE(nat_metrics, BPF_MAP_TYPE_PERCPU_HASH, 4096, BPF_F_NO_PREALLOC, __u32, struct nat_metrics);
TABLE(asked_by, BPF_MAP_TYPE_LRU_HASH, 4096, 0, struct asked_key, __be32);
TABLE(drops, BPF_MAP_TYPE_PERCPU_HASH, 1 << 17, BPF_F_NO_PREALLOC, struct drop_key, struct counter);
// A key lies on the stack: verifiers before Linux 6.2 look nothing up by one in memory that a global function was given.
static __always_inline struct port *port_at(__u32 ifindex) { return bpf_map_lookup_elem(&ports, &ifindex); }

// Addresses of src/internet/addresses.ts.
#define METADATA_IP bpf_htonl(0xa9fea9fe)
#define RESOLVER_IP bpf_htonl(0xa9fea9fd)
#define SERVICE_SOURCE_BASE 0x64400000u  /* 100.64.0.0/11 */
#define RESOLVER_SOURCE_BASE 0x64600000u /* 100.96.0.0/11 */
#define SERVICE_PORT_MASK 0x1fffffu
#define ROUTER_MAC ((struct mac){ { bpf_htons(0x200), 0, bpf_htons(1) } })
