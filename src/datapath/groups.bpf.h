// Owns security groups and network ACLs. Groups: per interface and direction, stateful (EC2 user guide, "Security group connection
// tracking"). What a rule allowed lives on as a flow after the rule is gone; a denial is never remembered. A TCP or UDP flow that
// anybody may begin and every answer to which may leave is not tracked: no state, the rules are asked for each packet, and it
// ends with them. So that such a flow's own packets make no state, TCP's begins with a SYN and with nothing else.
#pragma once
#include "flows.bpf.h"

enum direction { INGRESS, EGRESS };
enum answer { DENIED, ALLOWED, ALLOWED_FROM_ANYWHERE };

struct question { const struct port *p; const struct rules *rules; __u32 group, direction; __be32 remote; __u16 port; __u8 protocol, type, code, answer, found, anywhere; };

static long ask_rule(__u32 index, struct question *q) {
  if (index >= RULES_PER_CHUNK) return 1;
  const struct rule *rule = &q->rules->rule[index];
  if (!rule->any_protocol) {
    if (rule->protocol != q->protocol) return 0;
    if (q->protocol == IPPROTO_TCP || q->protocol == IPPROTO_UDP) { if (q->port < rule->from || q->port > rule->to) return 0; }
    else if (q->protocol == IPPROTO_ICMP) { if ((rule->from != 0xffff && rule->from != q->type) || (rule->to != 0xffff && rule->to != q->code)) return 0; }
  }
  if (rule->kind == RULE_GROUP) {
    struct member_key member = { .group = rule->mask_or_group, .ip = q->remote };
    if (!bpf_map_lookup_elem(&members, &member)) return 0;
  } else if ((q->remote & rule->mask_or_group) != rule->address) return 0;
  q->answer = rule->kind == RULE_DENY ? DENIED : rule->kind == RULE_BLOCK && rule->mask_or_group == 0 ? ALLOWED_FROM_ANYWHERE : ALLOWED;
  q->found = 1;
  return 1;
}

// Rules in order: of an ACL by their numbers; of a group those for any address first, for the rest the order says nothing.
static long ask_chunk(__u32 chunk, struct question *q) {
  struct rules_key key = { .group = q->group, .direction = q->direction, .chunk = chunk };
  q->rules = bpf_map_lookup_elem(&rules, &key);
  if (!q->rules) return 1;
  bpf_loop(q->rules->count, ask_rule, q, 0);
  return q->found || !q->rules || chunk + 1 >= q->rules->chunks;
}

static long ask_group(__u32 index, struct question *q) {
  if (index >= MAX_GROUPS || index >= q->p->group_count) return 1;
  __u8 before = q->answer;
  q->group = q->p->groups[index];
  q->found = 0;
  bpf_loop(MAX_CHUNKS, ask_chunk, q, 0);
  if (q->answer < before) q->answer = before;
  return q->answer == ALLOWED_FROM_ANYWHERE || (q->answer == ALLOWED && !q->anywhere);
}

#define WHAT(k) ((k)->protocol | (__u32)(k)->icmp_type << 8 | (__u32)(k)->icmp_code << 16)
#define ANYWHERE (1u << 31) /* look on for a rule that allows it from anywhere */
// Global functions: the verifier takes them once, by themselves, and not again on every way that leads here.
__noinline int ask_groups(const struct port *p, __u32 direction, __be32 remote, __u32 port, __u32 what) {
  if (!p) return DENIED;
  struct question q = { .p = p, .direction = direction, .remote = remote, .port = port, .protocol = what, .type = what >> 8, .code = what >> 16, .anywhere = what >> 31 };
  bpf_loop(MAX_GROUPS, ask_group, &q, 0);
  return q.answer;
}
__noinline int ask_acl(__u32 acl, __u32 direction, __be32 remote, __u32 port, __u32 what) {
  struct question q = { .group = acl, .direction = direction, .remote = remote, .port = port, .protocol = what, .type = what >> 8, .code = what >> 16 };
  bpf_loop(MAX_CHUNKS, ask_chunk, &q, 0);
  return q.answer;
}

// The ACL of the port's subnet; later fragments share the first one's verdict.
static __always_inline int acl_allows(const struct port *p, __u32 direction, struct walk *w) {
  const struct packet *k = &w->k;
  if (!p->acl || k->fragment == LATER_FRAGMENT) return 1;
  w->acl_asked = 1;
  return ask_acl(p->acl, direction, direction == EGRESS ? k->daddr : k->saddr, bpf_ntohs(k->dport), WHAT(k)) != DENIED;
}

static __always_inline int open_to_all(const struct port *p, __u32 direction, __u8 protocol) {
  if (protocol == IPPROTO_TCP) return !!(p->flags & (direction == EGRESS ? P_OPEN_TCP_EGRESS : P_OPEN_TCP_INGRESS));
  return protocol == IPPROTO_UDP && (p->flags & (direction == EGRESS ? P_OPEN_UDP_EGRESS : P_OPEN_UDP_INGRESS));
}

// A packet that no flow knows. `known`: rules allow it, that was asked before; whether it begins a flow is to be said all the same.
static __always_inline int judge(const struct port *p, __u32 direction, const struct packet *k, int known, int *track) {
  __be32 remote = direction == EGRESS ? k->daddr : k->saddr;
  __u32 back = direction == EGRESS ? INGRESS : EGRESS;
  int answer = known ? ALLOWED : open_to_all(p, direction, k->protocol) ? ALLOWED_FROM_ANYWHERE : ask_groups(p, direction, remote, bpf_ntohs(k->dport), WHAT(k) | (open_to_all(p, back, k->protocol) ? ANYWHERE : 0));
  if (answer == DENIED) return 0;
  *track = 1;
  if (answer == ALLOWED_FROM_ANYWHERE && open_to_all(p, back, k->protocol)) *track = 0; // begins a flow that is not tracked
  else if (open_to_all(p, direction, k->protocol) && ask_groups(p, back, remote, bpf_ntohs(k->sport), WHAT(k) | ANYWHERE) == ALLOWED_FROM_ANYWHERE) *track = 0; // answers one
  else if (k->protocol == IPPROTO_TCP && (k->tcp_flags & (TCP_SYN | TCP_ACK)) != TCP_SYN) *track = 0;
  return 1;
}

__noinline int groups_allow(const struct port *p, __u32 direction, struct walk *w) {
  if (!p || !w) return 0;
  const struct packet *k = &w->k;
  if (k->fragment == LATER_FRAGMENT) return 1; // of a first one that got through all the way
  __u64 now = clock_ns();
  struct flow_key key;
  struct flow_user *user = flow_user(p->port);
  __u32 epoch = user ? user->epoch : 0, state = 0;
  int track = 1;
  if (k->inner_at) { // an error about a flow that is tracked here passes with it
    flow_key_of(&key, p->port, epoch, k->inner.saddr, k->inner.daddr, k->inner.sport, k->inner.dport, k->inner.protocol);
    struct flow *about = flow_at(find_flow(&key), &state);
    if (about && idle_ns(about, now) < timeout_ns(p, k->inner.protocol, state)) return 1;
    return judge(p, direction, k, 0, &track);
  }
  int from_a = flow_key_of(&key, p->port, epoch, k->saddr, k->daddr, k->sport, k->dport, k->protocol);
  __u32 mark = find_flow(&key), bits = from_a ? F_BY_A : 0;
  struct flow *f = flow_at(mark, &state);
  __u64 idle = f ? idle_ns(f, now) : 0;
  int alive = f && idle < timeout_ns(p, k->protocol, state);
  if (alive && k->protocol == IPPROTO_TCP && (k->tcp_flags & (TCP_SYN | TCP_ACK)) == TCP_SYN && flow_closed(state)) alive = 0; // the ports are used anew
  if (!alive && !judge(p, direction, k, w->known, &track)) return 0;
  w->asked_at[direction & 1] = alive ? FLOW : RULES;
  if (!track) return 1;
  if (alive) bits = !!(state & F_BY_A) != from_a ? F_ANSWERED : 0;
  if (k->protocol == IPPROTO_TCP) bits |= end_bits(k->tcp_flags, from_a);
  if (!alive) {
    __u32 again = f ? begin_again(f, mark, state, p, &key, bits, now) : 0;
    mark = again ? again : begin_flow(p, user, &key, bits, now);
    if (!mark) w->no_room = 1;
  } else if ((bits & ~state) || idle > SECOND / 8) { // seldom: other processors read this line
    if (add_bits(f, state, bits)) touch(f, p, state | bits, now);
  }
  w->tracked_at[direction & 1] = mark;
  return !!mark;
}
