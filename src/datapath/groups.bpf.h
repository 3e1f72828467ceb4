// Owns security groups: per interface and direction, stateful (EC2 user guide, "Security group connection tracking"). What a
// rule allowed lives on as a flow after the rule is gone; a denial is never remembered.
#pragma once
#include "parse.bpf.h"

enum direction { INGRESS, EGRESS };
// flow.bits: who began it, and what TCP has said.
enum { F_BY_A = 1, F_ANSWERED = 2, F_FIN_A = 4, F_FIN_B = 8, F_RESET = 16 };
enum { TCP_FIN = 1, TCP_SYN = 2, TCP_RST = 4, TCP_ACK = 16 };
#define SECOND 1000000000ull

static __always_inline __u64 timeout_ns(__u8 protocol, __u32 bits) {
  if (protocol == IPPROTO_TCP) {
    if ((bits & F_RESET) || (bits & (F_FIN_A | F_FIN_B)) == (F_FIN_A | F_FIN_B)) return 10 * SECOND;
    return (bits & F_ANSWERED ? 432000 : 60) * SECOND;
  }
  if (protocol == IPPROTO_UDP) return (bits & F_ANSWERED ? 180 : 30) * SECOND;
  return (protocol == IPPROTO_ICMP ? 30 : 600) * SECOND;
}

// One key for both directions: the smaller end first. Answers whether the packet comes from end a.
static __always_inline int flow_key_of(struct flow_key *key, __u32 port, __be32 saddr, __be32 daddr, __be16 sport, __be16 dport, __u8 protocol) {
  int from_a = saddr < daddr || (saddr == daddr && sport <= dport);
  key->port = port;
  key->a = from_a ? saddr : daddr; key->b = from_a ? daddr : saddr;
  key->a_port = from_a ? sport : dport; key->b_port = from_a ? dport : sport;
  key->protocol = protocol;
  key->pad[0] = key->pad[1] = key->pad[2] = 0;
  return from_a;
}

struct question { __u32 groups[MAX_GROUPS]; __u32 group_count, group, direction; __be32 remote; __u16 port; __u8 protocol, type, code, allowed; };

static long ask_chunk(__u32 chunk, struct question *q) {
  struct rules_key key = { .group = q->group, .direction = q->direction, .chunk = chunk };
  struct rules *r = bpf_map_lookup_elem(&rules, &key);
  if (!r) return 1;
  for (int i = 0; i < RULES_PER_CHUNK; i++) {
    if (i >= r->count) break;
    const struct rule *rule = &r->rule[i];
    if (!rule->any_protocol) {
      if (rule->protocol != q->protocol) continue;
      if (q->protocol == IPPROTO_TCP || q->protocol == IPPROTO_UDP) { if (q->port < rule->from || q->port > rule->to) continue; }
      else if (q->protocol == IPPROTO_ICMP) { if ((rule->from != 0xffff && rule->from != q->type) || (rule->to != 0xffff && rule->to != q->code)) continue; }
    }
    if (rule->by_group) {
      struct member_key member = { .group = rule->mask_or_group, .ip = q->remote };
      if (!bpf_map_lookup_elem(&members, &member)) continue;
    } else if ((q->remote & rule->mask_or_group) != rule->address) continue;
    q->allowed = 1;
    return 1;
  }
  return chunk + 1 >= r->chunks;
}

static long ask_group(__u32 index, struct question *q) {
  if (index >= MAX_GROUPS || index >= q->group_count) return 1;
  q->group = q->groups[index];
  bpf_loop(MAX_CHUNKS, ask_chunk, q, 0);
  return q->allowed != 0;
}

// A global function: the verifier takes it once, by itself, and not again on every way that leads here.
__noinline int ask_rules(struct question *q) {
  if (!q) return 0;
  struct question own = *q; // bpf_loop takes its context from the stack only
  bpf_loop(MAX_GROUPS, ask_group, &own, 0);
  return own.allowed;
}

static __always_inline int rules_allow(const struct port *p, int direction, const struct packet *k) {
  struct question q = { .group_count = p->group_count, .direction = direction, .remote = direction == EGRESS ? k->daddr : k->saddr, .port = bpf_ntohs(k->dport), .protocol = k->protocol, .type = k->icmp_type, .code = k->icmp_code };
  __builtin_memcpy(q.groups, p->groups, sizeof q.groups);
  return ask_rules(&q);
}

static __noinline int groups_allow(struct __sk_buff *skb, const struct port *p, int direction, const struct packet *k) {
  __u64 now = bpf_ktime_get_coarse_ns();
  struct fragment_key piece = { .port = p->port, .saddr = k->saddr, .daddr = k->daddr, .id = k->id, .protocol = k->protocol };
  if (k->fragment == LATER_FRAGMENT) { // its first piece was judged
    __u64 *seen = bpf_map_lookup_elem(&fragments, &piece);
    return seen && now - *seen < 30 * SECOND;
  }
  struct flow_key key;
  if (k->inner_at) { // an error about a flow that is tracked here passes with it
    flow_key_of(&key, p->port, k->inner.saddr, k->inner.daddr, k->inner.sport, k->inner.dport, k->inner.protocol);
    struct flow *about = bpf_map_lookup_elem(&flows, &key);
    if (about && now - about->seen_ns < timeout_ns(key.protocol, about->bits)) return 1;
    return rules_allow(p, direction, k);
  }
  int from_a = flow_key_of(&key, p->port, k->saddr, k->daddr, k->sport, k->dport, k->protocol);
  struct flow *f = bpf_map_lookup_elem(&flows, &key);
  __u32 bits = from_a ? F_BY_A : 0;
  int alive = f && now - f->seen_ns < timeout_ns(k->protocol, f->bits);
  if (alive && k->protocol == IPPROTO_TCP && (k->tcp_flags & (TCP_SYN | TCP_ACK)) == TCP_SYN && timeout_ns(IPPROTO_TCP, f->bits) == 10 * SECOND) alive = 0; // the ports are used anew
  if (alive) bits = f->bits | (!!(f->bits & F_BY_A) != from_a ? F_ANSWERED : 0);
  else if (!rules_allow(p, direction, k)) return 0;
  if (k->protocol == IPPROTO_TCP) bits |= (k->tcp_flags & TCP_RST ? F_RESET : 0) | (k->tcp_flags & TCP_FIN ? (from_a ? F_FIN_A : F_FIN_B) : 0);
  if (f) {
    if (f->bits != bits) f->bits = bits;
    if (!alive || now - f->seen_ns > SECOND) f->seen_ns = now; // seldom: other processors read this line
  } else {
    struct flow fresh = { .seen_ns = now, .bits = bits };
    bpf_map_update_elem(&flows, &key, &fresh, 0);
  }
  if (k->fragment == FIRST_FRAGMENT) bpf_map_update_elem(&fragments, &piece, &now, 0);
  return 1;
}
