// Owns a fabric of a test: namespaces for hosts, veth pairs, the real program on them, and tables written by hand, without a box, an API
// or guests. A host is a network namespace; what it does is done by its own programs and sockets.

import { spawn } from "node:child_process";
import { createSocket, type Socket } from "node:dgram";
import { createServer, type Server } from "node:net";
import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { openDatapath, removePins, type Datapath, type DatapathOptions } from "../../src/datapath/loader.ts";
import { defaultTimeouts, INTERNET_PORT, type AclRule, type DesiredTables, type DropReason, type NatMetricName, type PortEntry, type RouteEntry, type Rule, type Timeouts } from "../../src/datapath/tables.ts";
import { must } from "../../src/lib/assert.ts";
import { parseCidr, parseIp } from "../../src/lib/ip.ts";
import { readMap, type TestRun } from "../../src/datapath/libbpf.ts";
import { boundSocket, interfaceIndexes } from "../../src/linux/libc.ts";
import { addVethPairs, ipBatch, readLinks } from "../../src/linux/link.ts";
import { createNetns, deleteNetns, inNetns } from "../../src/linux/netns.ts";

export const ip = (text: string): number => must(parseIp(text), text);
export const block = (text: string): { readonly address: number; readonly prefixLength: number } => must(parseCidr(text), text);
export const anywhere = { kind: "cidr", address: 0, prefixLength: 0 } as const;
export const all: Rule = { protocol: -1, from: 0, to: 65535, remote: anywhere };
export const rule = (protocol: number, from: number, to: number, remote: string | number): Rule => ({ protocol, from, to, remote: typeof remote === "number" ? { kind: "group", group: remote } : { kind: "cidr", ...block(remote) } });
export const entry = (allow: boolean, protocol: number, from: number, to: number, cidr: string): AclRule => ({ allow, protocol, from, to, ...block(cidr) });
export const route = (routeTable: number, cidr: string, target: RouteEntry["target"]): RouteEntry => ({ routeTable, ...block(cidr), target });
export const ICMP = 1, TCP = 6, UDP = 17;

export interface HostSpec {
  readonly port: number;
  readonly address: string; // "10.0.0.10/24"
  readonly more?: readonly string[];
  readonly vpc?: number;
  readonly subnet?: number;
  readonly table?: number;
  readonly acl?: number;
  readonly groups?: readonly number[];
  readonly check?: boolean;
  readonly timeouts?: Partial<Timeouts>;
  readonly mtu?: number;
}
type Sizes = Pick<DatapathOptions, "flowAllowance" | "flowSets" | "lastingLines" | "natMost">;
type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export class TestFabric {
  readonly datapath: Datapath;
  readonly tables: Mutable<DesiredTables> = { ports: [], addresses: [], routes: [], publics: [], vpcs: [], groups: [], members: [], acls: [], nats: [] };
  readonly #dir: string;
  readonly pins: string;
  readonly #namespaces: string[] = [];
  readonly #sockets: (Socket | Server)[] = [];

  private constructor(id: string, timeScale: number, more: Sizes) {
    this.#dir = `/run/vpcbox-test/${id}`;
    this.pins = `/sys/fs/bpf/vpcbox-test-${id}`;
    this.datapath = openDatapath(this.pins, { timeScale, file: process.env.VPCBOX_TEST_PROGRAM, ...more }); // another program: a mutant (test/packets/mutants.test.ts)
  }

  /** @param more other sizes than the product's (loader.ts) */
  static async open(timeScale = 1, more: Sizes = {}): Promise<TestFabric> {
    const fabric = new TestFabric(randomBytes(4).toString("hex"), timeScale, more);
    await fabric.#namespace("fabric");
    return fabric;
  }

  path(name: string): string { return `${this.#dir}/${name}`; }
  async #namespace(name: string): Promise<void> {
    await createNetns(this.path(name));
    this.#namespaces.push(name);
  }

  /** A host with one interface; its default route is base+1. In tables: port and addresses. */
  async host(name: string, spec: HostSpec, datapath?: Datapath): Promise<void> {
    await this.#namespace(name);
    await this.interface(name, "eth0", spec, datapath);
  }

  async interface(name: string, device: string, spec: HostSpec, datapath = this.datapath): Promise<PortEntry> {
    const cidr = block(spec.address);
    const router = (cidr.address & (cidr.prefixLength === 0 ? 0 : 0xffffffff << (32 - cidr.prefixLength))) + 1 >>> 0;
    const mac = `02:00:00:00:${(spec.port >> 8).toString(16).padStart(2, "0")}:${(spec.port & 255).toString(16).padStart(2, "0")}`;
    const dotted = [24, 16, 8, 0].map((bits) => (router >>> bits) & 255).join(".");
    const link = `vb${spec.port}`;
    addVethPairs(this.path("fabric"), [{ outer: link, inner: device, innerNetns: this.path(name), innerMac: mac, mtu: spec.mtu ?? 1500, addresses: [spec.address, ...(spec.more ?? []).map((a) => `${a}/${cidr.prefixLength}`)], routes: device === "eth0" ? [{ via: dotted }] : [] }]);
    const ifindex = must(readLinks(this.path("fabric")).get(link), link);
    inNetns(this.path("fabric"), () => datapath.attach(ifindex));
    const vpc = spec.vpc ?? 100;
    const port: PortEntry = { port: spec.port, link, kind: "interface", mac, sourceDestCheck: spec.check ?? true, vpc, subnet: spec.subnet ?? 200, routeTable: spec.table ?? 300, networkAcl: spec.acl ?? 0, router, primaryAddress: cidr.address, groups: spec.groups ?? [400], timeouts: { ...defaultTimeouts, ...spec.timeouts } };
    this.tables.ports = [...this.tables.ports, port];
    this.tables.addresses = [...this.tables.addresses, ...[spec.address.split("/")[0]!, ...(spec.more ?? [])].map((address) => ({ vpc, address: ip(address), port: spec.port }))];
    return port;
  }

  /** The internet: one namespace that has these addresses, beyond the gateway. */
  async internet(...addresses: string[]): Promise<void> {
    const { mac, link } = await (async () => { await this.#namespace("internet"); return this.interface("internet", "uplink", { port: INTERNET_PORT, address: "192.0.2.254/32" }); })();
    await ipBatch(this.path("internet"), [...addresses.map((a) => `addr add ${a}/32 dev lo`), "route add default via 198.51.100.1 dev uplink onlink"]);
    this.tables.ports = [...this.tables.ports.filter((p) => p.port !== INTERNET_PORT), { port: INTERNET_PORT, kind: "internet", link, mac, sourceDestCheck: false, vpc: 0, subnet: 0, routeTable: 0, networkAcl: 0, router: 0, primaryAddress: 0, groups: [], timeouts: defaultTimeouts }];
    this.tables.addresses = this.tables.addresses.filter((a) => a.port !== INTERNET_PORT);
  }

  /** A NAT gateway's port and record. */
  nat(port: number, connectivity: "public" | "private", addresses: readonly string[], at: { vpc?: number; subnet: number; table: number; acl?: number }): void {
    const vpc = at.vpc ?? 100;
    this.tables.ports = [...this.tables.ports, { port, link: "", kind: "nat", mac: "02:00:00:00:99:99", sourceDestCheck: false, vpc, subnet: at.subnet, routeTable: at.table, networkAcl: at.acl ?? 0, router: ip(addresses[0]!), primaryAddress: ip(addresses[0]!), groups: [], timeouts: defaultTimeouts }];
    this.tables.addresses = [...this.tables.addresses, ...addresses.map((a) => ({ vpc, address: ip(a), port }))];
    this.tables.nats = [...this.tables.nats, { port, connectivity, addresses: addresses.map(ip) }];
  }

  vpc(vpc: number, blocks: readonly string[], more: { internetGateway?: boolean; edgeRouteTable?: number } = {}): void {
    this.tables.vpcs = [...this.tables.vpcs, { vpc, internetGateway: more.internetGateway ?? false, dns: false, dnsAddress: 1, blocks: blocks.map(block), edgeRouteTable: more.edgeRouteTable ?? 0 }];
  }

  /** Puts an entry in place of the one with the same number. */
  group(group: number, ingress: readonly Rule[], egress: readonly Rule[] = [all]): void { this.tables.groups = [...this.tables.groups.filter((g) => g.group !== group), { group, ingress, egress }]; }
  acl(acl: number, ingress: readonly AclRule[], egress: readonly AclRule[]): void { this.tables.acls = [...this.tables.acls.filter((a) => a.acl !== acl), { acl, ingress, egress }]; }
  public(publicAddress: string, privateAddress: string, port: number, vpc = 100): void {
    this.tables.publics = [...this.tables.publics.filter((p) => p.publicAddress !== ip(publicAddress)), { publicAddress: ip(publicAddress), privateAddress: ip(privateAddress), vpc, port }];
  }

  apply(): void {
    const links = readLinks(this.path("fabric"));
    this.datapath.apply(this.tables, (link) => links.get(link));
  }

  /** Every interface goes and comes again: its flows go with it. */
  forgetFlows(): void {
    const { ports, addresses } = this.tables;
    Object.assign(this.tables, { ports: [], addresses: [] });
    this.apply();
    Object.assign(this.tables, { ports, addresses });
    this.apply();
  }

  drops(port: number, reason: DropReason): number {
    return this.datapath.drops().filter((d) => d.port === port && d.reason === reason).reduce((sum, d) => sum + d.packets, 0);
  }
  metric(port: number, name: NatMetricName): number {
    return this.datapath.natMetrics().find((m) => m.port === port)?.metrics[name] ?? 0;
  }

  /** Runs a program inside a host. */
  run(host: string, ...command: string[]): Promise<{ readonly status: number; readonly stdout: string; readonly stderr: string }> {
    return new Promise((resolve, reject) => {
      const child = spawn("nsenter", [`--net=${this.path(host)}`, ...command], { stdio: ["ignore", "pipe", "pipe"] });
      let stdout = "", stderr = "";
      child.stdout.on("data", (data: Buffer) => { stdout += data.toString(); });
      child.stderr.on("data", (data: Buffer) => { stderr += data.toString(); });
      child.on("error", reject);
      child.on("close", (status) => resolve({ status: status ?? 1, stdout, stderr }));
    });
  }

  async pings(from: string, to: string, ...options: string[]): Promise<boolean> {
    return (await this.run(from, "ping", "-n", "-c", "1", "-W", "1", ...options, to)).status === 0;
  }
  /** A TCP connection is made and says what the server wrote. */
  async connects(from: string, to: string, port: number): Promise<boolean> {
    return (await this.run(from, "timeout", "1", "bash", "-c", `exec 3<>/dev/tcp/${to}/${port}; read -r line <&3; [ "$line" = hello ]`)).status === 0;
  }
  /** Answers "hello" to every connection and keeps it. */
  tcpServer(host: string, port: number): Server {
    const server = createServer((socket) => { socket.unref().on("error", () => undefined).on("data", (data) => { socket.write(data); }); socket.write("hello\n"); });
    server.listen({ fd: inNetns(this.path(host), () => boundSocket("tcp", 0, port)) });
    server.unref();
    this.#sockets.push(server);
    return server;
  }
  udp(host: string, port: number, address = "0.0.0.0"): UdpEnd {
    const fd = inNetns(this.path(host), () => boundSocket("udp", ip(address), port));
    const socket = createSocket("udp4");
    socket.bind({ fd });
    this.#sockets.push(socket);
    return new UdpEnd(socket);
  }

  /** Runs the program on a frame as if it had come in at a port. */
  test(port: number, frame: Uint8Array, repeat = 1): TestRun {
    return this.testEach(port, [frame], repeat)[0]!;
  }
  testEach(port: number, frames: Iterable<Uint8Array>, repeat = 1): TestRun[] {
    return inNetns(this.path("fabric"), () => {
      const ifindex = must(interfaceIndexes().get(`vb${port}`), `vb${port}`);
      return Array.from(frames, (frame) => this.datapath.testRun(frame, ifindex, repeat));
    });
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.close();
    for (const name of this.#namespaces.reverse()) await deleteNetns(this.path(name));
    this.datapath.close();
    removePins(this.pins);
    rmSync(this.#dir, { recursive: true, force: true });
  }
}

/** How often any line was taken to write a verdict into (lines.bpf.h). */
export const linesWritten = (fabric: TestFabric): number => [...readMap(fabric.datapath.object, "cache").values()].reduce((sum, line) => sum + Buffer.from(line, "latin1").readUInt32LE(line.length - 4), 0) / 2;

/** Done within the eighth of a second for which a verdict is remembered (cache.bpf.h), however busy the machine is: what took longer is undone and done again. */
export async function atOnce<T>(work: () => T, undo: () => unknown): Promise<T> {
  for (;;) {
    const began = performance.now(), result = work();
    if (performance.now() - began < 100) return result;
    await undo();
  }
}

/** One end of UDP talk; what came is kept until it is asked for. */
export class UdpEnd {
  readonly socket: Socket;
  readonly #came: { readonly text: string; readonly address: string; readonly port: number }[] = [];
  #waiting: (() => void) | undefined;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on("message", (data, from) => { this.#came.push({ text: data.toString("latin1"), address: from.address, port: from.port }); this.#waiting?.(); });
  }
  send(text: string, address: string, port: number): void { this.socket.send(Buffer.from(text, "latin1"), port, address); }
  /** The next datagram; undefined when none comes. */
  async next(timeoutMs = 1000): Promise<{ readonly text: string; readonly address: string; readonly port: number } | undefined> {
    if (this.#came.length === 0) await new Promise<void>((resolve) => { const timer = setTimeout(resolve, timeoutMs); this.#waiting = () => { clearTimeout(timer); resolve(); }; });
    this.#waiting = undefined;
    return this.#came.shift();
  }
}
