// Owns reading `nft -j list ruleset` (libnftables-json(5)) as chains of guest-firewall.ts. Tables that iptables made are read from its
// own listing (guest-iptables.ts): the JSON has not all of their rules. Expressions: guest-nftables-value.ts.

import { addRule, type Action, type Chain, type Hook, type Part, type Ruleset, type Sight } from "./guest-firewall.ts";
import { asObject, compare, includes, oneOf, valueOf, type Json, type Sets, type Value } from "./guest-nftables-value.ts";

interface Item { readonly table?: Json; readonly chain?: Json; readonly rule?: Json; readonly set?: Json; readonly map?: Json }
const hooks = new Set<string>(["prerouting", "input", "forward", "output", "postrouting"]);
const families = new Set<unknown>(["ip", "inet"]);

/** @param known tables of family ip that iptables showed already */
export function readNftables(listing: unknown, known: ReadonlySet<string>): Ruleset {
  const items = (asObject(listing)?.nftables ?? []) as readonly Item[];
  const mine = (of: Json): boolean => families.has(of.family) && !(of.family === "ip" && known.has(String(of.table)));
  const chains: Chain[] = [];
  const unread: string[] = [];
  const sets: Sets = new Map();
  if (!Array.isArray(items)) return { chains, unread: ["nft's listing"] };
  for (const { set, map } of items) {
    const one = set ?? map;
    if (one && mine(one)) sets.set(`${tableOf(one)} ${String(one.name)}`, (one.elem ?? []) as readonly unknown[]);
  }
  for (const { chain } of items) {
    if (chain && chain.hook !== undefined && (chain.family === "netdev" || (mine(chain) && !hooks.has(String(chain.hook))))) unread.push(`chain ${String(chain.name)} of table ${tableOf(chain)}`);
    if (chain && mine(chain)) chains.push(readChain(chain));
  }
  for (const { rule } of items) {
    if (!rule || !mine(rule)) continue;
    const chain = chains.find((one) => one.name === rule.chain && one.table === tableOf(rule));
    const expressions = (rule.expr ?? []) as readonly Json[];
    const text = `rule of handle ${String(rule.handle)} in chain ${String(rule.chain)}${typeof rule.comment === "string" ? ` ("${rule.comment}")` : ""}`;
    if (chain) addRule(chain, { text, parts: [...expressions.map((one) => readStatement(one, tableOf(rule), sets)), () => ({ kind: "continue" })], outNames: expressions.flatMap(outNames) });
    else unread.push(text);
  }
  return { chains, unread };
}

const tableOf = (of: Json): string => `${String(of.family)} ${String(of.table)}`;

function readChain(chain: Json): Chain {
  const hook = hooks.has(String(chain.hook)) ? (chain.hook as Hook) : undefined;
  const base = hook && { hook, priority: Number(chain.prio ?? 0), nat: chain.type === "nat", accepts: chain.policy !== "drop" };
  return { name: String(chain.name), table: tableOf(chain), program: "nft", base, rules: [] };
}

function outNames(statement: Json): string[] {
  const match = asObject(statement.match);
  if (!match || match.op === "!=" || asObject(asObject(match.left)?.meta)?.key !== "oifname" && asObject(asObject(match.left)?.meta)?.key !== "oif") return [];
  const right = match.right;
  return typeof right === "string" ? [right] : ((asObject(right)?.set ?? []) as unknown[]).filter((one): one is string => typeof one === "string");
}

/** Statements that change nothing for what is asked here; the first packet of a connection is within every rate. */
const passing = new Set(["counter", "log", "comment", "set", "map", "flow", "secmark", "ct helper", "ct timeout", "ct expectation", "last", "dup"]);
const verdicts = new Set(["accept", "drop", "return", "continue"]);

function readStatement(statement: Json, table: string, sets: Sets): Part {
  const [name = "", body] = Object.entries(statement)[0] ?? [];
  const details = asObject(body) ?? {};
  if (verdicts.has(name)) return () => ({ kind: name as "accept" });
  if (passing.has(name)) return () => true;
  switch (name) {
    case "match": return (sight) => match(details, sight, table, sets);
    case "reject": return () => ({ kind: "reject" });
    case "jump": case "goto": return () => ({ kind: name, chain: String(details.target) });
    case "limit": case "ct count": return () => details.inv !== true;
    case "notrack": return () => ({ kind: "notrack" });
    case "masquerade": case "redirect": return (sight) => ports(details.port, sight, table, sets, (found) => ({ kind: name, ...found }));
    case "snat": case "dnat": return (sight) => translation(name, details, sight, table, sets);
    case "mangle": return (sight) => mangle(details, sight, table, sets);
    case "vmap": return (sight) => verdictMap(details, sight, table, sets);
    case "xt": return xtables(details);
    default: return () => "unknown";
  }
}

function match(details: Json, sight: Sight, table: string, sets: Sets): boolean | "unknown" {
  const left = valueOf(details.left, sight, table, sets);
  if (left === "unknown" || left === "absent") return left === "absent" ? false : "unknown";
  return compare(String(details.op), left, details.right, sight, table, sets);
}

/** What iptables put into a table that its own listing does not show; JSON has the names alone. */
function xtables(details: Json): Part {
  if (details.type === "match") return details.name === "comment" ? () => true : () => "unknown";
  if (details.name === "MASQUERADE") return () => ({ kind: "masquerade" });
  if (details.name === "REJECT") return () => ({ kind: "reject" });
  return details.name === "LOG" ? () => true : () => "unknown";
}

function ports(port: unknown, sight: Sight, table: string, sets: Sets, make: (found: { port?: number; lastPort?: number }) => Action): Action {
  if (port === undefined) return make({});
  const range = asObject(port)?.range;
  const [first, last] = Array.isArray(range) ? range : [oneOf(valueOf(port, sight, table, sets))];
  return typeof first === "number" ? make({ port: first, lastPort: typeof last === "number" ? last : first }) : { kind: "unknown" };
}

function translation(kind: "snat" | "dnat", details: Json, sight: Sight, table: string, sets: Sets): Part extends (s: Sight) => infer R ? R : never {
  const prefix = asObject(asObject(details.addr)?.prefix);
  if (prefix) return "unknown";
  const range = asObject(details.addr)?.range;
  const found = details.addr === undefined ? undefined : valueOf(Array.isArray(range) ? range[0] : details.addr, sight, table, sets);
  if (found === "absent") return false; // its map has nothing for this packet
  if (Array.isArray(found)) { // a map to address . port
    const [address, port] = found;
    return typeof address === "number" && typeof port === "number" ? { kind, address, port, lastPort: port } : "unknown";
  }
  if (found !== undefined && typeof found !== "number") return "unknown";
  return ports(details.port, sight, table, sets, (port) => ({ kind, address: found, choices: Array.isArray(range), ...port }));
}

function mangle(details: Json, sight: Sight, table: string, sets: Sets): true | Action {
  const key = asObject(asObject(details.key)?.meta)?.key;
  if (key !== "mark") return true; // a header's field that nothing here looks at, or the connection's own
  const value: Value = valueOf(details.value, sight, table, sets);
  return typeof value === "number" ? { kind: "mark", keep: 0, flip: value >>> 0 } : { kind: "unknown" };
}

function verdictMap(details: Json, sight: Sight, table: string, sets: Sets): boolean | "unknown" | Action {
  const key = valueOf(details.key, sight, table, sets);
  if (key === "unknown") return key;
  if (key === "absent") return true;
  const data = typeof details.data === "string" ? sets.get(`${table} ${details.data.slice(1)}`) : asObject(details.data)?.set;
  for (const pair of (data ?? []) as readonly unknown[]) {
    if (!Array.isArray(pair)) return "unknown";
    const found = includes(pair[0], key, sight, table, sets);
    if (found === "unknown") return "unknown";
    if (!found) continue;
    const [name = "", target] = Object.entries(asObject(pair[1]) ?? {})[0] ?? [];
    if (verdicts.has(name)) return { kind: name as "accept" };
    return name === "jump" || name === "goto" ? { kind: name, chain: String(asObject(target)?.target) } : "unknown";
  }
  return true;
}
