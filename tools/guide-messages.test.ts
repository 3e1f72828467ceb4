// Owns that the guide says everything in both languages, and nothing with an empty place.

import { test } from "node:test";
import assert from "node:assert/strict";
import { languageOf } from "../cli/language.ts";
import { messages, say, type MessageKey } from "./guide-messages.ts";

const places = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1]!).sort();

test("both languages have every message, with the same places", () => {
  assert.deepEqual(Object.keys(messages.ja).sort(), Object.keys(messages.en).sort());
  for (const key of Object.keys(messages.en) as MessageKey[]) {
    assert.deepEqual(places(messages.ja[key]), places(messages.en[key]), key);
    assert.notEqual(messages.ja[key].trim(), "", key);
    if (!key.startsWith("look")) assert.match(messages.ja[key], /[\u3040-\u30ff\u4e00-\u9fff]/, `${key} is Japanese`);
  }
});

test("the locale chooses, as POSIX has it", () => {
  const rows: [NodeJS.ProcessEnv, string][] = [
    [{}, "en"], [{ LANG: "ja_JP.UTF-8" }, "ja"], [{ LANG: "ja" }, "ja"], [{ LANG: "jam_JM" }, "en"],
    [{ LANG: "ja_JP.UTF-8", LC_ALL: "C" }, "en"], [{ LANG: "C", LC_MESSAGES: "ja_JP.UTF-8" }, "ja"], [{ LANG: "ja_JP.UTF-8", LC_ALL: "" }, "ja"],
  ];
  for (const [env, language] of rows) assert.equal(languageOf(env), language, JSON.stringify(env));
});

test("places are filled", () => {
  assert.equal(say("en", "createVpc", { cidr: "10.0.0.0/16" }), "Create a VPC, 10.0.0.0/16");
  assert.equal(say("ja", "createVpc", { cidr: "10.0.0.0/16" }), "VPC 10.0.0.0/16 を作成する");
});
