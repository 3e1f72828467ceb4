// Owns the mutants of what the differential draws nothing or little of: NAT gateways, flow accounts, what is shown to watchers, the room for flows.
// Each says which test of this folder finds it out.

import type { Mutant } from "../support/mutant-object.ts";

export interface CaughtMutant extends Mutant { readonly caughtBy: { readonly file: string; readonly test: string } }

const by = (file: string, test: string) => ({ file, test });
const nat = {
  checksums: by("nat-gateways.test.ts", "every checksum is right, both ways; the answer has the instance's own port"),
  fin: by("nat-gateways.test.ts", "FIN one way closes nothing; both ways it does, ten seconds later"),
  rst: by("nat-gateways.test.ts", "RST ends a connection at once; what belongs to none is answered with RST"),
  idle: by("nat-gateways.test.ts", "an idle connection is forgotten after 350 seconds: RST to the instance that goes on; IdleTimeoutCount"),
  used: by("nat-gateways.test.ts", "a connection that is used is not idle"),
  pieces: by("nat-gateways.test.ts", "pieces of UDP pass, of ICMP and TCP do not"),
  basics: by("nat-gateways.test.ts", "TCP, UDP and ping leave with its Elastic IP and a port of 1024 or more, and their answers come back"),
  answers: by("nat-gateways.test.ts", "only answers come in, only from whom was asked; it answers no ping itself"),
  errors: by("nat-gateways.test.ts", "an error about a connection reaches the instance: traceroute's and path MTU discovery's way"),
  own: by("nat-gateways.test.ts", "a private gateway translates to its private address; from outside its VPC it is not used"),
  limit: by("nat-gateway-ports.test.ts", "55,000 to one destination and not one more: ErrorPortAllocation; another destination has its own"),
  room: by("nat-gateway-room.test.ts", "a flood gets three quarters of the room; others begin by the same gateway and by another, and an answered connection lives"),
};
const verdicts = by("shared-verdicts.test.ts", "two processors that write and read the same lines mistake no packet for another");
const slowWriting = { find: "  c->generation = v->generation;\n", put: "  barrier();\n  if (bpf_get_prandom_u32() & 1) for (volatile long i = 0; i < 3000; i++); // so that one overtakes the other\n  barrier();\n  c->generation = v->generation;\n" };
const accounts = {
  both: by("flow-accounts.test.ts", "an interface that nobody watches has no account; one that is watched has both directions"),
  rejected: by("flow-accounts.test.ts", "rejected by the group: one record; REJECT alone and ACCEPT alone"),
  acl: by("flow-accounts.test.ts", "an ACL that lets nothing in, and one that lets nothing out of the sender's subnet"),
  flags: by("flow-accounts.test.ts", "tcp-flags of a connection: SYN and FIN, SYN-ACK and FIN"),
  unlogged: by("flow-accounts.test.ts", "to the router and between DHCP's ports: not logged"),
  bulk: by("flow-accounts.test.ts", "a bulk transfer: packets and bytes are those that the sockets sent, trains of segments and all, while accounts are drained"),
  lost: by("flow-accounts.test.ts", "more flows than there is room for at one interface: as many as the others are counted as lost"),
};
const watching = {
  over: by("watching.test.ts", "nobody watches, or somebody did a while ago: nothing is shown"),
  drop: by("watching.test.ts", "a drop is shown with its reason, its interface, the link it came in by and its first 160 bytes"),
  flood: by("watching.test.ts", "a flood of one reason at one interface is shown in part, the rest is counted, and hides no other"),
  frames: by("watching.test.ts", "frames of a captured link, both ways, once each, as long as asked for; another's are not; a VLAN tag is where it was"),
  full: by("watching.test.ts", "frames that find no room are counted as lost"),
};

const flood = by("floods.test.ts", "a flood of SYNs pushes out no answered connection: not the others', not those of its target, not even its own; new ones begin");
const crowd = {
  room: by("crowd.test.ts", "where all of it is full: whoever has most makes room, of what was not answered, for whoever begins"),
  answered: by("crowd.test.ts", "answered flows are nobody's room, nor those of who has fewer: it is TRACKING_FULL, until one ends"),
  ends: by("crowd.test.ts", "one end of a connection makes no room for the other: it does not begin, and that has a reason"),
  gone: by("crowd.test.ts", "flows of an interface that is gone are nobody's: they make room, and are not known when it comes again"),
  flood: by("crowd.test.ts", "a flood that has its whole allowance and goes on makes room of its own, and for all the others"),
  own: by("crowd.test.ts", "who has a full allowance begins in the place of what it closed there; nothing else makes room"),
  heap: by("crowd.test.ts", "what a full allowance gives up is found, though all of it lies in a row, in an eighth of the table"),
  ports: by("crowd.test.ts", "flows of the same two ports are as many as others"),
};
const pieces = by("floods.test.ts", "a flood of first pieces pushes out its own: another's later piece still follows its first");

export const mutants: readonly CaughtMutant[] = [
  { name: "a full allowance pushes out answered flows", file: "tracking.bpf.h", find: "if ((state & F_ANSWERED) && !flow_closed(state) && !is_over(f, state, h->now)) return 0;", put: "", caughtBy: flood },
  { name: "a full allowance pushes out nothing", file: "tracking.bpf.h", find: "if ((state & F_ANSWERED) && !flow_closed(state) && !is_over(f, state, h->now)) return 0;", put: "return 0;", caughtBy: flood },
  { name: "a full allowance pushes out another's", file: "tracking.bpf.h", find: " || f->key.port != h->port || f->key.protocol >> 8 != h->epoch) return 0;", put: ") return 0;", caughtBy: crowd.flood },
  { name: "a full allowance begins in the place of what lives", file: "tracking.bpf.h", find: " || !(flow_closed(state) || is_over(f, state, now))) continue;", put: " || !(state || is_over(f, state, now))) continue;", caughtBy: crowd.own },
  { name: "a full allowance begins in another's place", file: "tracking.bpf.h", find: " || f->key.port != t->port || f->key.protocol >> 8 != t->epoch ||", put: " ||", caughtBy: crowd.own },
  { name: "what a full allowance gives up is looked for in a row", file: "tracking.bpf.h", find: "(__u64)spread * flow_sets >> 32", put: "(h->hand + set) & (flow_sets - 1)", caughtBy: crowd.heap },
  { name: "no interface has an allowance", file: "tracking.bpf.h", find: "user->used >= (__s32)flow_allowance", put: "0", caughtBy: crowd.flood },
  { name: "nobody makes room where all is full", file: "tracking.bpf.h", find: "if (take(f, s.state)) return s.place;", put: "return 0;", caughtBy: crowd.room },
  { name: "whoever has fewest makes room", file: "tracking.bpf.h", find: "used < s->used) return 0;", put: "(s->place && used > s->used)) return 0;", caughtBy: crowd.room },
  { name: "a place that is taken over is still its owner's", file: "tracking.bpf.h", find: "if (user) __sync_fetch_and_add(&user->used, -1);", put: "", caughtBy: crowd.room },
  { name: "who has few makes room for who has many", file: "tracking.bpf.h", find: "    s.used = used;\n", put: "    s.used = 0;\n", caughtBy: crowd.answered },
  { name: "room is made of answered flows", file: "tracking.bpf.h", find: "(used != GIVEN && (state & F_ANSWERED)) || ", put: "", caughtBy: crowd.answered },
  { name: "one end of a connection makes room for the other", file: "tracking.bpf.h", find: " || same_connection(&f->key, s->key)) return 0;", put: ") return 0;", caughtBy: crowd.ends },
  { name: "a closed flow makes no room", file: "tracking.bpf.h", find: "user && !flow_closed(state) ?", put: "user ?", caughtBy: crowd.answered },
  { name: "flows of an interface that was there before are known", file: "tracking.bpf.h", find: ".epoch = bpf_get_prandom_u32() >> 8", put: ".epoch = 0", caughtBy: crowd.gone },
  { name: "flows of an interface that is gone make no room", file: "tracking.bpf.h", find: "__s32 used = user && !flow_closed(state) ?", put: "__s32 used = !user ? 0 : !flow_closed(state) ?", caughtBy: crowd.gone },
  { name: "flows of the same two ports have one set", file: "flows.bpf.h", find: "if (mark || !set->elsewhere) return mark;", put: "return mark;", caughtBy: crowd.ports },
  { name: "first pieces' places are everybody's", file: "fragments.bpf.h", find: "struct fragment_slot at = { .port = piece.port,", put: "struct fragment_slot at = { .port = 0,", caughtBy: pieces },

  { name: "protocols that have no ports are all one", file: "groups.bpf.h", find: "if (rule->protocol != q->protocol) return 0;", put: "if (rule->protocol != q->protocol && (q->protocol == IPPROTO_TCP || q->protocol == IPPROTO_UDP || q->protocol == IPPROTO_ICMP)) return 0;", caughtBy: by("protocols.test.ts", "GRE: a group lets it in by its number, and no other; its answer goes back") },
  { name: "who is told that a packet was too long hears of the NAT gateway's", file: "answers.bpf.h", find: "if (k->saddr != w->was.saddr) {", put: "if (0) {", caughtBy: by("sizes.test.ts", "a jumbo packet through a NAT gateway: its sender hears of 1,500, about what it sent itself") },

  { name: "a NAT gateway's ports begin below 1024", file: "nat.bpf.h", find: "NAT_FIRST_PORT = 1024", put: "NAT_FIRST_PORT = 24", caughtBy: nat.limit },
  { name: "a NAT gateway carries 55,001 connections to a destination", file: "nat.bpf.h", find: "NAT_CONNECTIONS = 55000", put: "NAT_CONNECTIONS = 55001", caughtBy: nat.limit },
  { name: "a translated TCP port leaves its checksum wrong", file: "rewrite.bpf.h", find: "  if (k->protocol == IPPROTO_TCP && bpf_l4_csum_replace(skb, k->l4_at + 16, from, to, 2)) return -1;\n", put: "", caughtBy: nat.checksums },
  { name: "a translated UDP port leaves its checksum wrong", file: "rewrite.bpf.h", find: "  if (k->protocol == IPPROTO_UDP && bpf_l4_csum_replace(skb, k->l4_at + 6, from, to, BPF_F_MARK_MANGLED_0 | 2)) return -1;\n", put: "", caughtBy: nat.checksums },
  { name: "a translated echo's identifier leaves its checksum wrong", file: "rewrite.bpf.h", find: "  if (k->protocol == IPPROTO_ICMP && bpf_l4_csum_replace(skb, k->l4_at + 2, from, to, 2)) return -1;\n", put: "", caughtBy: nat.checksums },
  { name: "a NAT gateway does not translate the port that an error quotes", file: "nat.bpf.h", find: "rewrite_inner_port(skb, k, SOURCE, k->inner.sport, key.sport);", put: "", caughtBy: nat.errors },
  { name: "a NAT gateway remembers idle connections ten times as long", file: "nat.bpf.h", find: "(nat_closed(bits) ? 10 : 350) * SECOND", put: "(nat_closed(bits) ? 10 : 3500) * SECOND", caughtBy: nat.idle },
  { name: "a used NAT connection ends as an idle one", file: "nat.bpf.h", find: "if (now - c->seen_ns > SECOND / 8) c->seen_ns = now;\n  if (k->protocol != IPPROTO_TCP) return;", put: "if (k->protocol != IPPROTO_TCP) return;", caughtBy: nat.used },
  { name: "the end of an idle NAT connection is not counted", file: "nat.bpf.h", find: "if (idle) meter(key.port, N_IDLE, 1, NO_METRIC, 0);", put: "", caughtBy: nat.idle },
  { name: "FIN one way closes a NAT connection", file: "nat.bpf.h", find: "return (bits & (N_FIN_OUT | N_FIN_IN)) == (N_FIN_OUT | N_FIN_IN);", put: "return !!(bits & (N_FIN_OUT | N_FIN_IN));", caughtBy: nat.fin },
  { name: "a closed NAT connection lives on", file: "nat.bpf.h", find: "(nat_closed(bits) ? 10 : 350) * SECOND", put: "350 * SECOND", caughtBy: nat.fin },
  { name: "RST ends no NAT connection", file: "nat.bpf.h", find: "if (k->tcp_flags & TCP_RST) nat_forget(key, c, 0);", put: "", caughtBy: nat.rst },
  { name: "a NAT gateway sends no RST", file: "nat.bpf.h", find: "|| make_reset(skb, w)) return TC_ACT_SHOT;", put: "|| 1) return TC_ACT_SHOT;", caughtBy: nat.rst },
  { name: "a NAT gateway's RST has a sequence number of its own", file: "answers.bpf.h", find: "out.tcp.seq = in.ack;", put: "out.tcp.seq = 0;", caughtBy: nat.rst },
  { name: "pieces of TCP and ICMP pass a NAT gateway", file: "nat.bpf.h", find: "NAT_SOURCE);\n  if (k->fragment && k->protocol != IPPROTO_UDP) return nat_drop(skb, number, NAT_FRAGMENT);", put: "NAT_SOURCE);", caughtBy: nat.pieces },
  { name: "a NAT gateway serves whoever sends to it", file: "nat.bpf.h", find: "if (!n || !in_vpc(gate->vpc, k->saddr))", put: "if (!n)", caughtBy: nat.own },
  { name: "strangers answer over a NAT connection", file: "nat.bpf.h", find: ".remote = key->daddr, .nat_port", put: ".remote = 0, .nat_port", caughtBy: nat.basics },
  { name: "established NAT connections are not counted", file: "nat.bpf.h", find: "meter(number, N_ESTABLISHED, 1, NO_METRIC, 0);", put: "(void)0;", caughtBy: nat.basics },
  { name: "a NAT gateway counts the bytes of frames", file: "nat.bpf.h", find: "return meter(port, metric, packets, metric + 1, bytes);", put: "return meter(port, metric, packets, metric + 1, skb->len);", caughtBy: nat.basics },
  { name: "what a NAT gateway drops has no reason of its own", file: "nat.bpf.h", find: "if (!holder) return nat_drop(skb, number, NAT_NO_CONNECTION);", put: "if (!holder) return TC_ACT_SHOT;", caughtBy: nat.answers },
  { name: "NAT connections are for who comes first", file: "nat.bpf.h", find: "return *all < nat_most / 4 * 3 || *own < nat_most / NAT_FEW;", put: "return 1;", caughtBy: nat.room },
  { name: "few NAT connections are as good as many", file: "nat.bpf.h", find: " || *own < nat_most / NAT_FEW", put: "", caughtBy: nat.room },
  { name: "a NAT connection that ended still counts", file: "nat.bpf.h", find: "nat_count(user, -1);", put: "nat_count(user, 0);", caughtBy: nat.room },

  { name: "what is rejected is accounted as accepted", file: "account.bpf.h", find: "(verdict == REJECTED ? A_REJECT : 0)", put: "(verdict == 77 ? A_REJECT : 0)", caughtBy: accounts.rejected },
  { name: "what is rejected is accepted as well", file: "account.bpf.h", find: "if (direction == EGRESS) w->rejected = 1;", put: "", caughtBy: by("flow-accounts.test.ts", "the sender's group stops it; a blackhole stops what was accepted") },
  { name: "REJECT alone accounts what is accepted", file: "account.bpf.h", find: "if (p->flags & P_LOG_ACCEPT)", put: "if (p->flags & (P_LOG_ACCEPT | P_LOG_REJECT))", caughtBy: accounts.rejected },
  { name: "a receiver's ACL accounts at the sender", file: "port.bpf.c", find: "return reject(skb, w, to, INGRESS, ACL_INGRESS);\n    }\n  }", put: "return reject(skb, w, from, INGRESS, ACL_INGRESS);\n    }\n  }", caughtBy: accounts.acl },
  { name: "accounts have no direction", file: "account.bpf.h", find: "key.bits = (direction == EGRESS ? A_EGRESS : 0)", put: "key.bits = 0", caughtBy: accounts.both },
  { name: "accounts go to one generation for ever", file: "account.bpf.h", find: ".generation = *generation };", put: ".generation = 0 };", caughtBy: accounts.rejected },
  { name: "a train of segments is one packet", file: "count.bpf.h", find: "*packets = (payload + segment - 1) / segment;", put: "", caughtBy: accounts.bulk },
  { name: "a train of segments has one header", file: "count.bpf.h", find: "*bytes = payload + *packets * headers;", put: "*bytes = payload + headers;", caughtBy: accounts.bulk },
  { name: "ACK is said of every segment", file: "account.bpf.h", find: "if (flags & TCP_SYN) flags |= k->tcp_flags & TCP_ACK;", put: "flags |= k->tcp_flags & TCP_ACK;", caughtBy: accounts.flags },
  { name: "what is remembered is not accounted", file: "account.bpf.h", find: "  w->cacheable = 0;\n  const struct packet", put: "  const struct packet", caughtBy: accounts.flags },
  { name: "DHCP is logged", file: "account.bpf.h", find: "if (k->protocol == IPPROTO_UDP && (k->dport == bpf_htons(67)", put: "if (0 && (k->dport == bpf_htons(67)", caughtBy: accounts.unlogged },
  { name: "accounts that find no room are not counted as lost", file: "account.bpf.h", find: "if (!a) __sync_fetch_and_add(&room->lost, packets);", put: "", caughtBy: accounts.lost },
  { name: "one interface may fill the table of accounts", file: "account.bpf.h", find: "if (room->used < MOST_ACCOUNTS) {", put: "if (1) {", caughtBy: accounts.lost },

  { name: "drops are shown for ever", file: "watch.bpf.h", find: "if (now > watch.drops_until_ns) return 0;", put: "", caughtBy: watching.over },
  { name: "frames are shown for ever", file: "watch.bpf.h", find: "if (now > watch.frames_until_ns) return 0;", put: "", caughtBy: watching.over },
  { name: "a shown drop names the interface's link in place of where it came in", file: "watch.bpf.h", find: "d->entry = skb->ifindex;", put: "d->entry = port;", caughtBy: watching.drop },
  { name: "a shown drop is cut one byte early", file: "watch.bpf.h", find: "enum { SHOWN_BYTES = 160,", put: "enum { SHOWN_BYTES = 159,", caughtBy: watching.drop },
  { name: "a flood of drops at one interface hides another's", file: "watch.bpf.h", find: "struct drop_key key = { .port = port, .reason = reason };\n  struct drop_rate", put: "struct drop_key key = {};\n  struct drop_rate", caughtBy: watching.flood },
  { name: "drops that are not shown are not counted", file: "watch.bpf.h", find: "if (!d) { __sync_fetch_and_add(&rate->lost, 1); return 0; }", put: "if (!d) return 0;", caughtBy: watching.flood },
  { name: "an ACL's word about one port holds for all", file: "cache.bpf.h", find: " && !w->acl_asked ?", put: " ?", caughtBy: by("first-packets.test.ts", "an ACL that denies the answers to some ports denies them to these, right after others passed") },
  { name: "what the client's own rules say of a source port holds for all", file: "cache.bpf.h", find: " || bpf_ntohs(h->sport) < t->open_ports) return 0;", put: ") return 0;", caughtBy: by("first-packets.test.ts", "a connection from a port that the client's own rules open is not tracked, right after one that is") },
  { name: "the highest port that the client's own rules open is none of them", file: "groups.bpf.h", find: "rule->to + 1 : 0;", put: "rule->to : 0;", caughtBy: by("first-packets.test.ts", "a connection from a port that the client's own rules open is not tracked, right after one that is") },
  { name: "an answer begins a connection", file: "cache.bpf.h", find: "if ((h->tcp_flags & TCP_ACK) || ", put: "if (", caughtBy: by("first-packets.test.ts", "an answer that nobody asked for is stopped, right after one that somebody did") },
  { name: "a flow that is given up is still its owner's", file: "tracking.bpf.h", find: "  if (h.found) __sync_fetch_and_add(&user->used, -1);\n", put: "", caughtBy: crowd.flood },
  { name: "an end that closes writes over the other's word", file: "flows.bpf.h", find: "__u32 now = __sync_val_compare_and_swap(&f->state, state, state | bits);", put: "__u32 now = state; f->state = state | bits;", caughtBy: by("closing.test.ts", "of two ends that close at once, by two processors, each is heard") },
  { name: "headers of one bucket drive each other out", file: "lines.bpf.h", find: "    entry = was;\n", put: "", caughtBy: by("shared-verdicts.test.ts", "as many headers as a bucket has room for do not drive each other out") },
  { name: "a line that is over hides the one that lasts", file: "lines.bpf.h", find: "if (may_be_of(fresh->entry[i], hash)) fresh->entry[i] = 0;", put: "if (0) fresh->entry[i] = 0;", caughtBy: by("first-packets.test.ts", "a connection that lives longer than its first verdict has a line that lasts, and not a new one for each packet") },
  { name: "two processors write one line", file: "lines.bpf.h", find: "return !(turn & 1) && __sync_val_compare_and_swap(&c->turn, turn, turn + 1) == turn;", put: "__sync_fetch_and_add(&c->turn, 1);\n  return 1;", slower: slowWriting, caughtBy: verdicts },
  { name: "what is remembered of a flow is not captured", file: "cache.bpf.h", find: "  WATCH_FRAME(skb, v->to, RECEIVED);\n", put: "", caughtBy: watching.frames },
  { name: "a capture has all of a frame, however much was asked for", file: "watch.bpf.h", find: "if (shown > link->most_bytes) shown = link->most_bytes;", put: "", caughtBy: watching.frames },
  { name: "captured frames that find no room are not counted", file: "watch.bpf.h", find: "if (lost) __sync_fetch_and_add(&link->lost, 1);", put: "", caughtBy: watching.full },
];
