// Owns the proof that the comparison can fail: every mutant of the kernel program is found out by it. Needs clang, as all who change
// the program do.

import { test } from "node:test";
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compileMutant } from "../support/mutant-object.ts";
import { savedCases } from "./case.ts";
import { mutants } from "./mutants.ts";
import { Program } from "./program.ts";
import { search } from "./search.ts";

const MOST_PACKETS = 400_000;

for (const mutant of mutants) {
  test(`mutant: ${mutant.name}`, { timeout: 300_000 }, async (t) => {
    const directory = mkdtempSync(join(tmpdir(), "vpcbox-mutant-"));
    try {
      const program = await Program.open({ file: await compileMutant(mutant, directory) });
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
