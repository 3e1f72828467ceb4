// Owns the collector on accounts given by hand: who gets which, when, and what is said of none and of lost ones.

import { after, test } from "node:test";
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { smallNetwork, type SmallNetwork } from "../../test/support/memory-context.ts";
import type { DrainedAccounts, FlowAccount } from "../datapath/flow-accounts.ts";
import { createFlowLogs } from "../ec2/flow-log/create-flow-logs.ts";
import { deleteFlowLogs } from "../ec2/flow-log/delete-flow-logs.ts";
import { describeFlowLogs } from "../ec2/flow-log/describe-flow-logs.ts";
import { createNetworkInterface } from "../ec2/network-interface/create-network-interface.ts";
import { parseIp } from "../lib/ip.ts";
import { FlowLogCollector } from "./collector.ts";

const roots: string[] = [];
after(() => { for (const root of roots) rmSync(root, { recursive: true, force: true }); });

interface Scene { readonly n: SmallNetwork; readonly root: string; readonly enis: readonly string[]; give(...accounts: Partial<FlowAccount>[]): void; lose(eni: number, packets: number): void; collector(): FlowLogCollector; lines(): string[] }

async function scene(): Promise<Scene> {
  const n = smallNetwork(), root = mkdtempSync(join(tmpdir(), "vpcbox-flow-logs-"));
  roots.push(root);
  const eni = async (SubnetId: string): Promise<string> => (await createNetworkInterface({ SubnetId }, n.ctx)).NetworkInterface!.NetworkInterfaceId!;
  const enis = [await eni(n.publicSubnet), await eni(n.privateSubnet)];
  const indexOf = (i: number): number => n.ctx.snapshot().get("network-interface", enis[i]!)!.index;
  let accounts: FlowAccount[] = [], lost = new Map<number, number>();
  return {
    n, root, enis,
    give: (...more) => { for (const account of more) accounts.push({ source: parseIp("192.0.2.1")!, destination: parseIp("10.0.0.4")!, sourcePort: 1, destinationPort: 2, protocol: 17, egress: false, rejected: false, path: 0, packets: 1, bytes: 30, firstMs: Date.now() + 86_400_000, lastMs: Date.now() + 86_400_000, tcpFlags: 0, ...account, port: indexOf(account.port ?? 0) }); },
    lose: (i, packets) => { lost.set(indexOf(i), packets); },
    collector: () => new FlowLogCollector({
      root, accountId: "000000000000", timeScale: 1, snapshot: () => n.ctx.snapshot(), liveInterfaces: (snapshot) => snapshot.list("network-interface"),
      drain: () => { const drained: DrainedAccounts = { accounts, lost }; accounts = []; lost = new Map(); return Promise.resolve(drained); },
      write: (fn) => { void n.ctx.write(fn); },
    }),
    lines: () => readdirSync(root, { recursive: true, withFileTypes: true }).filter((f) => f.isFile()).map((f) => join(f.parentPath, f.name)).sort().flatMap((file) => {
      const bytes = readFileSync(file);
      return (file.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString().trimEnd().split("\n");
    }),
  };
}
const logOf = async (s: Scene, ResourceType: "VPC" | "Subnet" | "NetworkInterface", id: string, more: object = {}): Promise<string> =>
  (await createFlowLogs({ ResourceType, ResourceIds: [id], TrafficType: "ALL", LogDestinationType: "s3", LogDestination: "arn:aws:s3:::logs", LogFormat: "${interface-id} ${packets} ${action} ${log-status}", ...more }, s.n.ctx)).FlowLogIds![0]!;

test("a VPC's, a subnet's and an interface's log, each its own", async () => {
  for (const [kind, id, expected] of [["VPC", (s: Scene) => s.n.vpc, ["0 1 ACCEPT OK", "1 5 REJECT OK"]], ["Subnet", (s: Scene) => s.n.privateSubnet, ["1 5 REJECT OK"]], ["NetworkInterface", (s: Scene) => s.enis[0]!, ["0 1 ACCEPT OK"]]] as const) {
    const s = await scene();
    await logOf(s, kind, id(s));
    s.give({}, { port: 1, packets: 5, rejected: true });
    await s.collector().close();
    assert.deepEqual(s.lines(), ["interface-id packets action log-status", ...expected.map((line) => line.replace(/^\d/, (i) => s.enis[Number(i)]!))], kind);
  }
});

test("ACCEPT and REJECT alone; nothing came, something was lost", async () => {
  const s = await scene(), [web] = s.enis;
  await logOf(s, "NetworkInterface", web!, { TrafficType: "ACCEPT" });
  await logOf(s, "NetworkInterface", s.enis[1]!, { TrafficType: "REJECT" });
  s.give({}, { rejected: true, packets: 2 }, { port: 1 });
  s.lose(0, 7);
  await s.collector().close();
  const header = "interface-id packets action log-status";
  assert.deepEqual(s.lines().filter((line) => line !== header).sort(), [`${web} 1 ACCEPT OK`, `${web} - - SKIPDATA`, `${s.enis[1]} - - NODATA`].sort());
});

test("streams of a log group grow; what a dead daemon had begun is gone", async () => {
  const s = await scene(), role = "arn:aws:iam::000000000000:role/logs";
  await logOf(s, "NetworkInterface", s.enis[0]!, { LogDestinationType: "cloud-watch-logs", LogDestination: undefined, LogGroupName: "net", DeliverLogsPermissionArn: role });
  for (const packets of [1, 2]) {
    s.give({ packets });
    await s.collector().close();
  }
  assert.deepEqual(s.lines(), [`${s.enis[0]} 1 ACCEPT OK`, `${s.enis[0]} 2 ACCEPT OK`]);
  writeFileSync(join(s.root, "CloudWatchLogs/us-east-1/net/.half.log.part"), "half");
  const collector = s.collector();
  await collector.start();
  await collector.close();
  assert.deepEqual(readdirSync(join(s.root, "CloudWatchLogs/us-east-1/net")), [`${s.enis[0]}-all`]);
});

test("a deleted log gets nothing more, a new one nothing from before it", async () => {
  const s = await scene(), id = await logOf(s, "VPC", s.n.vpc);
  const collector = s.collector();
  s.give({});
  collector.observe(s.n.ctx.snapshot());
  await deleteFlowLogs({ FlowLogIds: [id] }, s.n.ctx);
  await collector.close();
  await logOf(s, "VPC", s.n.vpc);
  s.give({ packets: 9, lastMs: 0 });
  await collector.close();
  assert.deepEqual(s.lines().filter((line) => line.endsWith("OK")), []);
});

test("what cannot be delivered shows as FAILED, and as SUCCESS when it can again", async () => {
  const s = await scene();
  const id = await logOf(s, "VPC", s.n.vpc);
  const status = async () => (await describeFlowLogs({ FlowLogIds: [id] }, s.n.ctx)).FlowLogs!.map((f) => [f.DeliverLogsStatus, f.DeliverLogsErrorMessage?.replace(/:.*/, "")])[0];
  writeFileSync(join(s.root, "logs"), "a file where the bucket's folder is to be");
  await s.collector().close();
  assert.deepEqual(await status(), ["FAILED", "ENOTDIR"]);
  rmSync(join(s.root, "logs"));
  await s.collector().close();
  assert.deepEqual(await status(), ["SUCCESS", undefined]);
});
