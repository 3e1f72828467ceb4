// Owns the stage of the agreement suite: one namespace for each role and one for the internet, on the real program; a drawn network is put
// on it (the real plan's tables, ip_forward, real iptables), and a real packet is sent. Guests' facts are read once and then as set.

import { randomBytes } from "node:crypto";
import { createSocket } from "node:dgram";
import { existsSync, writeFileSync } from "node:fs";
import { Socket, createServer } from "node:net";
import { readGuestFacts } from "../../src/instances/guest-facts.ts";
import { run } from "../../src/linux/exec.ts";
import { boundSocket } from "../../src/linux/libc.ts";
import { readLinks } from "../../src/linux/link.ts";
import { inNetns } from "../../src/linux/netns.ts";
import { formatIp } from "../../src/lib/ip.ts";
import { readNetwork } from "../../src/model/network.ts";
import { planTables } from "../../src/plan/plan.ts";
import type { Guests, GuestFacts } from "../../src/reach/guest.ts";
import type { ProbeDeps } from "../../src/probe.ts";
import { readGuest } from "../../src/reach/guest-walk.ts";
import { ownInterfaces } from "../../src/reach/own-interfaces.ts";
import { TestFabric, ip } from "../support/fabric.ts";
import { ECHO_PORT, WEB_PORT, addresses, client, dnsHost, pingHost, portOf, roles, type Drawn, type GuestSetting, type Role } from "./drawn-network.ts";

const guestUsr = "/var/lib/vpcbox/guest-usr";
const usr = existsSync("/usr/sbin/xtables-nft-multi") ? "/usr" : guestUsr;
const libraries = `${guestUsr}/lib/${process.arch === "arm64" ? "aarch64-linux-gnu" : "x86_64-linux-gnu"}`;
const env = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", ...(usr === "/usr" ? {} : { LD_LIBRARY_PATH: libraries, XTABLES_LIBDIR: `${libraries}/xtables` }) };
const own = { internet: { name: "vb1", innerMac: "02:00:00:00:00:01" }, services: { name: "vb2", innerMac: "02:00:00:00:00:02" } };
const ANSWER_MS = 3000, AGAIN_MS = 800, KEPT = 150;
interface Closing { close(): unknown }

interface Asked { over: boolean; answered: boolean; readonly seed: number; readonly protocol: string; readonly path: string; readonly from: number; readonly to: string; readonly port: number; readonly again: boolean }

export class Stage {
  readonly #fabric: TestFabric;
  readonly #links = new Map<string, number>();
  readonly #facts = new Map<Role, GuestFacts>();
  readonly #applied = new Map<string, string>();
  readonly #servers: Closing[] = [];
  readonly #listening: Closing[] = [];
  /** Seeds of networks whose packets were answered after nobody waited any more. */
  readonly late: number[] = [];

  private constructor(fabric: TestFabric) { this.#fabric = fabric; }

  static async open(): Promise<Stage> {
    const stage = new Stage(await TestFabric.open());
    try {
      await stage.#build();
      return stage;
    } catch (error) {
      await stage.close();
      throw error;
    }
  }

  async #build(): Promise<void> {
    const fabric = this.#fabric;
    for (const role of roles) await fabric.host(role, { port: portOf(role), address: `${addresses[role]}/24` });
    await fabric.host("services", { port: 2, address: "100.127.0.10/24" });
    await fabric.internet(client, pingHost, dnsHost);
    for (const [link, index] of readLinks(fabric.path("fabric"))) this.#links.set(link, index);
    for (const host of [...roles, "internet"]) {
      for (const [name, value] of [["ping_group_range", "0 0"], ["conf/all/send_redirects", "0"], ["conf/eth0/send_redirects", "0"], ["conf/all/rp_filter", "0"], ["conf/eth0/rp_filter", "0"]] as const)
        if (host !== "internet" || !name.includes("eth0")) this.#set(host, name, value);
      const fd = inNetns(fabric.path(host), () => boundSocket("udp", host === "internet" ? ip(dnsHost) : 0, ECHO_PORT));
      const echo = createSocket("udp4");
      echo.on("message", (data, from) => echo.send(data, from.port, from.address)).on("error", () => undefined);
      echo.bind({ fd });
      const web = createServer((socket) => { socket.on("error", () => undefined).resume(); });
      web.listen({ fd: inNetns(fabric.path(host), () => boundSocket("tcp", 0, WEB_PORT)) });
      this.#set(host, "tcp_synack_retries", "0"); // of a network that has gone nothing comes into the next
      this.#servers.push(echo, web);
    }
    for (const role of roles) this.#facts.set(role, await readGuestFacts(`i-${role}`, fabric.path(role), guestUsr) as GuestFacts);
  }

  #set(host: string, name: string, value: string): void {
    const key = `${host} ${name}`;
    if (this.#applied.get(key) === value) return;
    inNetns(this.#fabric.path(host), () => writeFileSync(`/proc/sys/net/ipv4/${name}`, value));
    this.#applied.set(key, value);
  }

  /** Puts the network on the stage. Answers its guests. */
  async put(drawn: Drawn): Promise<Guests> {
    const { snapshot } = drawn.records;
    const links = new Map([[own.internet.name, own.internet.name], [own.services.name, own.services.name], ...roles.flatMap((role) => { const eni = snapshot.get("network-interface", `eni-${role}`); return eni ? [[`vb${eni.index}`, `vb${portOf(role)}`] as const] : []; })]);
    this.#fabric.datapath.apply(planTables(snapshot, own), (link) => this.#links.get(links.get(link) ?? ""));
    for (const role of roles) {
      const setting = drawn.guests[role], iptables = iptablesOf(setting);
      this.#set(role, "ip_forward", setting.forwarding ? "1" : "0");
      this.#set(role, "icmp_echo_ignore_all", setting.echoIgnored ? "1" : "0");
      if (this.#applied.get(`${role} iptables`) !== iptables) {
        await run([`${usr}/sbin/xtables-nft-multi`, "iptables-restore"], { around: (fn) => inNetns(this.#fabric.path(role), fn), env, input: iptables });
        this.#applied.set(`${role} iptables`, iptables);
      }
    }
    const known = new Map(this.factsOf(drawn).map((facts) => [facts.instanceId, readGuest(facts, ownInterfaces(snapshot, facts.instanceId))]));
    return (id) => known.get(id);
  }

  /** Of the instances that are there. */
  factsOf({ guests, records }: Drawn): GuestFacts[] {
    return roles.filter((role) => records.get("instance", `i-${role}`)).map((role) => {
      const setting = guests[role], facts = this.#facts.get(role)!;
      return { ...facts, ipForward: setting.forwarding, echoIgnored: setting.echoIgnored, devices: facts.devices.map((one) => ({ ...one, forwarding: setting.forwarding })), iptables: iptablesOf(setting), nftables: { nftables: [] } };
    });
  }

  probeDeps(stateDir: string): ProbeDeps {
    const path = (name: string): string => this.#fabric.path(name);
    return { netnsOfGuest: (id) => path(id.replace("i-", "")), netnsOfInternet: () => path("internet"), guestUsr, stateDir, drops: () => this.#fabric.datapath.drops(), now: () => new Date(), randomHex: (digits) => randomBytes(Math.ceil(digits / 2)).toString("hex").slice(0, digits) };
  }

  /** Whether a packet of the question gets there, and an answer back. @param waitMs how long it is waited for; a later one is noted */
  async answered(drawn: Drawn, expected: boolean, waitMs: number): Promise<boolean> {
    const { question, records } = drawn;
    const [host, from] = question.source.kind === "interface" ? ["private", 0] as const : ["internet", ip(client)] as const;
    const to = question.destination!.kind === "address" ? question.destination!.address : this.#addressOf(records, (question.destination as { id: string }).id, host);
    if (to === undefined) return false; // there is no address to send to
    const ask = question.protocol === "tcp" ? this.#connect : this.#send;
    const asked: Asked = { over: false, answered: false, seed: drawn.seed, protocol: question.protocol, path: this.#fabric.path(host), from, to, port: question.port ?? 0, again: expected };
    const keepAlive = setTimeout(() => undefined, ANSWER_MS + 100);
    const got = await new Promise<boolean>((resolve) => {
      setTimeout(() => resolve(false), expected ? ANSWER_MS : waitMs).unref();
      this.#listening.push(ask(asked, (answer) => {
        if (answer && asked.over && !asked.answered) this.late.push(asked.seed);
        asked.answered ||= answer;
        resolve(answer);
      }));
    });
    clearTimeout(keepAlive);
    asked.over = true;
    if (this.#listening.length > KEPT) this.#listening.shift()!.close();
    return got;
  }

  /** An echo or a datagram, sent twice where an answer is expected. */
  readonly #send = ({ protocol, seed, path, from, to, port, again }: Asked, tell: (answered: boolean) => void): Closing => {
    const icmp = protocol === "icmp";
    const socket = createSocket("udp4");
    const token = Buffer.from(`${seed} ${Math.floor(performance.now() * 1000)}`);
    const packet = icmp ? Buffer.concat([Buffer.from([8, 0, 0, 0, 0, 0, 0, 1]), token]) : token;
    socket.on("error", () => undefined).on("message", (data, answerer) => { clearTimeout(timer); if (answerer.address === to && data.subarray(icmp ? 8 : 0).equals(token)) tell(true); });
    socket.bind({ fd: inNetns(path, () => boundSocket(icmp ? "icmp" : "udp", from, 0)) });
    const send = (): void => socket.send(packet, icmp ? 1 : port, to, () => undefined);
    send();
    const timer = again ? setTimeout(send, AGAIN_MS) : undefined;
    return { close: () => { clearTimeout(timer); socket.close(); } };
  };

  /**
   * A connection. A refusal is no answer: nobody listens. What is made is reset at once, while its network still stands; what is not is
   * given up before the kernel would send its segment again, into another network.
   */
  readonly #connect = ({ path, from, to, port, again }: Asked, tell: (answered: boolean) => void): Closing => {
    const socket = new Socket({ fd: inNetns(path, () => boundSocket("tcp-client", from, 0)), manualStart: true } as object);
    const timer = again ? undefined : setTimeout(() => socket.destroy(), AGAIN_MS), began = performance.now();
    const sentOnce = (): boolean => again || performance.now() - began < AGAIN_MS; // on a busy machine the timer is late, and the segment was sent again
    socket.on("connect", () => { socket.resetAndDestroy(); if (sentOnce()) tell(true); }).on("error", () => tell(false)).on("close", () => clearTimeout(timer));
    socket.connect({ host: to, port });
    return { close: () => socket.destroy() };
  };

  #addressOf(records: Drawn["records"], id: string, host: "private" | "internet"): string | undefined {
    const eni = records.get("network-interface", id), { address } = eni.privateAddresses[0]!;
    if (host === "private") return address;
    const given = readNetwork(records.snapshot).translation.publicOf(eni.vpcId, ip(address));
    return given && formatIp(given.publicAddress);
  }

  async close(): Promise<void> {
    for (const one of [...this.#servers, ...this.#listening]) one.close();
    await this.#fabric.close();
  }
}

function iptablesOf({ masquerade, forwardDrop, inputDrop, outputDrop }: GuestSetting): string {
  const filter = [inputDrop ? "-A INPUT -j DROP" : "", forwardDrop ? "-A FORWARD -j DROP" : "", outputDrop ? "-A OUTPUT -j DROP" : ""].filter((line) => line !== "");
  return `*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n${filter.map((line) => `${line}\n`).join("")}COMMIT\n*nat\n:PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n${masquerade ? "-A POSTROUTING -o eth0 -j MASQUERADE\n" : ""}COMMIT\n`;
}
