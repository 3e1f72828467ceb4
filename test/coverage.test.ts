// Owns that docs/coverage.md is what the code says, and that no offered operation takes a parameter in silence.

import { test } from "node:test";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { coverage, coverageFile, parametersOf, silentParameters } from "../tools/coverage.ts";
import { classifiedNames } from "../tools/coverage-effects.ts";
import { offeredOperations, operationsIn } from "../src/wire/operations.ts";

const offered = offeredOperations(operationsIn()).filter((o) => o.service === "ec2").map((o) => o.name);

test("docs/coverage.md is fresh: npm run coverage", () => {
  assert.equal(readFileSync(coverageFile, "utf8"), coverage());
});

test("every parameter of an offered operation is said to do something", () => {
  const unsaid = offered.flatMap((operation) => parametersOf(operation).filter((p) => p.effect === undefined).map((p) => `${operation}.${p.name}`));
  assert.deepEqual(unsaid, [], "tools/coverage-effects.ts");
});

test("no parameter is taken in silence", () => {
  assert.deepEqual(silentParameters(), []);
});

test("the table of effects names no parameter that no operation has", () => {
  const names = new Set(offered.flatMap((operation) => parametersOf(operation).map((p) => p.name)));
  assert.deepEqual([...classifiedNames].filter((name) => !names.has(name)), []);
});
