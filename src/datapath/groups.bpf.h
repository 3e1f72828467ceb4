// Owns security groups and network ACLs. Groups: per interface and direction, stateful (EC2 user guide, "Security group connection
// tracking"). What a rule allowed lives on as a flow after the rule is gone; a denial is never remembered. A TCP or UDP flow that
// anybody may begin and every answer to which may leave is not tracked: no state, the rules are asked for each packet, and it
// ends with them. So that such a flow's own packets make no state, TCP's begins with a SYN and with nothing else.
#pragma once
#include "tracking.bpf.h"

enum direction { INGRESS, EGRESS };
enum answer { DENIED, ALLOWED, ALLOWED_FROM_ANYWHERE };

struct question { const struct port *p; const struct rules *rules; __u32 group, direction; __be32 remote; __u16 port; __u8 protocol, type, code, answer, found, anywhere, any_port; __u32 open_ports; };

static long ask_rule(__u32 index, struct question *q) {
  if (index >= RULES_PER_CHUNK) return 1;
  const struct rule *rule = &q->rules->rule[index];
  if (q->any_port) {
    __u32 ports = rule->any_protocol ? 65536 : rule->protocol == q->protocol ? rule->to + 1 : 0;
    if (rule->kind == RULE_BLOCK && rule->mask_or_group == 0 && ports > q->open_ports) q->open_ports = ports;
    return 0;
  }
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
#define ANY_PORT (1u << 30) /* answer the port after the highest that a rule allows from anywhere; 0: none does */
// Global functions: the verifier takes them once, by themselves, and not again on every way that leads here.
__noinline int ask_groups(const struct port *p, __u32 direction, __be32 remote, __u32 port, __u32 what) {
  if (!p) return DENIED;
  struct question q = { .p = p, .direction = direction, .remote = remote, .port = port, .protocol = what, .type = what >> 8, .code = what >> 16, .anywhere = what >> 31, .any_port = what >> 30 & 1 };
  bpf_loop(MAX_GROUPS, ask_group, &q, 0);
  return q.any_port ? q.open_ports : q.answer;
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

// A packet that no flow knows.
static __always_inline int judge(const struct port *p, __u32 direction, const struct packet *k, int *track) {
  __be32 remote = direction == EGRESS ? k->daddr : k->saddr;
  __u32 back = direction == EGRESS ? INGRESS : EGRESS;
  int answer = open_to_all(p, direction, k->protocol) ? ALLOWED_FROM_ANYWHERE : ask_groups(p, direction, remote, bpf_ntohs(k->dport), WHAT(k) | (open_to_all(p, back, k->protocol) ? ANYWHERE : 0));
  if (answer == DENIED) return 0;
  *track = 1;
  if (answer == ALLOWED_FROM_ANYWHERE && open_to_all(p, back, k->protocol)) *track = 0; // begins a flow that is not tracked
  else if (open_to_all(p, direction, k->protocol) && ask_groups(p, back, remote, bpf_ntohs(k->sport), WHAT(k) | ANYWHERE) == ALLOWED_FROM_ANYWHERE) *track = 0; // answers one
  else if (k->protocol == IPPROTO_TCP && (k->tcp_flags & (TCP_SYN | TCP_ACK)) != TCP_SYN) *track = 0;
  return 1;
}

static __always_inline struct tracker tracker_of(const struct port *p, const struct flow_user *user) {
  return (struct tracker){ .port = p->port, .epoch = user ? user->epoch : 0, .tcp_established_s = p->tcp_established_s, .udp_stream_s = p->udp_stream_s, .udp_s = p->udp_s };
}

__noinline int groups_allow(const struct port *p, __u32 direction, struct walk *w) {
  if (!p || !w) return 0;
  const struct packet *k = &w->k;
  if (k->fragment == LATER_FRAGMENT) return 1; // of a first one that got through all the way
  __u64 now = jiffies_ns();
  struct flow_key key;
  struct flow_user *user = flow_user(p->port);
  const struct tracker t = tracker_of(p, user);
  __u32 state = 0, tcp_flags = k->protocol == IPPROTO_TCP ? k->tcp_flags : 0;
  int track = 1;
  if (k->inner_at) { // an error about a flow that is tracked here passes with it
    flow_key_of(&key, t.port, t.epoch, k->inner.saddr, k->inner.daddr, k->inner.sport, k->inner.dport, k->inner.protocol);
    struct flow *about = flow_at(find_flow(&key), &state);
    if (about && idle_ns(about, now) < timeout_ns(&t, k->inner.protocol, state)) return 1;
    return judge(p, direction, k, &track);
  }
  struct found at;
  look_for(&at, &t, &key, flow_key_of(&key, t.port, t.epoch, k->saddr, k->daddr, k->sport, k->dport, k->protocol), tcp_flags, now);
  if (!at.alive && !judge(p, direction, k, &track)) return 0;
  w->asked_at[direction & 1] = at.alive ? FLOW : RULES;
  if (!track) return 1;
  __u32 mark = note_flow(&at, &t, user, &key, tcp_flags, now);
  if (!mark) w->no_room = 1;
  w->tracked_at[direction & 1] = mark;
  return !!mark;
}

// The port after the highest by which a connection that begins at this end may be the answer to one that is not tracked (judge); 0: by none.
static __always_inline __u32 open_ports(const struct port *p, __u32 direction) {
  return open_to_all(p, direction, IPPROTO_TCP) ? ask_groups(p, direction == EGRESS ? INGRESS : EGRESS, 0, 0, IPPROTO_TCP | ANY_PORT) : 0;
}
