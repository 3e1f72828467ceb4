// Owns the proof that what src/reach says of a guest's firewall is what the kernel does: random rules in three namespaces, real sockets.

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { formatIp, parseIp } from "../../src/lib/ip.ts";
import { ICMP, ICMP_ECHO, SYN, TCP, UDP, replyTo, type Packet } from "../../src/model/packet.ts";
import type { Guest, GuestFacts } from "../../src/reach/guest.ts";
import { readGuest } from "../../src/reach/guest-walk.ts";
import { CLIENT, FirewallNetwork, INNER, OUTER, SERVER, serverPorts } from "../support/firewall-network.ts";
import { randomFrom, randomIptables, randomNft } from "../support/random-rules.ts";

const network = new FirewallNetwork();
before(() => network.make());
after(() => network.remove());

const packetTo = (protocol: number, sourcePort: number, address: string, port: number): Packet => ({
  source: parseIp(CLIENT)!, destination: parseIp(address)!, protocol, sourcePort, destinationPort: protocol === ICMP ? sourcePort : port,
  ...(protocol === ICMP ? { icmpType: ICMP_ECHO, icmpCode: 0 } : {}), ...(protocol === TCP ? { tcpFlags: SYN } : {}),
});
const same = (a: Packet, b: Packet): boolean => (["source", "destination", "sourcePort", "destinationPort"] as const).every((field) => a[field] === b[field]);

/** Who answers, seeing which source, as the analyzer's part for guests says. */
function predicted(guest: Guest, facts: GuestFacts, packet: Packet): string | undefined {
  const mac = (name: string): string => facts.devices.find((one) => one.name === name)!.mac;
  const step = guest.receive(mac("eth0"), packet);
  assert.deepEqual(step.notes.filter((note) => /not understand|not read/.test(note.en)), [], "every rule here is of a kind that is understood");
  if (step.causes.length > 0) return undefined;
  if (step.to.kind === "local") {
    const answer = guest.send(replyTo(packet), packet);
    return answer.causes.length === 0 && answer.to.kind === "device" && answer.to.mac === mac("eth0") && same(answer.to.packet, replyTo(packet)) ? `firewall` : undefined;
  }
  if (step.to.kind !== "device" || step.to.mac !== mac("eth1")) return undefined;
  const left = step.to.packet;
  if (formatIp(left.destination) !== SERVER || (left.protocol !== ICMP && !(serverPorts as readonly number[]).includes(left.destinationPort))) return undefined;
  if (formatIp(left.source).startsWith("10.0.2.") && formatIp(left.source) !== OUTER) return undefined; // on the server's link, and nobody has it
  const back = guest.receive(mac("eth1"), replyTo(left), { cameAs: packet, leftAs: left });
  return back.causes.length === 0 && back.to.kind === "device" && back.to.mac === mac("eth0") && same(back.to.packet, replyTo(packet)) ? `server ${formatIp(left.source)}` : undefined;
}

let nextPort = 20_000;
const udpTargets: readonly (readonly [string, number])[] = [[SERVER, 53], [SERVER, 80], [SERVER, 443], [SERVER, 1000], [INNER, 80], [INNER, 1000], [OUTER, 80]];

async function compare(label: string): Promise<{ cases: number; answered: number; wrong: string[] }> {
  const facts = await network.facts();
  const guest = readGuest(facts);
  const wrong: string[] = [];
  let cases = 0, answered = 0;
  const check = (what: string, truth: string | undefined, said: string | undefined): void => {
    cases++;
    if (truth !== undefined) answered++;
    if ((truth ?? "nobody") !== (said ?? "nobody")) wrong.push(`${label}: ${what}: the kernel: ${truth ?? "nobody"}; said: ${said ?? "nobody"}`);
  };
  const whom = (text: string | undefined): string | undefined => (text?.startsWith("firewall") ? "firewall" : text);
  await Promise.all([
    ...udpTargets.map(async ([address, port]) => {
      const from = nextPort++;
      const said = predicted(guest, facts, packetTo(UDP, from, address, port));
      let truth = whom(await network.udp(from, address, port, 150));
      if (truth === undefined && said !== undefined) truth = whom(await network.udp(from, address, port, 2000)); // a busy machine is not a firewall
      check(`udp ${from} -> ${address}:${port}`, truth, said);
    }),
    ...[80, 443].map(async (port) => {
      const from = nextPort++;
      const said = predicted(guest, facts, packetTo(TCP, from, SERVER, port));
      check(`tcp ${from} -> ${SERVER}:${port}`, (await network.tcp(from, SERVER, port)) ? "yes" : undefined, said === undefined ? undefined : "yes");
    }),
    ...[SERVER, INNER].map(async (address) => {
      const said = predicted(guest, facts, packetTo(ICMP, 7, address, 7));
      check(`ping ${address}`, (await network.ping(address)) ? "yes" : undefined, said === undefined ? undefined : "yes");
    }),
  ]);
  return { cases, answered, wrong };
}

const ROUNDS = Number(process.env.GUEST_ROUNDS ?? 15), SEED = Number(process.env.GUEST_SEED ?? 1);
const kinds = [
  { name: "iptables over nf_tables", flush: [["nft", "flush", "ruleset"]], load: ["xtables-nft-multi", "iptables-restore"], rules: randomIptables },
  { name: "iptables, legacy", flush: [], load: ["xtables-legacy-multi", "iptables-restore"], rules: randomIptables },
  { name: "nftables", flush: [["nft", "flush", "ruleset"]], load: ["nft", "-f", "-"], rules: randomNft },
] as const;

for (const [index, kind] of kinds.entries()) {
  test(`random rules, ${kind.name}: every verdict and source address is the kernel's`, async (t) => {
    let cases = 0, answered = 0;
    const wrong: string[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const seed = SEED * 100_000 + index * 10_000 + round;
      const rules = kind.rules(randomFrom(seed));
      for (const argv of kind.flush) await network.in("firewall", argv);
      const loaded = await network.in("firewall", kind.load, rules);
      assert.equal(loaded.status, 0, `${loaded.stderr}\n${rules}`);
      const result = await compare(`seed ${seed}`);
      cases += result.cases;
      answered += result.answered;
      if (result.wrong.length > 0) wrong.push(`${result.wrong.join("\n")}\n${rules}`);
    }
    await network.in("firewall", ["nft", "flush", "ruleset"]);
    if (kind.name === "iptables, legacy") for (const table of ["raw", "mangle", "nat", "filter"]) await network.in("firewall", ["xtables-legacy-multi", "iptables-restore"], `*${table}\nCOMMIT\n`);
    t.diagnostic(`${cases} packets, ${answered} answered`);
    assert.equal(wrong.join("\n"), "");
    assert.ok(answered > cases / 10 && answered < cases * 0.9, `some pass and some do not: ${answered} of ${cases}`);
  });
}
