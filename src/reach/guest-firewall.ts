// Owns how a guest's netfilter judges one packet at one hook: base chains in the order of their priorities, jumps, verdicts and
// translations (netfilter's hook order; nftables wiki, "Netfilter hooks"). What is written there: guest-iptables.ts, guest-nftables.ts.

import { assert } from "../lib/assert.ts";
import type { Packet } from "../model/packet.ts";

export type Hook = "prerouting" | "input" | "forward" | "output" | "postrouting";
export type TrackState = "new" | "established" | "related" | "invalid" | "untracked";

/** What a rule may look at. `mark` and `state` are set by rules. */
export interface Sight {
  readonly hook: Hook;
  readonly packet: Packet;
  readonly in?: string | undefined;
  readonly out?: string | undefined;
  /** The first packet of the connection, before any translation: of an answer too. */
  readonly original: Packet;
  readonly translated: { readonly source: boolean; readonly destination: boolean };
  readonly isLocal: (address: number) => boolean;
  state: TrackState;
  mark: number;
}

export type Translation =
  | { readonly kind: "snat" | "dnat"; readonly address?: number | undefined; readonly port?: number | undefined; readonly lastPort?: number | undefined; readonly choices?: boolean | undefined }
  | { readonly kind: "masquerade" | "redirect"; readonly port?: number | undefined; readonly lastPort?: number | undefined }
  | { readonly kind: "netmap"; readonly address: number; readonly prefixLength: number };
export type Action =
  | { readonly kind: "accept" | "drop" | "reject" | "return" | "continue" | "notrack" | "unknown" }
  | { readonly kind: "jump" | "goto"; readonly chain: string }
  | { readonly kind: "mark"; readonly keep: number; readonly flip: number } // mark = (mark & keep) ^ flip
  | Translation;
/** A part of a rule: true: go on with the next part; false: the rule is not about this packet; "unknown": nobody here can tell. */
export type Part = (sight: Sight) => boolean | "unknown" | Action;

export interface Rule {
  readonly text: string; // as its own program shows it: "-A FORWARD -p icmp -j DROP"
  readonly parts: readonly Part[];
  readonly from: Chain;
  readonly outNames: readonly string[]; // devices that it asks the packet to leave by
}
export interface Chain {
  readonly name: string; // "FORWARD"
  readonly table: string; // "filter", "inet filter"
  readonly program: "iptables" | "iptables-legacy" | "nft";
  readonly base?: { readonly hook: Hook; readonly priority: number; readonly nat: boolean; readonly accepts: boolean } | undefined;
  readonly rules: Rule[];
}
/** Every chain of every table; jumps stay within a table of one program. */
export interface Ruleset { readonly chains: readonly Chain[]; readonly unread: readonly string[] }

export interface Judgement {
  /** Each chain that drops it, with the rule, or without for its policy. Others go on as if that were mended. */
  readonly drops: readonly { readonly chain: Chain; readonly rule?: Rule | undefined }[];
  readonly translation?: { readonly by: Rule; readonly how: Translation } | undefined;
  /** A rule with a verdict ended the translating chain: one that is appended would not be asked. */
  readonly ended: boolean;
}

const NAT_PRIORITY: Readonly<Record<Hook, number>> = { prerouting: -100, output: -100, input: 100, postrouting: 100, forward: 0 };
const JUMPS_DEEP = 16; // nf_tables' own limit

/** How rules are asked that nobody here understands: once as if none were about the packet, once as if all were. */
export interface Doubt { readonly unknownMatches: boolean; readonly met: Set<string> }

/** The chains with a priority in [from, to), translating ones apart: they are all asked at one place (nf_nat_core). */
export function judge(ruleset: Ruleset, sight: Sight, from: number, to: number, doubt: Doubt): Judgement {
  const chains = baseChains(ruleset, sight.hook).filter(({ base }) => !base!.nat && base!.priority >= from && base!.priority < to);
  const drops: { chain: Chain; rule?: Rule | undefined }[] = [];
  for (const chain of chains) {
    const end = walk(ruleset, chain, sight, doubt, 0);
    if (end === undefined ? !chain.base!.accepts : isDrop(end.action)) drops.push({ chain, rule: end?.rule });
  }
  return { drops, ended: false };
}

/** The translating chains of a hook, for the first packet of a connection: the first that translates ends it. */
export function translate(ruleset: Ruleset, sight: Sight, doubt: Doubt): Judgement {
  const drops: { chain: Chain; rule?: Rule | undefined }[] = [];
  let ended = false;
  for (const chain of baseChains(ruleset, sight.hook).filter(({ base }) => base!.nat)) {
    const end = walk(ruleset, chain, sight, doubt, 0);
    if (end === undefined ? !chain.base!.accepts : isDrop(end.action)) drops.push({ chain, rule: end?.rule });
    else if (end !== undefined && isTranslation(end.action)) return { drops, translation: { by: end.rule, how: end.action }, ended: true };
    else if (end !== undefined) ended = true;
  }
  return { drops, ended };
}

export const natPriority = (hook: Hook): number => NAT_PRIORITY[hook];
export const baseChains = (ruleset: Ruleset, hook: Hook): Chain[] =>
  ruleset.chains.filter(({ base }) => base?.hook === hook).sort((a, b) => a.base!.priority - b.base!.priority);

export const isTranslation = (action: Action): action is Translation => ["snat", "dnat", "masquerade", "redirect", "netmap"].includes(action.kind);
const isDrop = (action: Action): boolean => action.kind === "drop" || action.kind === "reject";

interface End { readonly action: Action; readonly rule: Rule }

/** Through a chain to a verdict; undefined: it ends without one. */
function walk(ruleset: Ruleset, chain: Chain, sight: Sight, doubt: Doubt, depth: number): End | undefined {
  if (depth > JUMPS_DEEP) return undefined;
  for (const rule of chain.rules) {
    const action = ask(rule, sight, doubt);
    if (action.kind === "continue") continue;
    if (action.kind === "return") return undefined;
    if (action.kind === "jump" || action.kind === "goto") {
      const target = ruleset.chains.find((one) => one.name === action.chain && one.table === chain.table && one.program === chain.program);
      const end = target && walk(ruleset, target, sight, doubt, depth + 1);
      if (end !== undefined || action.kind === "goto") return end;
      continue;
    }
    return { action, rule };
  }
  return undefined;
}

const CONTINUE: Action = { kind: "continue" };

function ask(rule: Rule, sight: Sight, doubt: Doubt): Action {
  for (const part of rule.parts) {
    let answer = part(sight);
    if (answer === "unknown" || (typeof answer === "object" && answer.kind === "unknown")) {
      doubt.met.add(`${rule.from.program} ${rule.from.table}: ${rule.text}`);
      if (!doubt.unknownMatches) return CONTINUE;
      answer = answer === "unknown" ? true : { kind: "drop" };
    }
    if (answer === false) return CONTINUE;
    if (answer === true) continue;
    if (answer.kind === "mark") sight.mark = ((sight.mark & answer.keep) ^ answer.flip) >>> 0;
    else if (answer.kind === "notrack") sight.state = "untracked";
    else if (answer.kind !== "continue") return answer;
  }
  return CONTINUE;
}

/** A rule of `chain`, put at its end. */
export function addRule(chain: Chain, rule: Omit<Rule, "from">): void {
  assert(rule.parts.length > 0, "a rule says something");
  chain.rules.push({ ...rule, from: chain });
}
