// Owns compiling a mutant: the kernel program with one change in its source, which must match exactly once; `slower` is one more, harmless
// by itself, that leaves time for what is seldom. Needs clang, as all who change the program do.

import assert from "node:assert/strict";
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../../src/linux/exec.ts";

export interface Mutant { readonly name: string; readonly file: string; readonly find: string; readonly put: string; readonly slower?: { readonly find: string; readonly put: string } }

const sources = new URL("../../src/datapath/", import.meta.url).pathname;
const quiet = ["unused-function", "unused-variable", "unused-parameter", "unused-but-set-variable"].map((what) => `#pragma clang diagnostic ignored "-W${what}"`).join("\n");

/** Answers the object's file, below the directory. */
export async function compileMutant({ file, find, put, slower }: Mutant, directory: string): Promise<string> {
  cpSync(sources, directory, { recursive: true });
  const path = join(directory, file);
  const changed = [{ find, put }, ...(slower ? [slower] : [])].reduce((text, change) => {
    assert.equal(text.split(change.find).length, 2, `what to change in ${file} is there exactly once`);
    return text.replace(change.find, () => change.put);
  }, readFileSync(path, "utf8"));
  writeFileSync(path, changed.includes("#pragma once") ? changed.replace("#pragma once", `#pragma once\n${quiet}`) : `${quiet}\n${changed}`);
  const object = join(directory, "mutant.o");
  await run(["sh", join(directory, "compile.sh"), object], { timeoutMs: 120_000 });
  return object;
}
