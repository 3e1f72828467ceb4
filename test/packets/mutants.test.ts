// Owns the proof that this folder's tests can fail: each mutant of mutants.ts is found out by the test that it names, and by the committed
// program that test passes by itself.

import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compileMutant } from "../support/mutant-object.ts";
import { mutants } from "./mutants.ts";

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** Names of a file's tests that failed, of those asked for. */
async function failures(file: string, tests: readonly string[], object?: string): Promise<string[]> {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env; // a run of its own, not a part of this one
  const path = new URL(file, import.meta.url).pathname, pattern = `^(${tests.map(escaped).join("|")})$`;
  const child = spawn(process.execPath, ["--test-reporter=tap", `--test-name-pattern=${pattern}`, path], { env: { ...env, ...(object ? { VPCBOX_TEST_PROGRAM: object } : {}) }, stdio: ["ignore", "pipe", "inherit"] });
  let out = "";
  child.stdout.on("data", (data: Buffer) => { out += data.toString(); });
  await new Promise((resolve) => child.on("close", resolve));
  const names = (verdict: string): string[] => [...out.matchAll(new RegExp(`^ *${verdict} \\d+ - (.*?)(?: # .*)?$`, "gm"))].map((m) => m[1]!.replaceAll("\\#", "#"));
  const failed = names("not ok").filter((name) => tests.includes(name));
  assert.deepEqual(tests.filter((name) => !failed.includes(name) && !names("ok").includes(name)), [], `${file} has these tests:\n${out}`);
  assert.doesNotMatch(out, /hookFailed/, `the program is there, and its test fails for what it does:\n${out}`);
  return failed;
}

describe("mutants", { concurrency: 2 }, () => {
  for (const file of new Set(mutants.map((m) => m.caughtBy.file)))
    test(`without one: ${file}`, { timeout: 300_000 }, async () => assert.deepEqual(await failures(file, [...new Set(mutants.filter((m) => m.caughtBy.file === file).map((m) => m.caughtBy.test))]), []));
  for (const mutant of mutants) {
    test(`mutant: ${mutant.name}`, { timeout: 300_000 }, async () => {
      const directory = mkdtempSync(join(tmpdir(), "vpcbox-mutant-"));
      try {
        const object = await compileMutant(mutant, directory);
        assert.deepEqual(await failures(mutant.caughtBy.file, [mutant.caughtBy.test], object), [mutant.caughtBy.test]);
      } finally {
        rmSync(directory, { recursive: true });
      }
    });
  }
});
