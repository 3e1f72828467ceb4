// Owns how the program comes to a link: by tcx in place of the one before it, and as a classifier where a kernel has no tcx (before 6.6).

import { test } from "node:test";
import assert from "node:assert/strict";
import { tcxPrograms } from "../../src/datapath/libbpf.ts";
import { openDatapath } from "../../src/datapath/loader.ts";
import { readLinks } from "../../src/linux/link.ts";
import { inNetns } from "../../src/linux/netns.ts";
import { all, route, TestFabric } from "../support/fabric.ts";

/** Two hosts that may talk, and what is attached where they are. */
async function pair(): Promise<{ fabric: TestFabric; links: readonly number[]; tcx: () => readonly number[] }> {
  const fabric = await TestFabric.open();
  fabric.vpc(100, ["10.0.0.0/16"]);
  fabric.group(400, [all]);
  fabric.tables.routes = [route(300, "10.0.0.0/16", { kind: "local" })];
  for (const port of [16, 17]) await fabric.host(`h${port}`, { port, address: `10.0.0.${port}/24` });
  fabric.apply();
  const links = [...readLinks(fabric.path("fabric"))].filter(([name]) => name.startsWith("vb")).map(([, ifindex]) => ifindex);
  return { fabric, links, tcx: () => inNetns(fabric.path("fabric"), () => links.flatMap((link) => tcxPrograms(link) ?? [])) };
}

test("a program takes the place of the one before it, and is on a link once", async (t) => {
  const { fabric, links, tcx } = await pair();
  t.after(() => fabric.close());
  const first = tcx();
  if (first.length === 0) return t.skip("this kernel has no tcx");
  assert.ok(first.length === 2 && first[0] === first[1]);
  const again = openDatapath(fabric.pins);
  t.after(() => again.close());
  for (let i = 0; i < 2; i++) inNetns(fabric.path("fabric"), () => { for (const link of links) again.attach(link); });
  const now = tcx();
  assert.ok(now.length === 2 && now[0] === now[1] && now[0] !== first[0], `${now}, before ${first}`);
  assert.ok(await fabric.pings("h16", "10.0.0.17"));
});

test("as a classifier it carries packets and stops them", async (t) => {
  const { fabric, tcx } = await pair();
  t.after(() => fabric.close());
  const old = openDatapath(fabric.pins, { classifier: true });
  t.after(() => old.close());
  const before = tcx().length;
  await fabric.host("h18", { port: 18, address: "10.0.0.18/24" }, old);
  await fabric.host("h19", { port: 19, address: "10.0.0.19/24", groups: [401] }, old);
  fabric.group(401, [], [all]);
  fabric.apply();
  assert.equal(tcx().length, before, "nothing of theirs is at tcx");
  assert.ok(await fabric.pings("h19", "10.0.0.18"));
  assert.equal(await fabric.pings("h18", "10.0.0.19"), false);
  assert.equal(fabric.drops(19, "GROUP_INGRESS"), 1);
});
