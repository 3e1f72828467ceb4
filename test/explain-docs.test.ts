// Owns that docs/explain.md is what the analyzer says, that each of its networks yields the code it is there for, and that no code of the
// analyzer is without one.

import { test } from "node:test";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { codes } from "../src/reach/codes.ts";
import { answerOf, explainDocs, explainFile } from "../tools/explain-docs.ts";
import { explainedNetworks } from "./support/explained-networks.ts";

test("docs/explain.md is fresh: npm run explain-docs", () => {
  assert.equal(readFileSync(explainFile, "utf8"), explainDocs());
});

test("the guide's network, as it stands, is reachable", () => {
  const { answer } = answerOf({ otherwise: "nothing" });
  assert.deepEqual(answer.explanations, []);
  assert.equal(answer.reachable, true);
});

for (const one of explainedNetworks)
  test(`${one.code}: ${one.otherwise}`, () => {
    const { answer } = answerOf(one);
    assert.equal(answer.reachable, false);
    assert.ok(answer.explanations.some((e) => e.code === one.code), answer.explanations.map((e) => `${e.code}: ${e.message.en}`).join("\n") || "no cause");
  });

test("every code that can be said has its network, and stands on the page in both languages' words", () => {
  const page = readFileSync(explainFile, "utf8");
  for (const code of codes) assert.ok(page.includes(`\n### ${code}\n`), `${code} is not on the page`);
  assert.deepEqual(explainedNetworks.filter((one) => !codes.includes(one.code)), []);
  for (const one of explainedNetworks)
    for (const { code, message } of answerOf(one).answer.explanations) {
      assert.match(message.ja, /[\u3040-\u30ff\u4e00-\u9fff]/, `${code} in Japanese: ${message.ja}`);
      assert.doesNotMatch(message.en, /[\u3040-\u30ff\u4e00-\u9fff]/, `${code} in English: ${message.en}`);
    }
});
