// Owns what the reconciler promises: a second apply changes nothing, damage is mended, strays of its own go, and neither another
// box nor the host's own network is ever touched, not even when a daemon is killed and its box is cleaned up.

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { Box, run, until } from "../support/box.ts";
import { detachTcx, tcxPrograms } from "../../src/datapath/libbpf.ts";
import { readLinks } from "../../src/linux/link.ts";
import { inNetns } from "../../src/linux/netns.ts";
import { kernelLeftovers } from "../support/kernel-leftovers.ts";
import { findImage, pings, waitForState } from "../support/nat-network.ts";

interface Status { readonly revision: number; readonly converged: boolean; readonly problems: string[]; readonly lastPass: Record<string, number> }

const [one, other] = [new Box(), new Box()];
let instance: string;
let otherInstance: string;
let hostBefore: string;

/** The host's own links, addresses, routes and rules, as text. Counters and states that move by themselves are left out. */
async function hostNetwork(): Promise<string> {
  const parts = await Promise.all([["ip", "-o", "addr"], ["ip", "route", "show", "table", "all"], ["ip", "rule"], ["nft", "list", "ruleset"]].map(([file, ...args]) => run(file!, args)));
  return parts.map((p) => p.stdout.replace(/ (valid_lft|preferred_lft|expires) \S+/g, "")).join("\n");
}

const inFabric = (box: Box, ...command: string[]) => run("nsenter", [`--net=/run/vpcbox/${box.name}/netns/fabric`, ...command]);
const interfaceLinks = async (box: Box): Promise<string[]> => [...(await inFabric(box, "ip", "-o", "link")).stdout.matchAll(/^\d+: (vb\d+)@/gm)].map((m) => m[1]!);
const status = async (box: Box): Promise<Status> => JSON.parse((await box.vpcbox("status", "--json")).stdout) as Status;

/** Any write starts a pass; its answer comes when the kernel holds it. Links are looked at right after. */
async function pass(box: Box): Promise<Status> {
  await box.aws("ec2", "create-tags", "--resources", instance, "--tags", `Key=pass,Value=${Date.now()}`);
  return status(box);
}

async function kill(box: Box): Promise<void> {
  process.kill(box.pid, "SIGKILL");
  await until("the daemon is gone", async () => { try { process.kill(box.pid, 0); return undefined; } catch { return true; } });
}

async function launch(box: Box): Promise<string> {
  const { Instances } = await box.aws<{ Instances: { InstanceId: string }[] }>("ec2", "run-instances", "--image-id", await findImage(box, "al2023-ami-*"), "--instance-type", "t3.micro");
  await waitForState(box, Instances[0]!.InstanceId, "running");
  return Instances[0]!.InstanceId;
}

before(async () => {
  hostBefore = await hostNetwork();
  await Promise.all([one.up(), other.up()]);
  [instance, otherInstance] = await Promise.all([launch(one), launch(other)]);
});
after(async () => {
  await one.remove();
  await other.remove();
  assert.deepEqual([...(await kernelLeftovers(one)), ...(await kernelLeftovers(other))], []);
  assert.equal(await hostNetwork(), hostBefore, "the host's network is as it was");
});

test("a second apply is empty", async () => {
  await until("converged", async () => ((await status(one)).converged ? true : undefined));
  const { lastPass, problems } = await pass(one);
  assert.deepEqual([lastPass, problems], [{ added: 0, updated: 0, removed: 0, linksAdded: 0, linksRemoved: 0, attached: 0 }, []]);
});

test("a link that was deleted, a program that was detached and a stray link are mended", async () => {
  const [link] = await interfaceLinks(one);
  assert.equal(await pings(one, instance, "192.0.2.80"), true);
  const fabric = `/run/vpcbox/${one.name}/netns/fabric`, deleted = readLinks(fabric).get(link!);
  assert.equal((await inFabric(one, "ip", "link", "add", "vb999999", "type", "veth", "peer", "name", "stray")).status, 0);
  assert.equal((await inFabric(one, "ip", "link", "del", link!)).status, 0); // what a pass mends in between, half a second after the last, is mended
  assert.deepEqual((await pass(one)).problems, []);
  await until("the link is back and the stray one gone", async () => ((await interfaceLinks(one)).join() === link ? true : undefined), 5000);
  assert.equal(await pings(one, instance, "192.0.2.80"), true);

  const ifindex = readLinks(fabric).get(link!)!;
  assert.notEqual(ifindex, deleted);
  const filters = async (): Promise<number> => ((await inFabric(one, "tc", "filter", "show", "dev", link!, "ingress")).stdout.match(/ direct-action /g) ?? []).length; // before kernel 6.6
  const programs = async (): Promise<number> => (inNetns(fabric, () => tcxPrograms(ifindex))?.length ?? 0) + (await filters());
  assert.equal(await programs(), 1);
  if ((await filters()) > 0) await inFabric(one, "tc", "filter", "del", "dev", link!, "ingress");
  else inNetns(fabric, () => { detachTcx(ifindex); });
  assert.equal(await programs(), 0);
  assert.equal(await pings(one, instance, "192.0.2.80"), false);
  await kill(one);
  await one.up();
  assert.equal(await programs(), 1);
  assert.equal(await pings(one, instance, "192.0.2.80"), true);
});

test("a killed daemon's box is cleaned up by `down`; the other box does not notice", async () => {
  const otherLinks = await interfaceLinks(other);
  const pinging = other.exec(otherInstance, "ping", "-i", "0.2", "-c", "20", "192.0.2.80");
  await kill(one);
  assert.equal((await one.vpcbox("down")).status, 0);
  assert.deepEqual(await kernelLeftovers(one), [`path ${one.stateDir}`], "the state stays, and nothing else");
  assert.match((await pinging).stdout, /20 packets transmitted, 20 received, 0% packet loss/);
  assert.deepEqual(await interfaceLinks(other), otherLinks);
  await one.up();
  assert.equal(await until("the instance runs again", async () => ((await one.aws<{ Reservations: { Instances: { State: { Name: string } }[] }[] }>("ec2", "describe-instances", "--instance-ids", instance)).Reservations[0]!.Instances[0]!.State.Name === "running" ? true : undefined)), true);
  await until("and pings", async () => ((await pings(one, instance, "ietf.org")) ? true : undefined));
});
