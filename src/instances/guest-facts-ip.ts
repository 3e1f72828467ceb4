// Owns what iproute2 says as JSON (ip-address(8), ip-route(8), ip-rule(8)), as typed facts.

export interface DeviceFact { readonly name: string; readonly mac: string; readonly up: boolean; readonly addresses: readonly { readonly address: string; readonly prefixLength: number }[]; readonly reversePathFilter: 0 | 1 | 2; readonly forwarding: boolean }
export interface RouteFact { readonly table: string; readonly type: string; readonly destination: string; readonly gateway?: string | undefined; readonly device?: string | undefined; readonly source?: string | undefined; readonly metric: number }
export interface RuleFact {
  readonly priority: number; readonly not?: boolean | undefined; readonly from: string; readonly to?: string | undefined; readonly iif?: string | undefined; readonly oif?: string | undefined; readonly fwmark?: string | undefined;
  readonly protocol?: string | undefined; readonly sourcePorts?: string | undefined; readonly destinationPorts?: string | undefined; readonly table: string; readonly action?: string | undefined; readonly suppressPrefixLength?: number | undefined;
  readonly unknown?: readonly string[] | undefined;
}
type Row = Readonly<Record<string, unknown>>;
const text = (value: unknown): string | undefined => (typeof value === "string" ? value : typeof value === "number" ? String(value) : undefined);

export function readDevices(rows: readonly unknown[], settings: (name: string) => { readonly reversePathFilter: number; readonly forwarding: boolean }): DeviceFact[] {
  return (rows as readonly Row[]).filter((row) => typeof row.ifname === "string").map((row) => {
    const name = row.ifname as string;
    const { reversePathFilter, forwarding } = settings(name);
    const addresses = ((row.addr_info ?? []) as readonly Row[]).filter((one) => one.family === "inet").map((one) => ({ address: String(one.local), prefixLength: Number(one.prefixlen) }));
    const filter = reversePathFilter === 1 || reversePathFilter === 2 ? reversePathFilter : 0;
    return { name, mac: String(row.address ?? ""), up: ((row.flags ?? []) as readonly string[]).includes("UP"), addresses, reversePathFilter: filter, forwarding };
  });
}

/** Of a route with several next hops, one row each; the kernel chooses by a hash of addresses. */
export function readRoutes(rows: readonly unknown[]): RouteFact[] {
  return (rows as readonly Row[]).filter((row) => typeof row.dst === "string" && !row.dst.includes(":")).flatMap((row): RouteFact[] => {
    const destination = row.dst === "default" ? "0.0.0.0/0" : String(row.dst).includes("/") ? String(row.dst) : `${String(row.dst)}/32`;
    const hops = Array.isArray(row.nexthops) ? (row.nexthops as readonly Row[]) : [row];
    return hops.map((hop) => ({
      table: text(row.table) ?? "main", type: text(row.type) ?? "unicast", destination, gateway: text(hop.gateway), device: text(hop.dev), source: text(row.prefsrc), metric: Number(row.metric ?? 0),
    }));
  });
}

const understood = new Set(["priority", "not", "src", "srclen", "dst", "dstlen", "iif", "iif_detached", "oif", "oif_detached", "fwmark", "fwmask", "ipproto", "sport", "sport_start", "sport_end", "dport", "dport_start", "dport_end", "table", "action", "suppress_prefixlen", "protocol"]);

export function readRules(rows: readonly unknown[]): RuleFact[] {
  return (rows as readonly Row[]).filter((row) => typeof row.priority === "number").map((row) => {
    const block = (address: unknown, length: unknown): string | undefined => (address === undefined || address === "all" ? undefined : `${String(address)}/${length === undefined ? 32 : Number(length)}`);
    const ports = (name: string): string | undefined => text(row[name]) ?? (row[`${name}_start`] === undefined ? undefined : `${Number(row[`${name}_start`])}-${Number(row[`${name}_end`])}`);
    const mark = text(row.fwmark);
    const unknown = Object.keys(row).filter((name) => !understood.has(name));
    const action = text(row.action);
    return {
      priority: row.priority as number, not: "not" in row, from: block(row.src, row.srclen) ?? "all", to: block(row.dst, row.dstlen), iif: text(row.iif), oif: text(row.oif),
      fwmark: mark === undefined ? undefined : row.fwmask === undefined ? mark : `${mark}/${String(row.fwmask)}`, protocol: text(row.ipproto), sourcePorts: ports("sport"), destinationPorts: ports("dport"),
      table: text(row.table) ?? "", action: action === "to_tbl" ? undefined : action, suppressPrefixLength: row.suppress_prefixlen === undefined ? undefined : Number(row.suppress_prefixlen),
      unknown: unknown.length > 0 ? unknown : undefined,
    };
  });
}
