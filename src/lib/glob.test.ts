// Owns the proof of wildcards: by rows, against regular expressions on short random texts, and on a pattern made to take for ever.

import { test } from "node:test";
import assert from "node:assert/strict";
import { globMatcher } from "./glob.ts";

test("wildcards: rows", () => {
  const rows: [string, string, boolean][] = [
    ["", "", true], ["", "a", false], ["*", "", true], ["*", "any", true], ["?", "", false], ["?", "a", true], ["a*c", "abbc", true], ["a*c", "abbcd", false], ["a*b*c", "aXbYbZc", true],
    ["**a", "ba", true], ["a?c", "abc", true], ["a.c", "abc", false], ["[a]", "a", false], ["*\n*", "x\ny", true], ["A", "a", false], ["a*", "a", true], ["*a?", "aab", true], ["*a?", "ba", false],
  ];
  for (const [pattern, text, expected] of rows) assert.equal(globMatcher(pattern)(text), expected, `${pattern} ${text}`);
  assert.equal(globMatcher("a\\*c", { escapes: true })("a*c"), true);
  assert.equal(globMatcher("a\\*c", { escapes: true })("abc"), false);
  assert.equal(globMatcher("a\\", { escapes: true })("a\\"), true);
  assert.equal(globMatcher("a\\*")("a\\b"), true, "without escapes a backslash is itself");
});

test("wildcards: as regular expressions have it", () => {
  let seed = 7;
  const below = (n: number): number => ((seed = (Math.imul(seed, 1103515245) + 12345) >>> 0) >>> 16) % n;
  for (let i = 0; i < 20_000; i++) {
    const pattern = Array.from({ length: below(7) }, () => "ab*?"[below(4)]).join("");
    const text = Array.from({ length: below(7) }, () => "ab"[below(2)]).join("");
    const expression = new RegExp(`^${pattern.replace(/\*/g, ".*").replace(/\?/g, ".")}$`, "s");
    assert.equal(globMatcher(pattern)(text), expression.test(text), `${pattern} ${text}`);
  }
});

test("wildcards: no pattern takes for ever", { timeout: 10_000 }, () => {
  assert.equal(globMatcher(`${"a*".repeat(100)}b`)("a".repeat(10_000)), false);
});
