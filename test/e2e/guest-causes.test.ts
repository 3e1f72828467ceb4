// Owns what is wrong inside guests, made for real by a guest's root on a real box: each is named by its code, the real packet fares as was
// said (`--probe`), and the command that was said mends it.

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { dirname } from "node:path";
import { Box, cli, run } from "../support/box.ts";
import { buildNatNetwork, findImage, type NatNetwork } from "../support/nat-network.ts";
import { kernelLeftovers } from "../support/kernel-leftovers.ts";

interface Explained {
  readonly reachable: boolean;
  readonly explanations: readonly { readonly code: string; readonly component: string; readonly mend: string }[];
  readonly probe: { readonly sent: boolean; readonly answered: boolean; readonly arrived: boolean; readonly agrees: boolean; readonly file?: string; readonly seen: readonly { readonly where: string; readonly way: string; readonly packet: string; readonly answer: boolean }[]; readonly dropped: readonly { readonly interface: string; readonly reason: string }[] };
}

const box = new Box();
let n: NatNetwork;
before(async () => {
  await box.up();
  n = await buildNatNetwork(box, await findImage(box, "amzn-ami-vpc-nat-*"));
});
after(async () => {
  await box.remove();
  assert.deepEqual(await kernelLeftovers(box), []);
});

async function paste(command: string): Promise<void> {
  const env = { PATH: `${dirname(cli)}:${process.env.PATH ?? ""}`, HOME: box.stateDir, AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test", AWS_DEFAULT_REGION: "us-east-1", AWS_PAGER: "", AWS_EC2_METADATA_DISABLED: "true" };
  const result = await run("bash", ["-c", `npx() { "$@"; }; ${command}`], { env });
  assert.equal(result.status, 0, `${command}: ${result.stderr}`);
}
async function inside(instance: string, command: string): Promise<void> {
  const result = await box.exec(instance, "sh", "-c", command);
  assert.equal(result.status, 0, `${command}: ${result.stderr}`);
}
const outward = ["--from", "private", "--to", "ietf.org"], web = [...outward, "--protocol", "tcp", "--port", "80"];
async function probe(words: readonly string[]): Promise<Explained> {
  const result = await box.vpcbox("explain", ...words, "--probe", "--json");
  assert.equal(result.stderr, "");
  const explained = JSON.parse(result.stdout) as Explained;
  assert.equal(explained.probe.agrees, true, `the packet and the analysis differ: ${result.stdout}`);
  assert.equal(explained.probe.answered, explained.reachable);
  assert.equal(result.status, explained.reachable ? 0 : 1);
  return explained;
}

const codesOf = (explained: Explained): string[] => explained.explanations.map((one) => one.code);
/** Breaks, asks, mends by what was said, asks again. */
async function fault(words: readonly string[], break_: () => Promise<unknown>, code: string, at: string): Promise<Explained> {
  await break_();
  const broken = await probe(words);
  assert.deepEqual([...new Set(codesOf(broken))], [code]);
  assert.equal(broken.explanations[0]!.component, at);
  for (const { mend } of broken.explanations) await paste(mend);
  assert.deepEqual(codesOf(await probe(words)), []);
  return broken;
}

test("nothing is wrong: the packet is seen at every hop, as what it left each of them", async () => {
  for (const words of [outward, web]) {
    const { probe: { seen } } = await probe(words);
    const ways = seen.map((one) => `${one.where} ${one.way}${one.answer ? " answer" : ""}`);
    for (const way of [`${n.private} out`, `${n.nat} in`, `${n.nat} out`, "internet in", "internet out answer", `${n.nat} in answer`, `${n.private} in answer`]) assert.ok(ways.includes(way), `${way}: ${ways.join(", ")}`);
    assert.ok(seen.find((one) => one.where === "internet" && one.way === "in")!.packet.includes(n.natPublic));
  }
});

const nat = (): string => n.nat;
const faults: readonly (readonly [name: string, words: readonly string[], where: () => string, command: string, code: string])[] = [
  ["forwarding off", outward, nat, "sysctl -w net.ipv4.ip_forward=0", "GUEST_IP_FORWARDING_DISABLED"],
  ["forwarding off on the one device", web, nat, "sysctl -w net.ipv4.conf.eth0.forwarding=0", "GUEST_IP_FORWARDING_DISABLED"],
  ["MASQUERADE gone", outward, nat, "iptables -t nat -F POSTROUTING", "GUEST_NAT_MISSING"],
  ["MASQUERADE on the wrong interface", outward, nat, "iptables -t nat -F POSTROUTING; iptables -t nat -A POSTROUTING -o eth1 -j MASQUERADE", "GUEST_NAT_WRONG_INTERFACE"],
  ["a rule drops the web alone", web, nat, "iptables -A FORWARD -p tcp -m multiport --dports 80,443 -j DROP", "GUEST_FIREWALL_DROPS"],
];
for (const [name, words, where, command, code] of faults) test(`inside: ${name}`, async () => { await fault(words, () => inside(where(), command), code, where()); });
