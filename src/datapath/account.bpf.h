// Owns what flow logs are made of: for interfaces that a flow log watches, and for no other, packets and bytes of each flow as the interface
// has it, by direction and by the verdict of groups and ACLs (VPC user guide, "Flow log records"). What is lost on its way for other
// reasons (no route, no gateway) was accepted at its interface. Bytes are those of IP packets; a train of segments counts as the packets
// that it becomes. ICMP has no ports. Two generations: the daemon reads one while packets go to the other (flow-accounts.ts).
#pragma once
#include "count.bpf.h"
#include "groups.bpf.h"

enum account_bits { A_EGRESS = 1, A_REJECT = 2 };
enum traffic_path { PATH_UNKNOWN = 0, PATH_VPC = 1, PATH_PEERING = 4, PATH_INTERNET = 8 }; // AWS's numbers
enum { ACCEPTED, REJECTED, MOST_ACCOUNTS = 1 << 16 }; // of one interface: a quarter of the table, so that a flood at one hides no flow at another

struct account_key { __u32 port; __be32 saddr, daddr; __be16 sport, dport; __u8 protocol, bits, path, generation; };
struct account { __u64 packets, bytes, first_ns, last_ns; __u32 tcp_flags, pad; };
struct room_key { __u32 port, generation; };
struct room { __u64 used, lost; };
TABLE(accounts, BPF_MAP_TYPE_HASH, 1 << 18, BPF_F_NO_PREALLOC, struct account_key, struct account);
TABLE(accounts_room, BPF_MAP_TYPE_HASH, 8192, BPF_F_NO_PREALLOC, struct room_key, struct room);
TABLE(accounts_generation, BPF_MAP_TYPE_ARRAY, 1, 0, __u32, __u32);

// An account that is not there yet; 0, and its packets counted as lost, where there is no room: flow logs say SKIPDATA.
static __noinline struct account *new_account(const struct account_key *key, __u64 now, __u64 packets) {
  struct room_key at = { .port = key->port, .generation = key->generation };
  struct room *room = bpf_map_lookup_elem(&accounts_room, &at);
  if (!room) {
    struct room empty = {};
    bpf_map_update_elem(&accounts_room, &at, &empty, BPF_NOEXIST);
    room = bpf_map_lookup_elem(&accounts_room, &at);
    if (!room) return 0;
  }
  struct account *a = 0;
  if (room->used < MOST_ACCOUNTS) {
    struct account fresh = { .first_ns = now };
    if (!bpf_map_update_elem(&accounts, key, &fresh, BPF_NOEXIST)) __sync_fetch_and_add(&room->used, 1);
    a = bpf_map_lookup_elem(&accounts, key);
  }
  if (!a) __sync_fetch_and_add(&room->lost, packets);
  return a;
}

// The packet as it is now, at an interface. A remembered verdict (cache.bpf.h) would not come here: there is none of what is logged.
__noinline int account(struct __sk_buff *skb, struct walk *w, const struct port *p, __u32 direction, __u32 verdict) {
  if (!w || !p) return 0;
  w->cacheable = 0;
  const struct packet *k = &w->k;
  if ((direction == EGRESS ? k->daddr : k->saddr) == p->router) return 0; // not logged, as DHCP
  if (k->protocol == IPPROTO_UDP && (k->dport == bpf_htons(67) || k->dport == bpf_htons(68)) && (k->sport == bpf_htons(67) || k->sport == bpf_htons(68))) return 0;
  __u32 zero = 0, *generation = bpf_map_lookup_elem(&accounts_generation, &zero);
  if (!generation) return 0;
  struct account_key key = { .port = p->port, .saddr = k->saddr, .daddr = k->daddr, .protocol = k->protocol, .generation = *generation };
  if (k->protocol == IPPROTO_TCP || k->protocol == IPPROTO_UDP) { key.sport = k->sport; key.dport = k->dport; }
  key.bits = (direction == EGRESS ? A_EGRESS : 0) | (verdict == REJECTED ? A_REJECT : 0);
  key.path = direction == EGRESS ? w->path : PATH_UNKNOWN;
  __u64 packets, bytes;
  weigh(skb, k, &packets, &bytes);
  __u32 flags = k->protocol == IPPROTO_TCP ? k->tcp_flags & (TCP_FIN | TCP_SYN | TCP_RST) : 0;
  if (flags & TCP_SYN) flags |= k->tcp_flags & TCP_ACK; // ACK is said of a SYN only
  __u64 now = bpf_ktime_get_coarse_ns();
  struct account *a = bpf_map_lookup_elem(&accounts, &key);
  if (!a) a = new_account(&key, now, packets);
  if (!a) return 0;
  __sync_fetch_and_add(&a->packets, packets);
  __sync_fetch_and_add(&a->bytes, bytes);
  if (flags & ~a->tcp_flags) __sync_fetch_and_or(&a->tcp_flags, flags);
  a->last_ns = now;
  return 0;
}

static __always_inline void accept(struct __sk_buff *skb, struct walk *w, const struct port *p, __u32 direction) {
  if (p->flags & P_LOG_ACCEPT) account(skb, w, p, direction, ACCEPTED);
}

// A drop by a group or an ACL.
static __always_inline int reject(struct __sk_buff *skb, struct walk *w, const struct port *p, __u32 direction, __u32 reason) {
  if (direction == EGRESS) w->rejected = 1;
  if (p->flags & P_LOG_REJECT) account(skb, w, p, direction, REJECTED);
  return drop(skb, p->port, reason);
}
