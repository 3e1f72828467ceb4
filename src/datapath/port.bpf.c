// Owns the path of a packet: the program on the fabric side of every link (tc ingress), interpreter of the tables that
// src/plan makes. Stages in the order of a packet's life; every drop has one reason (enum reason, tables.ts dropReasons).
// AWS: "How Amazon VPC works", "Security group connection tracking", "Internet gateways". Addresses are in network order.
#include "account.bpf.h"
#include "answers.bpf.h"
#include "cache.bpf.h"
#include "count.bpf.h"
#include "flows.bpf.h"
#include "fragments.bpf.h"
#include "groups.bpf.h"
#include "maps.bpf.h"
#include "nat.bpf.h"
#include "parse.bpf.h"
#include "rewrite.bpf.h"

// Where a packet is. Each stage is a function that brings it to the next and answers GO_ON, or ends its way with a verdict.
enum stage { ROUTE, GATEWAY_OUT, GATEWAY_IN };
enum { GO_ON = 1000, MAX_STAGES = 8 };

static __always_inline int has_address(const struct port *p, __be32 ip) {
  if (ip == p->primary) return 1;
  struct address_key key = { .vpc = p->vpc, .ip = ip };
  struct address *a = bpf_map_lookup_elem(&addresses, &key);
  return a && a->ifindex == p->ifindex;
}

// Hands the packet into the namespace behind a port.
static __always_inline int hand_over(struct __sk_buff *skb, const struct port *to) {
  struct { struct mac destination, source; } macs = { to->mac, ROUTER_MAC };
  bpf_skb_store_bytes(skb, 0, &macs, sizeof macs, 0);
  WATCH_FRAME(skb, to->ifindex, RECEIVED);
  return bpf_redirect_peer(to->ifindex, 0);
}

// It got through. What follows it without asking: later pieces of it, and for a moment all of its header.
static __always_inline int deliver(struct __sk_buff *skb, const struct walk *w, const struct port *to) {
  if (w->k.fragment == FIRST_FRAGMENT) note_first_piece(w);
  if (w->cacheable && !w->translated) {
    remember(w, to, NOTHING);
    __u32 all = holds_for_all(w);
    if (all) remember(w, to, all);
  }
  return hand_over(skb, to);
}

// ARP: every neighbour is answered for, with the router's address, so that all traffic comes here. Who asks for an address of
// its own is checking that nobody else has it, and hears nothing.
static __noinline int answer_arp(struct __sk_buff *skb, const struct port *p) {
  struct arp_frame f;
  if (bpf_skb_load_bytes(skb, 0, &f, sizeof f)) return drop(skb, p->port, MALFORMED);
  if (f.operation != bpf_htons(1) || f.protocol != bpf_htons(ETH_P_IP) || f.sender_ip == 0 || f.sender_ip == f.target_ip) return drop(skb, p->port, ARP);
  if (!same_mac(&f.sender_mac, &p->mac) || !same_mac(&f.ethernet.source, &p->mac)) return drop(skb, p->port, WRONG_SOURCE_MAC);
  if (!(p->flags & (P_INTERNET | P_SERVICES)) && has_address(p, f.target_ip)) return drop(skb, p->port, ARP);
  __be32 asked = f.target_ip;
  f.ethernet.destination = p->mac;
  f.ethernet.source = ROUTER_MAC;
  f.operation = bpf_htons(2);
  f.target_mac = p->mac;
  f.target_ip = f.sender_ip;
  f.sender_mac = ROUTER_MAC;
  f.sender_ip = asked;
  bpf_skb_store_bytes(skb, 0, &f, sizeof f, 0);
  WATCH_FRAME(skb, p->ifindex, RECEIVED);
  return bpf_redirect(p->ifindex, 0);
}

// At an interface: the check and its groups; or at a NAT gateway, which sends it on.
__noinline int arrive(struct __sk_buff *skb, struct walk *w, const struct port *to) {
  if (!w || !to) return drop(skb, 0, MALFORMED);
  w->to = to->ifindex;
  if (to->flags & P_NAT) {
    accept(skb, w, to, INGRESS);
    WATCH_FRAME(skb, w->to, RECEIVED);
    int verdict = has_address(to, w->k.daddr) ? nat_inward(skb, w) : nat_outward(skb, w);
    if (!verdict) WATCH_FRAME(skb, w->to, SENT);
    w->at = w->to;
    w->stage = ROUTE;
    w->cacheable = 0;
    return verdict ? verdict : GO_ON;
  }
  if ((to->flags & P_CHECK) && !has_address(to, w->k.daddr)) return drop(skb, to->port, DESTINATION_CHECK);
  if (!groups_allow(to, INGRESS, w)) return reject(skb, w, to, INGRESS, w->no_room ? TRACKING_FULL : GROUP_INGRESS);
  accept(skb, w, to, INGRESS);
  return deliver(skb, w, to);
}

// By the route table of the subnet of `from`, across the edges of both subnets. Inside a subnet there is neither table nor ACL: its
// interfaces reach each other by their MAC addresses (VPC user guide, "Gateway route tables", considerations).
static __always_inline int choose_way(struct __sk_buff *skb, struct walk *w, const struct port *from, struct port **way) {
  struct packet *k = &w->k;
  struct address_key local = { .vpc = from->vpc, .ip = k->daddr };
  struct address *a = bpf_map_lookup_elem(&addresses, &local);
  struct port *to = a ? port_at(a->ifindex) : 0;
  w->path = PATH_VPC;
  if (!to || to->subnet != from->subnet) {
    struct route_key key = { .prefix_length = 64, .table = from->route_table, .ip = k->daddr };
    struct route *route = bpf_map_lookup_elem(&routes, &key);
    w->path = PATH_UNKNOWN;
    if (!route) return drop(skb, from->port, NO_ROUTE);
    if (route->kind == R_BLACKHOLE) return drop(skb, from->port, BLACKHOLE);
    w->path = route->kind == R_INTERNET ? PATH_INTERNET : route->kind == R_PEERING ? PATH_PEERING : PATH_VPC;
    if (route->kind == R_INTERNET) {
      if (!acl_allows(from, EGRESS, w)) return reject(skb, w, from, EGRESS, ACL_EGRESS);
      w->stage = GATEWAY_OUT;
      return GO_ON;
    }
    if (route->kind == R_PEERING) {
      if (!in_vpc(from->vpc, k->saddr) || !in_vpc(route->target, k->daddr)) return drop(skb, from->port, PEERING);
      local.vpc = route->target;
      a = bpf_map_lookup_elem(&addresses, &local);
    }
    to = route->kind == R_PORT ? port_at(route->target) : a ? port_at(a->ifindex) : 0;
    if (!to) return drop(skb, from->port, NO_SUCH_ADDRESS);
    if (to->subnet != from->subnet) {
      if (!acl_allows(from, EGRESS, w)) return reject(skb, w, from, EGRESS, ACL_EGRESS);
      if (!acl_allows(to, INGRESS, w)) return reject(skb, w, to, INGRESS, ACL_INGRESS);
    }
  }
  *way = to;
  return GO_ON;
}

__noinline int route_packet(struct __sk_buff *skb, struct walk *w, const struct port *from) {
  if (!w || !from) return drop(skb, 0, MALFORMED);
  struct port *to = 0; // none when it goes out by the internet gateway
  int verdict = choose_way(skb, w, from, &to);
  if (!w->rejected) accept(skb, w, from, EGRESS);
  return to ? arrive(skb, w, to) : verdict;
}

// Internet gateway, outwards: 1:1 and stateless. What is too long for the internet goes back as an error, over the ACL of its sender.
__noinline int gateway_out(struct __sk_buff *skb, struct walk *w, const struct port *from) {
  if (!w || !from) return drop(skb, 0, MALFORMED);
  struct packet *k = &w->k;
  __u32 number = from->port;
  if (is_private(k->daddr)) return drop(skb, number, PRIVATE_DESTINATION);
  if (!(from->flags & P_GATEWAY)) return drop(skb, number, GATEWAY_DETACHED);
  struct address_key key = { .vpc = from->vpc, .ip = k->saddr };
  __be32 *public = bpf_map_lookup_elem(&privates, &key);
  if (!public) return drop(skb, number, NO_PUBLIC_ADDRESS);
  if (k->may_not_fragment && k->size > INTERNET_MTU) {
    drop(skb, number, PACKET_TOO_BIG);
    struct port *sender = port_at(w->entry);
    if (!sender || make_too_big(skb, w, sender->router)) return TC_ACT_SHOT;
    if (!acl_allows(sender, INGRESS, w)) return drop(skb, sender->port, ACL_INGRESS);
    return hand_over(skb, sender);
  }
  w->limit = INTERNET_MTU;
  if (rewrite_address(skb, k, SOURCE, k->saddr, *public)) return drop(skb, number, MALFORMED);
  if (k->inner_at && k->inner.daddr == k->saddr) {
    rewrite_inner(skb, k, DESTINATION, k->saddr, *public);
    k->inner.daddr = *public;
  }
  k->saddr = *public;
  w->stage = GATEWAY_IN;
  __be32 daddr = k->daddr;
  if (bpf_map_lookup_elem(&publics, &daddr)) return GO_ON; // another instance's public address: out and in again
  __u32 index = OWN_INTERNET, *ifindex = bpf_map_lookup_elem(&own, &index);
  struct port *to = ifindex ? port_at(*ifindex) : 0;
  if (!to) return drop(skb, number, NO_SUCH_ADDRESS);
  return deliver(skb, w, to);
}

// Internet gateway, inwards; then by its own route table, where it has one, to an interface on the way.
__noinline int gateway_in(struct __sk_buff *skb, struct walk *w) {
  if (!w) return TC_ACT_SHOT;
  struct packet *k = &w->k;
  __be32 public = k->daddr;
  struct public_address *pub = bpf_map_lookup_elem(&publics, &public);
  if (!pub) return drop(skb, w->entry_port, UNKNOWN_PUBLIC_ADDRESS);
  struct port *to = port_at(pub->ifindex);
  if (!to) return drop(skb, w->entry_port, UNKNOWN_PUBLIC_ADDRESS);
  __u32 number = to->port;
  if (!(to->flags & P_GATEWAY)) return drop(skb, number, GATEWAY_DETACHED);
  if (rewrite_address(skb, k, DESTINATION, public, pub->private)) return drop(skb, number, MALFORMED);
  k->daddr = pub->private;
  if (k->inner_at && k->inner.saddr == public) { // an error about what this instance sent: it knows itself by its private address
    rewrite_inner(skb, k, SOURCE, public, pub->private);
    k->inner.saddr = pub->private;
  }
  if (pub->edge_table) {
    struct route_key key = { .prefix_length = 64, .table = pub->edge_table, .ip = k->daddr };
    struct route *route = bpf_map_lookup_elem(&routes, &key);
    if (!route) return drop(skb, number, NO_ROUTE);
    if (route->kind == R_PORT) {
      to = port_at(route->target);
      if (!to) return drop(skb, number, NO_SUCH_ADDRESS);
      struct address_key inside = { .vpc = to->vpc, .ip = to->primary };
      if (!bpf_map_lookup_elem(&privates, &inside)) return drop(skb, to->port, NO_PUBLIC_ADDRESS);
    } else if (route->kind != R_LOCAL) return drop(skb, number, BLACKHOLE);
  }
  if (!acl_allows(to, INGRESS, w)) return reject(skb, w, to, INGRESS, ACL_INGRESS);
  return arrive(skb, w, to);
}

// The box's services at link-local addresses and base+2: no group, ACL or route applies to them (VPC user guide, "DNS support").
// The asker's address is replaced by a number, so that VPCs with the same addresses can be told apart.
static __noinline int to_services(struct __sk_buff *skb, const struct port *from, struct packet *k, int dns, int by_base) {
  if (!has_address(from, k->saddr)) return drop(skb, from->port, SOURCE_CHECK);
  if (k->fragment) return drop(skb, from->port, FRAGMENT);
  if (dns && !(from->flags & P_DNS)) return drop(skb, from->port, DNS_DISABLED);
  int echo = k->protocol == IPPROTO_ICMP && k->icmp_type == ICMP_ECHO;
  int asked = dns ? (echo || (k->dport == bpf_htons(53) && (k->protocol == IPPROTO_UDP || k->protocol == IPPROTO_TCP))) : (k->dport == bpf_htons(80) && k->protocol == IPPROTO_TCP);
  if (!asked) return drop(skb, from->port, LINK_LOCAL);
  __u32 index = OWN_SERVICES, *ifindex = bpf_map_lookup_elem(&own, &index);
  struct port *to = ifindex ? port_at(*ifindex) : 0;
  if (!to) return drop(skb, from->port, LINK_LOCAL);
  __be32 as = bpf_htonl((by_base ? RESOLVER_SOURCE_BASE : SERVICE_SOURCE_BASE) + (from->port & SERVICE_PORT_MASK));
  if (k->saddr != from->primary) {
    struct asked_key key = { .port = from->port, .sport = k->sport, .protocol = k->protocol };
    bpf_map_update_elem(&asked_by, &key, &k->saddr, 0);
  }
  if (rewrite_address(skb, k, SOURCE, k->saddr, as)) return drop(skb, from->port, MALFORMED);
  if (by_base && rewrite_address(skb, k, DESTINATION, k->daddr, RESOLVER_IP)) return drop(skb, from->port, MALFORMED);
  return hand_over(skb, to);
}

static __noinline int from_services(struct __sk_buff *skb, const struct port *from, struct packet *k) {
  __u32 to_number = bpf_ntohl(k->daddr), base = to_number & ~SERVICE_PORT_MASK, number = to_number & SERVICE_PORT_MASK;
  if (base != SERVICE_SOURCE_BASE && base != RESOLVER_SOURCE_BASE) return drop(skb, from->port, NO_SUCH_ADDRESS);
  __u32 *ifindex = bpf_map_lookup_elem(&numbers, &number);
  struct port *to = ifindex ? port_at(*ifindex) : 0;
  if (!to) return drop(skb, from->port, NO_SUCH_ADDRESS);
  struct asked_key key = { .port = number, .sport = k->dport, .protocol = k->protocol };
  __be32 *other = bpf_map_lookup_elem(&asked_by, &key), target = other && has_address(to, *other) ? *other : to->primary;
  if (rewrite_address(skb, k, DESTINATION, k->daddr, target)) return drop(skb, from->port, MALFORMED);
  if (base == RESOLVER_SOURCE_BASE && rewrite_address(skb, k, SOURCE, k->saddr, to->dns)) return drop(skb, from->port, MALFORMED);
  return hand_over(skb, to);
}

// What an interface may send: answered by a service, stopped, or (0) on its way. Its own address, and its groups.
static __always_inline int leave(struct __sk_buff *skb, struct port *from, struct walk *w) {
  struct packet *k = &w->k;
  if (k->daddr == METADATA_IP) return to_services(skb, from, k, 0, 0);
  if (k->daddr == RESOLVER_IP) return to_services(skb, from, k, 1, 0);
  if (k->daddr == from->dns) return to_services(skb, from, k, 1, 1);
  if ((from->flags & P_CHECK) && !has_address(from, k->saddr)) return drop(skb, from->port, SOURCE_CHECK);
  if (is_link_local(k->daddr)) return drop(skb, from->port, LINK_LOCAL);
  if (!groups_allow(from, EGRESS, w)) return reject(skb, w, from, EGRESS, w->no_room ? TRACKING_FULL : GROUP_EGRESS);
  return GO_ON;
}

SEC("tc") int from_port(struct __sk_buff *skb) {
  WATCH_FRAME(skb, skb->ifindex, SENT);
  int is_ip = !skb->vlan_present && skb->protocol == bpf_htons(ETH_P_IP), known = is_ip ? by_cache(skb) : -1;
  if (known >= 0) return known;
  __u32 zero = 0;
  struct walk *w = bpf_map_lookup_elem(&walks, &zero);
  if (!w) return TC_ACT_SHOT;
  __builtin_memset(w, 0, sizeof *w);
  struct packet *k = &w->k;
  int bad = is_ip ? parse(skb, k) : 0;
  w->generation = tables_generation();
  struct port *p = port_at(skb->ifindex);
  if (!p) return drop(skb, 0, MALFORMED);
  if (!is_ip) return !skb->vlan_present && skb->protocol == bpf_htons(ETH_P_ARP) ? answer_arp(skb, p) : drop(skb, p->port, UNSUPPORTED_PROTOCOL);
  if (bad) return drop(skb, p->port, bad);
  if (!same_mac(&k->source_mac, &p->mac)) return drop(skb, p->port, WRONG_SOURCE_MAC);
  if (p->flags & P_SERVICES) return from_services(skb, p, k);
  w->entry = w->at = skb->ifindex;
  w->entry_port = p->port;
  w->was.saddr = k->saddr; w->was.daddr = k->daddr; w->was.sport = k->sport; w->was.dport = k->dport;
  w->cacheable = may_be_cached(k);
  if (p->flags & P_INTERNET) {
    if (is_private(k->saddr) || is_link_local(k->saddr)) return drop(skb, p->port, PRIVATE_DESTINATION);
    w->stage = GATEWAY_IN;
  } else {
    int verdict = leave(skb, p, w);
    if (verdict != GO_ON) return verdict;
    w->stage = ROUTE;
  }
  if (k->fragment == LATER_FRAGMENT && !follows_first_piece(w)) return drop(skb, p->port, FRAGMENT);
  for (int i = 0; i < MAX_STAGES; i++) {
    const struct port *from = w->at == skb->ifindex ? p : port_at(w->at); // p, or a NAT gateway's that it came by
    int verdict = w->stage == ROUTE ? route_packet(skb, w, from) : w->stage == GATEWAY_OUT ? gateway_out(skb, w, from) : gateway_in(skb, w);
    if (verdict != GO_ON) return verdict;
  }
  return drop(skb, w->entry_port, NO_ROUTE); // round and round
}

char _license[] SEC("license") = "GPL";
