// Owns that docs/explain.md is what the analyzer says, that each of its networks yields the code it is there for, and that no code of the
// analyzer is without one, but for those named here with why.

import { test } from "node:test";
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { answerOf, explainDocs, explainFile } from "../tools/explain-docs.ts";
import { explainedNetworks } from "./support/explained-networks.ts";

const withoutNetwork: Readonly<Record<string, string>> = {
  GUEST_NOT_RUNNING: "BAD_STATE says it of records alone; this is of a guest whose process is not there",
  INGRESS_RTB_NO_PUBLIC_IP: "test/agreement draws edge tables",
  NGW_SOURCE_ADDRESS_REASSIGN: "an answer that leaves by a NAT gateway: test/agreement draws it",
  NGW_REQUIRES_SOURCE_IN_VPC: "needs a source outside the VPC that is routed to the gateway",
  NO_PATH: "a packet that ends elsewhere than asked",
};

test("docs/explain.md is fresh: npm run explain-docs", () => {
  assert.equal(readFileSync(explainFile, "utf8"), explainDocs());
});

test("the guide's network, as it stands, is reachable", () => {
  const { answer } = answerOf({ code: "", otherwise: "nothing" });
  assert.deepEqual(answer.explanations, []);
  assert.equal(answer.reachable, true);
});

for (const one of explainedNetworks)
  test(`${one.code}: ${one.otherwise}`, () => {
    const { answer } = answerOf(one);
    assert.equal(answer.reachable, false);
    assert.ok(answer.explanations.some((e) => e.code === one.code), answer.explanations.map((e) => `${e.code}: ${e.message.en}`).join("\n") || "no cause");
  });

test("every code has its network", () => {
  const source = globSync(new URL("../src/reach/*.ts", import.meta.url).pathname).filter((file) => !file.endsWith(".test.ts")).map((file) => readFileSync(file, "utf8")).join("\n");
  const codes = new Set([...source.matchAll(/(?:make|led)\("([A-Z_]+)"|code: "([A-Z_]+)"/g)].map((m) => (m[1] ?? m[2])!));
  assert.ok(codes.size > 20, "codes are found in the sources");
  const shown = new Set(explainedNetworks.map((one) => one.code));
  assert.deepEqual([...codes].filter((code) => !shown.has(code) && withoutNetwork[code] === undefined), []);
});
