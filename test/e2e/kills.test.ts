// Owns the proof of ARCHITECTURE.md's invariants 1, 2 and 8 under kill -9: the daemon is killed at random moments while calls edit the
// network and packets move through its NAT instance, and `up` is said again. What was answered is there, what was not is there whole or not
// at all, no packet and no connection is lost, none gets through that may not, the kernel ends with a fresh plan's tables, and nothing stays.
// KILLS=100 for more (`npm run kills`); KILLS_SEED draws the same edits again.

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import {
  AllocateAddressCommand, AssociateAddressCommand, AssociateRouteTableCommand, AttachInternetGatewayCommand, AuthorizeSecurityGroupIngressCommand, CreateInternetGatewayCommand, CreateRouteCommand, CreateRouteTableCommand, CreateSecurityGroupCommand,
  CreateSubnetCommand, CreateVpcCommand, DescribeImagesCommand, DescribeInstancesCommand, DescribeNetworkAclsCommand, DescribeRouteTablesCommand, EC2ServiceException, ModifyInstanceAttributeCommand, RunInstancesCommand, waitUntilInstanceRunning,
} from "@aws-sdk/client-ec2";
import { runDir } from "../../cli/box-files.ts";
import { TableEncoder, tableSizes, type TableName } from "../../src/datapath/codec.ts";
import { readEntries } from "../../src/datapath/libbpf.ts";
import { openDatapath, type Datapath } from "../../src/datapath/loader.ts";
import { boundSocket } from "../../src/linux/libc.ts";
import { readLinks } from "../../src/linux/link.ts";
import { inNetns } from "../../src/linux/netns.ts";
import { planTables } from "../../src/plan/plan.ts";
import { Store } from "../../src/store/store.ts";
import { Box, cli, run, until } from "../support/box.ts";
import { ASIDE_ROUTE, placesOf, type Edited, type Place } from "../support/edit-places.ts";
import { kernelLeftovers } from "../support/kernel-leftovers.ts";
import { randomFrom } from "../support/random-rules.ts";
import { steadyPing } from "../support/steady-ping.ts";

const KILLS = Number(process.env.KILLS ?? 25), SEED = Number(process.env.KILLS_SEED ?? Date.now() % 1_000_000_000);
const MOST_MS = KILLS * 60_000, ECHO_PORT = 7777, HOST = "192.0.2.80";
const entriesOf = (datapath: Datapath, name: TableName): Map<string, string> => readEntries(datapath.object.mapFd(name), tableSizes[name][0], tableSizes[name][1]);
const own = { internet: { name: "vbinternet", innerMac: "02:00:00:00:01:01" }, services: { name: "vbservices", innerMac: "02:00:00:00:01:02" } };
const box = new Box();
let edited: Edited;
let places: Place[];
let held: Socket | undefined;

before(async () => {
  await box.up();
  const { ec2 } = box;
  const vpc = (await ec2.send(new CreateVpcCommand({ CidrBlock: "10.0.0.0/16" }))).Vpc!.VpcId!;
  const subnet = async (CidrBlock: string): Promise<string> => (await ec2.send(new CreateSubnetCommand({ VpcId: vpc, CidrBlock }))).Subnet!.SubnetId!;
  const [pub, priv] = [await subnet("10.0.0.0/24"), await subnet("10.0.1.0/24")];
  const gateway = (await ec2.send(new CreateInternetGatewayCommand({}))).InternetGateway!.InternetGatewayId!;
  await ec2.send(new AttachInternetGatewayCommand({ InternetGatewayId: gateway, VpcId: vpc }));
  const custom = (await ec2.send(new CreateRouteTableCommand({ VpcId: vpc }))).RouteTable!.RouteTableId!;
  await ec2.send(new AssociateRouteTableCommand({ RouteTableId: custom, SubnetId: pub }));
  await ec2.send(new CreateRouteCommand({ RouteTableId: custom, DestinationCidrBlock: "0.0.0.0/0", GatewayId: gateway }));
  const group = async (name: string): Promise<string> => (await ec2.send(new CreateSecurityGroupCommand({ GroupName: name, Description: name, VpcId: vpc }))).GroupId!;
  const [natGroup, privateGroup, aside] = [await group("nat"), await group("private"), await group("aside")];
  await ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId: natGroup, IpPermissions: [{ IpProtocol: "-1", IpRanges: [{ CidrIp: "10.0.1.0/24" }] }] }));
  const image = async (name: string): Promise<string> => (await ec2.send(new DescribeImagesCommand({ Owners: ["amazon"], Filters: [{ Name: "name", Values: [name] }] }))).Images![0]!.ImageId!;
  const launch = async (ImageId: string, SubnetId: string, groupId: string, more = 0) => {
    const { Instances } = await ec2.send(new RunInstancesCommand({ ImageId, InstanceType: "t3.micro", MinCount: 1, MaxCount: 1, NetworkInterfaces: [{ DeviceIndex: 0, SubnetId, Groups: [groupId], SecondaryPrivateIpAddressCount: more || undefined }] }));
    await waitUntilInstanceRunning({ client: ec2, minDelay: 1, maxDelay: 1, maxWaitTime: 60 }, { InstanceIds: [Instances![0]!.InstanceId!] });
    const [eni] = Instances![0]!.NetworkInterfaces!;
    return { id: Instances![0]!.InstanceId!, eni: eni!.NetworkInterfaceId!, ip: Instances![0]!.PrivateIpAddress!, addresses: eni!.PrivateIpAddresses!.map((a) => a.PrivateIpAddress!) };
  };
  const base = await image("al2023-ami-*");
  const [nat, one, spare] = await Promise.all([launch(await image("amzn-ami-vpc-nat-*"), pub, natGroup), launch(base, priv, privateGroup), launch(base, pub, privateGroup, 1)]);
  await ec2.send(new ModifyInstanceAttributeCommand({ InstanceId: nat.id, SourceDestCheck: { Value: false } }));
  const allocate = async (): Promise<string> => (await ec2.send(new AllocateAddressCommand({}))).AllocationId!;
  await ec2.send(new AssociateAddressCommand({ AllocationId: await allocate(), InstanceId: nat.id }));
  const table = (await ec2.send(new DescribeRouteTablesCommand({ Filters: [{ Name: "vpc-id", Values: [vpc] }, { Name: "association.main", Values: ["true"] }] }))).RouteTables![0]!.RouteTableId!;
  await ec2.send(new CreateRouteCommand({ RouteTableId: table, DestinationCidrBlock: "0.0.0.0/0", InstanceId: nat.id }));
  await ec2.send(new CreateRouteCommand({ RouteTableId: table, DestinationCidrBlock: ASIDE_ROUTE, NetworkInterfaceId: nat.eni }));
  const acl = (await ec2.send(new DescribeNetworkAclsCommand({ Filters: [{ Name: "vpc-id", Values: [vpc] }] }))).NetworkAcls![0]!.NetworkAclId!;
  edited = { vpc, aside, acl, table, gateway, image: base, subnet: priv, allocation: await allocate(), nat, private: { ...one, group: privateGroup }, spare };
  places = placesOf(edited);
});
after(async () => {
  held?.destroy(); // its guest may be gone without a word
  await box.remove();
  assert.deepEqual(await kernelLeftovers(box), []);
});

/** A connection from the private instance through its NAT instance to a host of the internet, on which numbers go there and back. */
async function heldConnection() {
  const state = { echoes: 0, ended: undefined as string | undefined };
  const server = createServer();
  server.listen({ fd: inNetns(`${runDir(box.name)}/netns/internet`, () => boundSocket("tcp", 0, ECHO_PORT)) });
  const client = run(cli, ["--box", box.name, "exec", edited.private.id, "--", "bash", "-c", `exec 3<>/dev/tcp/${HOST}/${ECHO_PORT}; exec cat <&3 >&3`], { timeoutMs: MOST_MS });
  const [socket] = await once(server, "connection") as [Socket];
  server.close();
  held = socket;
  let text = "";
  const say = (): void => void socket.write(`${state.echoes}\n`);
  socket.on("data", (data: Buffer) => {
    text += data.toString();
    if (!text.endsWith("\n")) return;
    if (text !== `${state.echoes}\n`) state.ended ??= `the echo of ${state.echoes} was ${text}`;
    text = "";
    state.echoes++;
    setTimeout(say, 5);
  }).on("error", (error) => { state.ended ??= error.message; }).on("close", () => { state.ended ??= "closed"; });
  say();
  return { state, close: async () => { const { ended } = state; socket.end(); await client; return ended; } };
}

/** It has ended, all its threads (until then it has its files); whether the machine's init has heard of it already says nothing. */
const gone = (pid: number): Promise<true> => until("the daemon is gone", async () => {
  try {
    return /\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "utf8")) && readdirSync(`/proc/${pid}/task`).length === 1 ? true as const : undefined;
  } catch {
    return true as const;
  }
});

/** The daemon's process of this box, which may not have said yet that it is up. */
function daemonPid(): number | undefined {
  return readdirSync("/proc").map(Number).find((pid) => {
    try {
      return pid > 0 && /src\/daemon\.ts\0/.test(readFileSync(`/proc/${pid}/cmdline`, "utf8")) && readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").includes(box.name);
    } catch {
      return false; // it ended while we looked
    }
  });
}

/** `up`, and now and then a kill while it comes up. Answers how often it was killed. */
async function upAgain(random: () => number): Promise<number> {
  let killed = 0;
  while (random() < 0.15) {
    const coming = box.up().catch(() => undefined);
    const pid = await until("the daemon starts", async () => daemonPid());
    await new Promise((resolve) => setTimeout(resolve, random() * 600));
    process.kill(pid, "SIGKILL");
    await gone(pid);
    await coming;
    killed++;
  }
  box.ec2.destroy();
  await box.up();
  return killed;
}

test(`${KILLS} kills: no answered call lost, none half done, no packet and no connection lost`, { timeout: MOST_MS }, async (t) => {
  const random = randomFrom(SEED), began = performance.now();
  t.diagnostic(`KILLS_SEED=${SEED}`);
  const connection = await heldConnection();
  const [passes, stops] = await Promise.all([steadyPing(box, edited.private.id, HOST, 0.02, MOST_MS), steadyPing(box, edited.nat.id, edited.spare.addresses[0]!, 0.02, MOST_MS)]);
  const seen = new Map(await Promise.all(places.map(async (place) => [place, await place.read(box.ec2)] as const)));
  let answered = 0, unanswered = 0, happened = 0, duringStart = 0;
  for (let kill = 0; kill < KILLS; kill++) {
    const { ec2, pid } = box, open = new Map<Place, string>();
    let killed = false, left = Math.floor(random() * 10); // calls that are answered before: a slow machine has its time
    let enough: () => void = () => undefined;
    const answers = new Promise<void>((resolve) => { enough = resolve; });
    const edit = async (place: Place): Promise<void> => {
      while (!killed) {
        const { to, send } = place.next(seen.get(place)!, random);
        open.set(place, to);
        try {
          await send(ec2);
        } catch (error) {
          if (error instanceof EC2ServiceException || !killed) throw new Error(`${place.name}, from ${seen.get(place)} to ${to}: ${(error as Error).message}`);
          return; // nobody will know whether it was done, until they look
        }
        open.delete(place);
        seen.set(place, to);
        answered++;
        if (--left < 0) enough();
      }
    };
    const edits = Promise.allSettled(places.filter((_, i) => i === kill % places.length || random() < 0.6).map(edit));
    await Promise.race([answers, edits]); // of edits that fail
    await new Promise((resolve) => setTimeout(resolve, random() * 50));
    killed = true;
    process.kill(pid, "SIGKILL");
    for (const one of await edits) if (one.status === "rejected") throw one.reason as Error;
    await gone(pid);
    duringStart += await upAgain(random);
    const read = await Promise.all(places.map(async (place) => [place, await place.read(box.ec2)] as const));
    for (const [place, now] of read) {
      const to = open.get(place), before = seen.get(place)!;
      if (to === undefined) assert.equal(now, before, `kill ${kill}, ${place.name}: what was answered is there`);
      else assert.ok(now === before || now === to, `kill ${kill}, ${place.name}: whole or not at all, from\n${before}\nto\n${to}\nis\n${now}`);
      if (to !== undefined) { unanswered++; if (now === to) happened++; }
      seen.set(place, now);
    }
    assert.equal(connection.state.ended, undefined, `kill ${kill}`);
  }
  const [through, stopped] = [await passes.end(), await stops.end()];
  t.diagnostic(`${KILLS} kills and ${duringStart} while it came up in ${Math.round((performance.now() - began) / 1000)} s; ${answered} calls answered, of ${unanswered} that were not ${happened} happened; ${through.received} of ${through.sent} pings and ${connection.state.echoes} echoes passed, ${stopped.received} of ${stopped.sent} of what may not`);
  assert.ok(through.sent - through.received <= 1, `${through.received} of ${through.sent} pings: at most the one that was on its way at the end`);
  assert.ok(through.sent > 10 * KILLS && stopped.sent > 10 * KILLS && answered > KILLS, "there were packets and calls all the while");
  assert.equal(stopped.received, 0);
  assert.ok(connection.state.echoes > 10 * KILLS);
  assert.equal(await connection.close(), undefined, "the connection stood to the end");
});

test("the kernel ends with the tables of a fresh plan of what is on disk", async () => {
  await until("every instance is where it is going", async () => (await box.ec2.send(new DescribeInstancesCommand({}))).Reservations!.flatMap((r) => r.Instances!).every((i) => i.State!.Name === "running" || i.State!.Name === "terminated") || undefined);
  await until("and their links", async () => ((JSON.parse((await box.vpcbox("status", "--json")).stdout) as { converged: boolean }).converged ? true : undefined));
  process.kill(box.pid, "SIGKILL"); // it alone may open the store
  await gone(box.pid);
  const store = new Store(box.stateDir), snapshot = store.snapshot();
  const links = readLinks(`${runDir(box.name)}/netns/fabric`), datapath = openDatapath(`/sys/fs/bpf/vpcbox/${box.name}`, { existingOnly: true });
  try {
    const planned = new TableEncoder().encode(planTables(snapshot, own), (link) => links.get(link));
    for (const name of Object.keys(tableSizes) as TableName[])
      assert.deepEqual(new Map([...entriesOf(datapath, name)].sort()), new Map(planned[name].flatMap((part) => [...part]).sort()), name);
    assert.deepEqual([...links.keys()].filter((link) => /^vb\d/.test(link)).sort(), planTables(snapshot, own).ports.filter((p) => p.kind === "interface").map((p) => p.link).sort());
  } finally {
    datapath.close();
    store.close();
  }
});

test("after `reset` nothing of it is left: no guest, link, mount, flow", async () => {
  box.ec2.destroy();
  await box.up();
  assert.equal((await box.vpcbox("reset")).status, 0);
  assert.deepEqual(readdirSync(`${runDir(box.name)}/guests`), []);
  assert.deepEqual([...readLinks(`${runDir(box.name)}/netns/fabric`).keys()].filter((link) => /^vb\d/.test(link)), []);
  assert.deepEqual(readFileSync("/proc/self/mountinfo", "utf8").split("\n").filter((line) => line.includes(`${runDir(box.name)}/guests/`) || line.includes(`${box.stateDir}/`)), []);
  const datapath = openDatapath(`/sys/fs/bpf/vpcbox/${box.name}`, { existingOnly: true });
  try {
    const left = (name: TableName): number => entriesOf(datapath, name).size;
    assert.deepEqual([left("ports"), left("numbers"), left("addresses"), left("publics"), left("nats")], [2, 2, 0, 0, 0], "the box's own two");
    assert.equal(datapath.flowCount(), 0);
  } finally {
    datapath.close();
  }
});
