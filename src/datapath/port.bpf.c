// Owns the path of a packet: the program on the fabric side of every link (tc ingress), interpreter of the tables that
// src/plan makes. Stages in the order of a packet's life; every drop has one reason (enum reason, tables.ts dropReasons).
// AWS: "How Amazon VPC works", "Security group connection tracking", "Internet gateways". Addresses are in network order.
#include "maps.bpf.h"
#include "parse.bpf.h"
#include "rewrite.bpf.h"
#include "groups.bpf.h"

static __noinline int drop(const struct port *at, __u32 reason, struct __sk_buff *skb) {
  struct drop_key key = { .port = at ? at->port : 0, .reason = reason };
  struct counter *c = bpf_map_lookup_elem(&drops, &key);
  if (!c) {
    struct counter zero = {};
    bpf_map_update_elem(&drops, &key, &zero, BPF_NOEXIST);
    c = bpf_map_lookup_elem(&drops, &key);
  }
  if (c) { c->packets++; c->bytes += skb->len; }
  return TC_ACT_SHOT;
}

static __always_inline void count(__u32 port, int sent, struct __sk_buff *skb) {
  struct traffic *t = bpf_map_lookup_elem(&traffic, &port);
  if (!t) {
    struct traffic zero = {};
    bpf_map_update_elem(&traffic, &port, &zero, BPF_NOEXIST);
    t = bpf_map_lookup_elem(&traffic, &port);
    if (!t) return;
  }
  if (sent) { t->sent_packets++; t->sent_bytes += skb->len; } else { t->received_packets++; t->received_bytes += skb->len; }
}

static __always_inline struct port *port_at(__u32 ifindex) { return bpf_map_lookup_elem(&ports, &ifindex); }

static __always_inline int has_address(const struct port *p, __be32 ip) {
  if (ip == p->primary) return 1;
  struct address_key key = { .vpc = p->vpc, .ip = ip };
  struct address *a = bpf_map_lookup_elem(&addresses, &key);
  return a && a->ifindex == p->ifindex;
}

static __always_inline int deliver(struct __sk_buff *skb, struct port *to) {
  struct { __u8 destination[6], source[6]; } macs;
  __builtin_memcpy(macs.destination, to->mac, 6);
  __builtin_memcpy(macs.source, ROUTER_MAC, 6);
  bpf_skb_store_bytes(skb, 0, &macs, sizeof macs, 0);
  count(to->port, 0, skb);
  return bpf_redirect_peer(to->ifindex, 0);
}

// ARP: every neighbour is answered for, with the router's address, so that all traffic comes here. Who asks for an address of
// its own is checking that nobody else has it, and hears nothing.
static __always_inline int answer_arp(struct __sk_buff *skb, struct port *p) {
  struct arp_frame f;
  if (bpf_skb_load_bytes(skb, 0, &f, sizeof f)) return drop(p, MALFORMED, skb);
  if (f.operation != bpf_htons(1) || f.protocol != bpf_htons(ETH_P_IP) || f.sender_ip == 0 || f.sender_ip == f.target_ip) return drop(p, ARP, skb);
  if (!same_mac(f.sender_mac, p->mac) || !same_mac(f.source, p->mac)) return drop(p, WRONG_SOURCE_MAC, skb);
  if (!(p->flags & (P_INTERNET | P_SERVICES)) && has_address(p, f.target_ip)) return drop(p, ARP, skb);
  __be32 asked = f.target_ip;
  __builtin_memcpy(f.destination, p->mac, 6);
  __builtin_memcpy(f.source, ROUTER_MAC, 6);
  f.operation = bpf_htons(2);
  __builtin_memcpy(f.target_mac, p->mac, 6);
  f.target_ip = f.sender_ip;
  __builtin_memcpy(f.sender_mac, ROUTER_MAC, 6);
  f.sender_ip = asked;
  bpf_skb_store_bytes(skb, 0, &f, sizeof f, 0);
  return bpf_redirect(p->ifindex, 0);
}

// Last stage for a packet to an interface: [the subnet's network ACL comes here: ACLs are not built yet], the check, its groups.
static __always_inline int to_interface(struct __sk_buff *skb, struct port *to, struct packet *k) {
  if ((to->flags & P_CHECK) && !has_address(to, k->daddr)) return drop(to, DESTINATION_CHECK, skb);
  if (!groups_allow(skb, to, INGRESS, k)) return drop(to, k->fragment == LATER_FRAGMENT ? FRAGMENT : GROUP_INGRESS, skb);
  return deliver(skb, to);
}

// Internet gateway, inwards: 1:1 and stateless.
static __always_inline int from_internet(struct __sk_buff *skb, struct port *at, struct packet *k, struct public_address *pub) {
  struct port *to = port_at(pub->ifindex);
  if (!to) return drop(at, UNKNOWN_PUBLIC_ADDRESS, skb);
  if (!(to->flags & P_GATEWAY)) return drop(to, GATEWAY_DETACHED, skb);
  __be32 public = k->daddr;
  if (rewrite_address(skb, k, DESTINATION, public, pub->private)) return drop(to, MALFORMED, skb);
  k->daddr = pub->private;
  if (k->inner_at && k->inner.saddr == public) { // an error about what this instance sent: it knows itself by its private address
    rewrite_inner(skb, k, SOURCE, public, pub->private);
    k->inner.saddr = pub->private;
  }
  return to_interface(skb, to, k);
}

// Internet gateway, outwards.
static __always_inline int to_internet(struct __sk_buff *skb, struct port *from, struct packet *k) {
  if (is_private(k->daddr)) return drop(from, PRIVATE_DESTINATION, skb);
  if (!(from->flags & P_GATEWAY)) return drop(from, GATEWAY_DETACHED, skb);
  struct address_key key = { .vpc = from->vpc, .ip = k->saddr };
  __be32 *public = bpf_map_lookup_elem(&privates, &key);
  if (!public) return drop(from, NO_PUBLIC_ADDRESS, skb);
  if (rewrite_address(skb, k, SOURCE, k->saddr, *public)) return drop(from, MALFORMED, skb);
  if (k->inner_at && k->inner.daddr == k->saddr) {
    rewrite_inner(skb, k, DESTINATION, k->saddr, *public);
    k->inner.daddr = *public;
  }
  k->saddr = *public;
  struct public_address *here = bpf_map_lookup_elem(&publics, &k->daddr);
  if (here) return from_internet(skb, from, k, here); // another instance's public address: out and in again
  __u32 index = OWN_INTERNET, *ifindex = bpf_map_lookup_elem(&own, &index);
  struct port *to = ifindex ? port_at(*ifindex) : 0;
  if (!to) return drop(from, NO_SUCH_ADDRESS, skb);
  return deliver(skb, to);
}

// The box's services at link-local addresses and base+2: no group, ACL or route applies to them (VPC user guide, "DNS support").
// The asker's address is replaced by a number, so that VPCs with the same addresses can be told apart.
static __always_inline int to_services(struct __sk_buff *skb, struct port *from, struct packet *k, int dns, int by_base) {
  if (!has_address(from, k->saddr)) return drop(from, SOURCE_CHECK, skb);
  if (k->fragment) return drop(from, FRAGMENT, skb);
  if (dns && !(from->flags & P_DNS)) return drop(from, DNS_DISABLED, skb);
  int echo = k->protocol == IPPROTO_ICMP && k->icmp_type == ICMP_ECHO;
  int asked = dns ? (echo || (k->dport == bpf_htons(53) && (k->protocol == IPPROTO_UDP || k->protocol == IPPROTO_TCP))) : (k->dport == bpf_htons(80) && k->protocol == IPPROTO_TCP);
  if (!asked) return drop(from, LINK_LOCAL, skb);
  __u32 index = OWN_SERVICES, *ifindex = bpf_map_lookup_elem(&own, &index);
  struct port *to = ifindex ? port_at(*ifindex) : 0;
  if (!to) return drop(from, LINK_LOCAL, skb);
  __be32 as = bpf_htonl((by_base ? RESOLVER_SOURCE_BASE : SERVICE_SOURCE_BASE) + (from->port & SERVICE_PORT_MASK));
  if (k->saddr != from->primary) {
    struct asked_key key = { .port = from->port, .sport = k->sport, .protocol = k->protocol };
    bpf_map_update_elem(&asked_by, &key, &k->saddr, 0);
  }
  if (rewrite_address(skb, k, SOURCE, k->saddr, as)) return drop(from, MALFORMED, skb);
  if (by_base && rewrite_address(skb, k, DESTINATION, k->daddr, RESOLVER_IP)) return drop(from, MALFORMED, skb);
  return deliver(skb, to);
}

static __always_inline int from_services(struct __sk_buff *skb, struct port *from, struct packet *k) {
  __u32 to_number = bpf_ntohl(k->daddr), base = to_number & ~SERVICE_PORT_MASK, number = to_number & SERVICE_PORT_MASK;
  if (base != SERVICE_SOURCE_BASE && base != RESOLVER_SOURCE_BASE) return drop(from, NO_SUCH_ADDRESS, skb);
  __u32 *ifindex = bpf_map_lookup_elem(&numbers, &number);
  struct port *to = ifindex ? port_at(*ifindex) : 0;
  if (!to) return drop(from, NO_SUCH_ADDRESS, skb);
  struct asked_key key = { .port = number, .sport = k->dport, .protocol = k->protocol };
  __be32 *other = bpf_map_lookup_elem(&asked_by, &key), target = other && has_address(to, *other) ? *other : to->primary;
  if (rewrite_address(skb, k, DESTINATION, k->daddr, target)) return drop(from, MALFORMED, skb);
  if (base == RESOLVER_SOURCE_BASE && rewrite_address(skb, k, SOURCE, k->saddr, to->dns)) return drop(from, MALFORMED, skb);
  return deliver(skb, to);
}

static __always_inline int from_interface(struct __sk_buff *skb, struct port *from, struct packet *k) {
  if (k->daddr == METADATA_IP) return to_services(skb, from, k, 0, 0);
  if (k->daddr == RESOLVER_IP) return to_services(skb, from, k, 1, 0);
  if (k->daddr == from->dns) return to_services(skb, from, k, 1, 1);
  if ((from->flags & P_CHECK) && !has_address(from, k->saddr)) return drop(from, SOURCE_CHECK, skb);
  if (is_link_local(k->daddr)) return drop(from, LINK_LOCAL, skb);
  if (!groups_allow(skb, from, EGRESS, k)) return drop(from, k->fragment == LATER_FRAGMENT ? FRAGMENT : GROUP_EGRESS, skb);
  struct route_key key = { .prefix_length = 64, .table = from->route_table, .ip = k->daddr };
  struct route *route = bpf_map_lookup_elem(&routes, &key);
  if (!route) return drop(from, NO_ROUTE, skb);
  // [the network ACLs of both subnets' edges come here: not built yet]
  __u32 ifindex = route->ifindex;
  if (route->kind == R_INTERNET) return to_internet(skb, from, k);
  if (route->kind == R_BLACKHOLE) return drop(from, BLACKHOLE, skb);
  if (route->kind == R_LOCAL) {
    struct address_key local = { .vpc = from->vpc, .ip = k->daddr };
    struct address *a = bpf_map_lookup_elem(&addresses, &local);
    if (!a) return drop(from, NO_SUCH_ADDRESS, skb);
    ifindex = a->ifindex;
  }
  struct port *to = port_at(ifindex);
  if (!to) return drop(from, NO_SUCH_ADDRESS, skb);
  return to_interface(skb, to, k);
}

SEC("tc") int from_port(struct __sk_buff *skb) {
  struct port *p = port_at(skb->ifindex);
  if (!p) return drop(0, MALFORMED, skb);
  struct packet k = {};
  if (skb->vlan_present) return drop(p, UNSUPPORTED_PROTOCOL, skb);
  if (skb->protocol == bpf_htons(ETH_P_ARP)) return answer_arp(skb, p);
  if (skb->protocol != bpf_htons(ETH_P_IP)) return drop(p, UNSUPPORTED_PROTOCOL, skb);
  int bad = parse(skb, &k, p->mac);
  if (bad) return drop(p, bad, skb);
  count(p->port, 1, skb);
  if (p->flags & P_SERVICES) return from_services(skb, p, &k);
  if (!(p->flags & P_INTERNET)) return from_interface(skb, p, &k);
  if (is_private(k.saddr) || is_link_local(k.saddr)) return drop(p, PRIVATE_DESTINATION, skb);
  struct public_address *pub = bpf_map_lookup_elem(&publics, &k.daddr);
  if (!pub) return drop(p, UNKNOWN_PUBLIC_ADDRESS, skb);
  return from_internet(skb, p, &k, pub);
}

char _license[] SEC("license") = "GPL";
