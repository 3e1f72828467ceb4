// Owns the proof that the comparison can fail: every mutant of the kernel program is found out by it. Needs clang, as all who change
// the program do.

import { test } from "node:test";
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../../src/linux/exec.ts";
import { savedCases } from "./case.ts";
import { mutants, type Mutant } from "./mutants.ts";
import { Program } from "./program.ts";
import { search } from "./search.ts";

const sources = new URL("../../src/datapath/", import.meta.url).pathname;
const MOST_PACKETS = 400_000;

for (const mutant of mutants) {
  test(`mutant: ${mutant.name}`, { timeout: 300_000 }, async (t) => {
    const directory = mkdtempSync(join(tmpdir(), "vpcbox-mutant-"));
    try {
      const program = await Program.open(await compile(mutant, directory));
      try {
        const found = savedCases().some(([, one]) => program.inside(() => program.run(one)) !== undefined) || search(program, MOST_PACKETS, 1, { reduceMs: 0 }) !== undefined;
        assert.ok(found, `not noticed in ${program.packets} packets`);
        t.diagnostic(`noticed after ${program.packets} packets`);
      } finally {
        await program.close();
      }
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
}

/** The object of the program with one change in its source. */
async function compile(mutant: Mutant, directory: string): Promise<string> {
  cpSync(sources, directory, { recursive: true });
  const file = join(directory, mutant.file), text = readFileSync(file, "utf8");
  assert.equal(text.split(mutant.find).length, 2, `what to change in ${mutant.file} is there exactly once`);
  writeFileSync(file, text.replace(mutant.find, () => mutant.put).replace("#pragma once", "#pragma once\n#pragma clang diagnostic ignored \"-Wunused-function\"\n#pragma clang diagnostic ignored \"-Wunused-variable\""));
  const object = join(directory, "mutant.o");
  await run(["sh", join(directory, "compile.sh"), object], { timeoutMs: 120_000 });
  return object;
}
