// Owns reading, from outside, what decides over packets in a running guest. This machine's own programs look into the guest's network
// namespace, with limits of time and output: nothing of the guest's files is run or believed. What it means: src/reach/guest-walk.ts.

import { closeSync, existsSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { run } from "../linux/exec.ts";
import { inNetns } from "../linux/netns.ts";
import { readDevices, readRoutes, readRules, type DeviceFact, type RouteFact, type RuleFact } from "./guest-facts-ip.ts";

export interface Listener { readonly protocol: "tcp" | "udp"; readonly address: string; readonly port: number }
/** As src/reach/guest.ts has it. */
export interface GuestFacts {
  readonly instanceId: string;
  readonly ipForward: boolean;
  readonly echoIgnored: boolean;
  readonly devices: readonly DeviceFact[];
  readonly routes: readonly RouteFact[];
  readonly rules: readonly RuleFact[];
  readonly iptables: string;
  readonly nftables: unknown;
  readonly listeners: readonly Listener[];
  readonly conntrack: { readonly count: number; readonly max: number };
}

const TIMEOUT_MS = 3000, OUTPUT_BYTES = 8 << 20, FILE_BYTES = 4 << 20;

/** @param guestUsr where programs are that this machine need not have (tools/guest-packages.sh) */
export async function readGuestFacts(instanceId: string, netns: string, guestUsr: string): Promise<GuestFacts> {
  const around = <T>(fn: () => T): T => inNetns(netns, fn);
  const looking = async (argv: readonly string[], options: { readonly input?: string; readonly env?: NodeJS.ProcessEnv; readonly okStatuses?: readonly number[] } = {}): Promise<string> =>
    (await run(argv, { ...options, around, timeoutMs: TIMEOUT_MS, outputBytes: OUTPUT_BYTES, cwd: "/" })).stdout;
  const nft = ["/usr/sbin/nft", join(guestUsr, "sbin/nft")].find(existsSync);
  const legacyTables = around(() => bounded("/proc/thread-self/net/ip_tables_names"));
  const [ip, nftables, nftText, legacyText] = await Promise.all([
    looking(["/usr/sbin/ip", "-j", "-batch", "-"], { input: "addr show\nroute show table all\nrule show\n" }),
    nft === undefined ? undefined : looking([nft, "-j", "list", "ruleset"]),
    iptablesSave("nft", guestUsr, looking),
    legacyTables.trim() === "" ? "" : iptablesSave("legacy", guestUsr, looking),
  ]);
  const [addresses, routes, rules] = arrays(ip);
  return around(() => ({
    instanceId,
    ipForward: setting("ip_forward") === "1",
    echoIgnored: setting("icmp_echo_ignore_all") === "1",
    devices: readDevices(addresses, (name) => ({
      reversePathFilter: Math.max(Number(setting("conf/all/rp_filter")), Number(setting(`conf/${name}/rp_filter`))),
      forwarding: setting(`conf/${name}/forwarding`) === "1",
    })),
    routes: readRoutes(routes),
    rules: readRules(rules),
    iptables: nftText + legacyText,
    nftables: nftables === undefined ? undefined : JSON.parse(nftables) as unknown,
    listeners: [...listeners("tcp", bounded("/proc/thread-self/net/tcp")), ...listeners("udp", bounded("/proc/thread-self/net/udp")), ...listeners("tcp", bounded("/proc/thread-self/net/tcp6")), ...listeners("udp", bounded("/proc/thread-self/net/udp6"))],
    conntrack: { count: Number(bounded("/proc/sys/net/netfilter/nf_conntrack_count")), max: Number(bounded("/proc/sys/net/netfilter/nf_conntrack_max")) },
  }));
}

/** Of one kind of iptables; nothing where this machine has no such program, for then no guest has it from here. */
async function iptablesSave(kind: "nft" | "legacy", guestUsr: string, looking: (argv: readonly string[], options: { env?: NodeJS.ProcessEnv; okStatuses: readonly number[] }) => Promise<string>): Promise<string> {
  const program = `sbin/xtables-${kind}-multi`;
  const usr = ["/usr", guestUsr].find((directory) => existsSync(join(directory, program)));
  if (usr === undefined) return "";
  const libraries = join(usr, "lib", process.arch === "arm64" ? "aarch64-linux-gnu" : "x86_64-linux-gnu");
  const env = { PATH: "/usr/sbin:/usr/bin", ...(usr === "/usr" ? {} : { LD_LIBRARY_PATH: libraries, XTABLES_LIBDIR: join(libraries, "xtables") }) };
  return looking([join(usr, program), "iptables-save"], { env, okStatuses: [0, 1, 3, 4] }); // this kernel may not have that kind: then it holds no rules
}

const setting = (name: string): string => bounded(`/proc/sys/net/ipv4/${name}`).trim();

/** The beginning of a file of /proc; empty where this kernel has none. A guest can make some of them long. */
function bounded(path: string): string {
  let fd: number;
  try {
    fd = openSync(path, "r");
  } catch {
    return ""; // no such feature, or the device went while we looked
  }
  try {
    const chunks: Buffer[] = [];
    for (let size = 0; size < FILE_BYTES;) {
      const buffer = Buffer.alloc(65536);
      const read = readSync(fd, buffer, 0, buffer.length, null);
      if (read === 0) break;
      chunks.push(buffer.subarray(0, read));
      size += read;
    }
    return Buffer.concat(chunks).toString("latin1");
  } finally {
    closeSync(fd);
  }
}

/** `ip -batch` writes one array after the other; nothing at all where there is nothing to list. */
function arrays(text: string): readonly [readonly unknown[], readonly unknown[], readonly unknown[]] {
  const found = text.split("\n").filter((line) => line.startsWith("[")).map((line) => JSON.parse(line) as unknown[]);
  const having = (field: string): readonly unknown[] => found.find((rows) => rows.some((row) => typeof row === "object" && row !== null && field in row)) ?? [];
  return [having("ifname"), having("dst"), having("priority")];
}

const TCP_LISTEN = "0A", UDP_UNCONNECTED = "07";
/** proc_pid_net(5). An IPv6 socket of any address takes IPv4 too. */
function listeners(protocol: "tcp" | "udp", text: string): Listener[] {
  return text.split("\n").slice(1).flatMap((line) => {
    const [, local = "", , state] = line.trim().split(/\s+/);
    if (state !== (protocol === "tcp" ? TCP_LISTEN : UDP_UNCONNECTED)) return [];
    const [address = "", port = ""] = local.split(":");
    if (address.length === 32 && !/^0+$/.test(address)) return [];
    const bytes = address.length === 32 ? [0, 0, 0, 0] : [6, 4, 2, 0].map((at) => parseInt(address.slice(at, at + 2), 16));
    return [{ protocol, address: bytes.join("."), port: parseInt(port, 16) }];
  });
}

