// Owns three namespaces in a row for a test: a client, a firewall whose rules are the test's, a server; and what truly gets through, by
// sockets: a UDP question is answered by whom, seeing which source; whether a TCP connection opens; whether a ping comes back.

import { createSocket, type Socket } from "node:dgram";
import { createServer, type Server } from "node:net";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { readGuestFacts, type GuestFacts } from "../../src/instances/guest-facts.ts";
import { parseIp } from "../../src/lib/ip.ts";
import { run } from "../../src/linux/exec.ts";
import { boundSocket } from "../../src/linux/libc.ts";
import { createNetns, deleteNetns, inNetns } from "../../src/linux/netns.ts";

export const guestUsr = "/var/lib/vpcbox/guest-usr";
export const CLIENT = "10.0.1.5", INNER = "10.0.1.1", OUTER = "10.0.2.1", SERVER = "10.0.2.9";
export const serverPorts = [53, 80, 443, 1000] as const, firewallPorts = [80, 1000] as const;
const program = (name: string): string => ["/usr/bin", "/usr/sbin", `${guestUsr}/bin`, `${guestUsr}/sbin`].map((directory) => `${directory}/${name}`).find(existsSync) ?? name;

export class FirewallNetwork {
  readonly #dir = `/run/vpcbox-test-${randomBytes(4).toString("hex")}`;
  readonly #sockets: (Socket | Server)[] = [];

  path(name: "client" | "firewall" | "server"): string { return `${this.#dir}/${name}`; }
  in(name: "client" | "firewall" | "server", argv: readonly string[], input?: string): Promise<{ stdout: string; stderr: string; status: number }> {
    const env = { PATH: process.env.PATH, LD_LIBRARY_PATH: `${guestUsr}/lib/x86_64-linux-gnu:${guestUsr}/lib/aarch64-linux-gnu`, XTABLES_LIBDIR: ["x86_64", "aarch64"].map((arch) => `${guestUsr}/lib/${arch}-linux-gnu/xtables`).find(existsSync) };
    const [file = "", ...rest] = argv;
    return run([program(file), ...rest], { input, env, around: (fn) => inNetns(this.path(name), fn), okStatuses: Array.from({ length: 129 }, (_, i) => i), timeoutMs: 10_000 });
  }

  async make(): Promise<void> {
    for (const name of ["client", "firewall", "server"] as const) await createNetns(this.path(name));
    const link = async (a: "client" | "server", device: string, address: string, gateway: string): Promise<void> => {
      await this.#must("firewall", ["ip", "link", "add", device, "type", "veth", "peer", "name", "eth0", "netns", this.path(a)]);
      await this.#must("firewall", ["ip", "addr", "add", `${gateway}/24`, "dev", device]);
      await this.#must("firewall", ["ip", "link", "set", device, "up"]);
      await this.#must(a, ["ip", "addr", "add", `${address}/24`, "dev", "eth0"]);
      await this.#must(a, ["ip", "link", "set", "eth0", "up"]);
      await this.#must(a, ["ip", "route", "add", "default", "via", gateway]);
    };
    await link("client", "eth0", CLIENT, INNER);
    await link("server", "eth1", SERVER, OUTER);
    await this.#must("firewall", ["sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv4.conf.all.rp_filter=0", "net.ipv4.conf.default.rp_filter=0", "net.ipv4.conf.eth0.rp_filter=0", "net.ipv4.conf.eth1.rp_filter=0"]);
    for (const port of serverPorts) this.#answer("server", SERVER, port);
    for (const port of firewallPorts) for (const address of [INNER, OUTER]) this.#answer("firewall", address, port); // of each its own: an answer leaves as it was asked
  }

  async #must(name: "client" | "firewall" | "server", argv: readonly string[]): Promise<void> {
    const { status, stderr } = await this.in(name, argv);
    if (status !== 0) throw new Error(`${argv.join(" ")}: ${stderr}`);
  }

  #answer(name: "firewall" | "server", address: string, port: number): void {
    const [udp, tcp] = inNetns(this.path(name), () => [boundSocket("udp", parseIp(address)!, port), boundSocket("tcp", parseIp(address)!, port)] as const);
    const datagrams = createSocket("udp4").bind({ fd: udp });
    datagrams.on("message", (_, from) => datagrams.send(`${name} ${from.address}`, from.port, from.address, () => undefined));
    const server = createServer((socket) => { socket.on("error", () => undefined); socket.end(); }).listen({ fd: tcp });
    this.#sockets.push(datagrams, server);
  }

  facts(): Promise<GuestFacts> { return readGuestFacts("i-0123", this.path("firewall"), guestUsr); }

  /** Who answers a UDP datagram from `sourcePort`: "server 10.0.2.1", or nobody. A source port is used once. */
  async udp(sourcePort: number, address: string, port: number, waitMs: number): Promise<string | undefined> {
    const fd = inNetns(this.path("client"), () => boundSocket("udp", parseIp(CLIENT)!, sourcePort));
    const socket = createSocket("udp4").bind({ fd });
    try {
      return await new Promise<string | undefined>((resolve) => {
        setTimeout(() => resolve(undefined), waitMs);
        socket.on("message", (text, from) => resolve(from.address === address && from.port === port ? String(text) : `stranger ${from.address}`));
        socket.on("error", () => resolve(undefined));
        socket.send("?", port, address, (error) => { if (error) resolve(undefined); });
      });
    } finally {
      socket.close();
    }
  }
  async tcp(sourcePort: number, address: string, port: number): Promise<boolean> {
    return (await this.in("client", ["timeout", "0.7", program("nc.openbsd"), "-z", "-p", String(sourcePort), address, String(port)])).status === 0;
  }
  async ping(address: string): Promise<boolean> {
    return (await this.in("client", [program("ping"), "-c", "1", "-W", "0.6", address])).status === 0;
  }

  async remove(): Promise<void> {
    for (const socket of this.#sockets) socket.close();
    for (const name of ["client", "firewall", "server"] as const) await deleteNetns(this.path(name));
    await run(["rmdir", this.#dir]);
  }
}
