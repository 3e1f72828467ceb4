// Owns that every quota that can be set is asked for by some operation, and that a name that is none is refused.

import { test } from "node:test";
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { checkQuotaNames, defaultQuotas, quotaOf } from "./quotas.ts";

test("every quota limits something", () => {
  const services = new URL("..", import.meta.url).pathname;
  const sources = globSync(["ec2/**/*.ts", "iam/**/*.ts"], { cwd: services }).filter((file) => !file.endsWith(".test.ts")).map((file) => readFileSync(`${services}/${file}`, "utf8")).join("\n");
  const unused = Object.keys(defaultQuotas).filter((name) => !sources.includes(`"${name}"`));
  assert.deepEqual(unused, []);
});

test("what is set holds, all stands for what is not named, and what is no quota is refused", () => {
  assert.equal(quotaOf({}, "vpcs-per-region"), 5);
  assert.equal(quotaOf({ "vpcs-per-region": 7, all: Infinity }, "vpcs-per-region"), 7);
  assert.equal(quotaOf({ all: Infinity }, "subnets-per-vpc"), Infinity);
  assert.doesNotThrow(() => checkQuotaNames({ all: 1, "vpcs-per-region": 1 }));
  assert.throws(() => checkQuotaNames({ "vpc-per-region": 1 }), /there is no quota vpc-per-region/);
});
