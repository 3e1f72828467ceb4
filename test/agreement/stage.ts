// Owns the stage of the agreement suite: one namespace for each role and one for the internet, on the real program; a drawn network is put
// on it (the real plan's tables, ip_forward, real iptables), and a real packet is sent. Guests' facts are read once and then as set.

import { createSocket, type Socket } from "node:dgram";
import { existsSync, writeFileSync } from "node:fs";
import { readGuestFacts } from "../../src/instances/guest-facts.ts";
import { run } from "../../src/linux/exec.ts";
import { boundSocket } from "../../src/linux/libc.ts";
import { readLinks } from "../../src/linux/link.ts";
import { inNetns } from "../../src/linux/netns.ts";
import { planTables } from "../../src/plan/plan.ts";
import type { Guests, GuestFacts } from "../../src/reach/guest.ts";
import { readGuest } from "../../src/reach/guest-walk.ts";
import { TestFabric, ip } from "../support/fabric.ts";
import { ECHO_PORT, addresses, client, dnsHost, pingHost, portOf, roles, type Drawn, type GuestSetting, type Role } from "./drawn-network.ts";

const guestUsr = "/var/lib/vpcbox/guest-usr";
const usr = existsSync("/usr/sbin/xtables-nft-multi") ? "/usr" : guestUsr;
const libraries = `${guestUsr}/lib/${process.arch === "arm64" ? "aarch64-linux-gnu" : "x86_64-linux-gnu"}`;
const env = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", ...(usr === "/usr" ? {} : { LD_LIBRARY_PATH: libraries, XTABLES_LIBDIR: `${libraries}/xtables` }) };
const own = { internet: { name: "vb1", innerMac: "02:00:00:00:00:01" }, services: { name: "vb2", innerMac: "02:00:00:00:00:02" } };
const ANSWER_MS = 3000, AGAIN_MS = 800, KEPT = 150;

export class Stage {
  readonly #fabric: TestFabric;
  readonly #links = new Map<string, number>();
  readonly #facts = new Map<Role, GuestFacts>();
  readonly #applied = new Map<string, string>();
  readonly #sockets: Socket[] = [];
  readonly #listening: { socket: Socket; seed: number }[] = [];
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
      this.#sockets.push(echo);
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
    const known = new Map<string, ReturnType<typeof readGuest>>();
    for (const role of roles) {
      const setting = drawn.guests[role], iptables = iptablesOf(setting);
      this.#set(role, "ip_forward", setting.forwarding ? "1" : "0");
      this.#set(role, "icmp_echo_ignore_all", setting.echoIgnored ? "1" : "0");
      if (this.#applied.get(`${role} iptables`) !== iptables) {
        await run([`${usr}/sbin/xtables-nft-multi`, "iptables-restore"], { around: (fn) => inNetns(this.#fabric.path(role), fn), env, input: iptables });
        this.#applied.set(`${role} iptables`, iptables);
      }
      const facts = this.#facts.get(role)!;
      known.set(`i-${role}`, readGuest({ ...facts, ipForward: setting.forwarding, echoIgnored: setting.echoIgnored, devices: facts.devices.map((one) => ({ ...one, forwarding: setting.forwarding })), iptables, nftables: { nftables: [] } }));
    }
    return (id) => known.get(id);
  }

  /** Whether a packet of the question gets there, and an answer back. @param waitMs how long it is waited for; a later one is noted */
  async answered(drawn: Drawn, expected: boolean, waitMs: number): Promise<boolean> {
    const { question, records } = drawn;
    const [host, from] = question.source.kind === "interface" ? ["private", 0] as const : ["internet", ip(client)] as const;
    const icmp = question.protocol === "icmp";
    const to = question.destination!.kind === "address" ? question.destination!.address : this.#addressOf(records, (question.destination as { id: string }).id, host);
    if (to === undefined) return false; // there is no address to send to
    const socket = createSocket("udp4");
    const token = Buffer.from(`${drawn.seed} ${Math.floor(performance.now() * 1000)}`);
    const packet = icmp ? Buffer.concat([Buffer.from([8, 0, 0, 0, 0, 0, 0, 1]), token]) : token;
    const kept = { socket, seed: drawn.seed, over: false, answered: false };
    const answer = new Promise<boolean>((resolve) => {
      socket.on("error", () => undefined);
      socket.on("message", (data) => {
        if (!data.subarray(icmp ? 8 : 0).equals(token)) return;
        if (kept.over && !kept.answered) this.late.push(drawn.seed);
        kept.answered = true;
        resolve(true);
      });
      setTimeout(() => resolve(false), expected ? ANSWER_MS : waitMs).unref();
    });
    socket.bind({ fd: inNetns(this.#fabric.path(host), () => boundSocket(icmp ? "icmp" : "udp", from, 0)) });
    const send = (): void => { if (!kept.over) socket.send(packet, icmp ? 1 : (question.port ?? 0), to, () => undefined); };
    send();
    const again = expected ? setTimeout(send, AGAIN_MS) : undefined;
    const keepAlive = setTimeout(() => undefined, ANSWER_MS + 100);
    const got = await answer;
    clearTimeout(again);
    clearTimeout(keepAlive);
    kept.over = true;
    this.#listening.push(kept);
    if (this.#listening.length > KEPT) this.#listening.shift()!.socket.close();
    return got;
  }

  #addressOf(records: Drawn["records"], id: string, host: "private" | "internet"): string | undefined {
    const address = records.get("network-interface", id).privateAddresses[0]!;
    return host === "internet" ? address.publicIp : address.address;
  }

  async close(): Promise<void> {
    for (const socket of [...this.#sockets, ...this.#listening.map((one) => one.socket)]) socket.close();
    await this.#fabric.close();
  }
}

function iptablesOf({ masquerade, forwardDrop, inputDrop }: GuestSetting): string {
  const filter = [inputDrop ? "-A INPUT -j DROP" : "", forwardDrop ? "-A FORWARD -j DROP" : ""].filter((line) => line !== "");
  return `*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n${filter.map((line) => `${line}\n`).join("")}COMMIT\n*nat\n:PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n${masquerade ? "-A POSTROUTING -o eth0 -j MASQUERADE\n" : ""}COMMIT\n`;
}
