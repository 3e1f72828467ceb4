// Owns the proof that both ends of a connection may close it at the same instant, each by its own processor: neither's word is lost, or the
// flow would be remembered for days.

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { must } from "../../src/lib/assert.ts";
import { readLinks } from "../../src/linux/link.ts";
import { TestRuns } from "../../src/datapath/test-run.ts";
import { inNetns } from "../../src/linux/netns.ts";
import { route, rule, TCP, TestFabric } from "../support/fabric.ts";
import { frame } from "../support/frames.ts";
import type { LockstepWork } from "./lockstep-prober.ts";

const CONNECTIONS = 3000, A = 16, B = 17, CLIENT = "10.0.0.10", SERVER = "10.0.0.11", FIN = 1, SYN = 2, ACK = 16, REDIRECT = 7;
let fabric: TestFabric;
before(async () => {
  fabric = await TestFabric.open();
  fabric.vpc(100, ["10.0.0.0/16"]);
  fabric.tables.routes = [route(300, "10.0.0.0/16", { kind: "local" })];
  fabric.group(400, [], [rule(TCP, 80, 80, "0.0.0.0/0")]);
  fabric.group(401, [rule(TCP, 80, 80, "0.0.0.0/0")], []);
  await fabric.host("a", { port: A, address: `${CLIENT}/24`, groups: [400] });
  await fabric.host("b", { port: B, address: `${SERVER}/24`, groups: [401] });
  fabric.apply();
});
after(() => fabric.close());

const ports = Array.from({ length: CONNECTIONS }, (_, i) => 10_000 + i);
const sent = (flags: number) => (port: number): Buffer => frame({ from: CLIENT, to: SERVER, protocol: TCP, sport: port, dport: 80, flags, sourceMac: "02:00:00:00:00:10" });
const answered = (flags: number) => (port: number): Buffer => frame({ from: SERVER, to: CLIENT, protocol: TCP, sport: 80, dport: port, flags, sourceMac: "02:00:00:00:00:11" });

test("of two ends that close at once, by two processors, each is heard", { timeout: 120_000 }, async () => {
  const links = readLinks(fabric.path("fabric")), at = new Int32Array(new SharedArrayBuffer(8));
  const passed = (port: number, frames: readonly Buffer[]): number => fabric.testEach(port, frames).filter(({ verdict }) => verdict === REDIRECT).length;
  assert.equal(passed(A, ports.map(sent(SYN))), CONNECTIONS);
  assert.equal(passed(B, ports.map(answered(SYN | ACK))), CONNECTIONS);
  await Promise.all(([[A, ports.map(sent(FIN | ACK))], [B, ports.map(answered(FIN | ACK))]] as const).map(async ([port, frames], me) => {
    const work: LockstepWork = { programFd: fabric.datapath.object.programFd("from_port"), netns: fabric.path("fabric"), ifindex: must(links.get(`vb${port}`), `vb${port}`), frames, at, me: me as 0 | 1 };
    const worker = new Worker(new URL("lockstep-prober.ts", import.meta.url), { workerData: work });
    await once(worker, "message");
    await worker.terminate();
  }));
  assert.equal(passed(B, ports.map(answered(ACK))), CONNECTIONS, "what was sent again may still come");
  const runs = inNetns(fabric.path("fabric"), () => new TestRuns(fabric.datapath)), before = fabric.drops(B, "GROUP_EGRESS");
  runs.age(11);
  assert.equal(passed(B, ports.map(answered(ACK))), 0, "a connection that both ends closed is forgotten after ten seconds");
  assert.equal(fabric.drops(B, "GROUP_EGRESS") - before, CONNECTIONS, "by the server's end");
  assert.equal(fabric.drops(A, "GROUP_INGRESS"), 0);
});
