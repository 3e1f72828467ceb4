// Owns the probe on the real program: what was said and what happens agree; where they do not (the analysis is falsified, or the network
// changes between the two), that is told, with a file that has all that is needed to find out why.

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readNetwork } from "../../src/model/network.ts";
import { probe, type Probe } from "../../src/probe.ts";
import { analyze } from "../../src/reach/analyze.ts";
import type { Answer, Question } from "../../src/reach/question.ts";
import { client, dnsHost, drawWith, pingHost, type Drawn } from "./drawn-network.ts";
import { Stage } from "./stage.ts";

const stateDir = mkdtempSync(join(tmpdir(), "vpcbox-probe-"));
let stage: Stage;
let number = 60_000;
before(async () => { stage = await Stage.open(); });
after(async () => { await stage.close(); rmSync(stateDir, { recursive: true, force: true }); });

interface Played { readonly answer: Answer; readonly probe: Probe }
/** Analyzes one network and probes the same, or another that stands there by then. */
async function play(drawn: Drawn, more: { readonly question?: Partial<Question>; readonly then?: Drawn; readonly say?: (answer: Answer) => Answer } = {}): Promise<Played> {
  const question = { ...drawn.question, ...more.question };
  const guests = await stage.put(drawn);
  const network = readNetwork(drawn.records.snapshot);
  const answer = (more.say ?? ((one) => one))(analyze(network, question, guests));
  if (more.then) await stage.put(more.then);
  return { answer, probe: await probe(stage.probeDeps(stateDir), network, question, answer, stage.factsOf(drawn), (drop) => String(drop.port)) };
}
const drawn = (way: Drawn["way"], protocol: Question["protocol"], ...faults: string[]): Drawn => drawWith(way, protocol, faults, number += 100);
const places = ({ seen }: Probe): string[] => seen.map((one) => `${one.where} ${one.way}${one.answer ? " answer" : ""}`);

for (const protocol of ["icmp", "udp", "tcp"] as const) {
  test(`${protocol}: out through the NAT instance and back, seen at every link`, async () => {
    const { answer, probe: found } = await play(drawn("nat-instance", protocol));
    assert.deepEqual([answer.reachable, found.sent, found.arrived, found.answered, found.agrees, found.file], [true, true, true, true, true, undefined]);
    assert.deepEqual(places(found), ["i-private out", "i-nat in", "i-nat out", "internet in", "internet out answer", "i-nat in answer", "i-nat out answer", "i-private in answer"]);
    const to = protocol === "udp" ? dnsHost : pingHost;
    assert.ok(found.seen[3]!.packet.includes("203.0.113.5") && found.seen[3]!.packet.includes(to), found.seen[3]!.packet);
  });

  test(`${protocol}: from the internet in`, async () => {
    const { answer, probe: found } = await play(drawn("inwards", protocol));
    assert.deepEqual([answer.reachable, found.answered, found.agrees], [true, true, true]);
    assert.deepEqual(places(found).filter((place) => !place.startsWith("internet")), ["laptop out", "i-web in", "i-web out answer", "laptop in answer"]);
    assert.ok(found.seen[0]!.packet.includes(client), found.seen[0]!.packet);
  });

  test(`${protocol}: stopped on the way, it is seen up to there, and the drop beside it`, async () => {
    const { answer, probe: found } = await play(drawn("nat-instance", protocol, "check on"));
    assert.deepEqual([answer.reachable, found.arrived, found.answered, found.agrees], [false, false, false, true]);
    assert.deepEqual(places(found), ["i-private out"]);
    assert.deepEqual([...new Set(found.dropped.map((one) => one.reason))], ["DESTINATION_CHECK"]);
  });

  test(`${protocol}: falsely said to be reachable, and falsely said not to be: a defect, with its file`, async () => {
    const broken = await play(drawn("nat-instance", protocol, "check on"), { say: (answer) => ({ ...answer, reachable: true, explanations: [] }) });
    const well = await play(drawn("nat-instance", protocol), { say: (answer) => ({ ...answer, reachable: false, explanations: [{ code: "ENI_SG_RULES_MISMATCH", direction: "forward", component: { kind: "interface", id: "eni-nat" }, flow: "ingress", message: { en: "", ja: "" }, mend: "" }] }) });
    assert.deepEqual([broken.probe.answered, broken.probe.agrees, well.probe.answered, well.probe.agrees], [false, false, true, false]);
    for (const { probe: { file } } of [broken, well]) assert.ok(existsSync(file!), file);
  });
}

test("the network changes between analysis and packet: a defect is reported, and the file has what is needed to see it", async () => {
  const before = drawn("nat-instance", "tcp");
  const { answer, probe: found } = await play(before, { then: drawWith("nat-instance", "tcp", ["no masquerade"], number) });
  assert.deepEqual([answer.reachable, found.answered, found.agrees], [true, false, false]);
  assert.equal(statSync(found.file!).mode & 0o777, 0o600, "it is nobody else's business");
  const report = JSON.parse(readFileSync(found.file!, "utf8")) as Record<string, unknown> & { analysis: Answer; happened: Probe; question: Question; facts: { instanceId: string }[]; records: Record<string, { id: string }[]> };
  assert.deepEqual(Object.keys(report), ["vpcbox", "at", "question", "analysis", "happened", "facts", "records"]);
  assert.deepEqual([report.analysis.reachable, report.happened.answered, report.question.port], [true, false, 80]);
  assert.ok(report.facts.some((one) => one.instanceId === "i-nat"));
  assert.deepEqual(report.records["network-interface"]!.map((one) => one.id).sort(), ["eni-nat", "eni-private"]);
});

test("said to be stopped on the way, but seen at its end: a defect even where no answer was to come", async () => {
  const { probe: found } = await play(drawn("neighbour", "udp", "port closed"), { say: (answer) => ({ ...answer, explanations: [{ ...answer.explanations[0]!, code: "ENI_SG_RULES_MISMATCH", component: { kind: "interface", id: "eni-web" } }] }) });
  assert.deepEqual([found.arrived, found.answered, found.agrees], [true, false, false]);
  const closed = await play(drawn("neighbour", "udp", "port closed"));
  assert.deepEqual([closed.probe.arrived, closed.probe.answered, closed.probe.agrees], [true, false, true]);
});
