// Owns that every quota that can be set is asked for by some operation, and that a name that is none is refused.

import { test } from "node:test";
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { MAX_CHUNKS, MAX_GROUPS, MAX_NAT_ADDRESSES, RULES_PER_CHUNK } from "../datapath/codec.ts";
import { checkQuotas, defaultQuotas, quotaOf } from "./quotas.ts";

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
  assert.doesNotThrow(() => checkQuotas({ all: 1, "vpcs-per-region": 1 }));
  assert.throws(() => checkQuotas({ "vpc-per-region": 1 }), /there is no quota vpc-per-region/);
});

test("no quota goes beyond what AWS raises it to and the datapath holds: a number is refused, unlimited is as many", () => {
  assert.throws(() => checkQuotas({ "security-groups-per-interface": 17 }), /^Error: the quota security-groups-per-interface is 16 at most, not 17$/);
  assert.throws(() => checkQuotas({ "security-groups-per-interface": 16, "rules-per-security-group": 63 }), /is 1000 at most, not 16 x 63/);
  assert.throws(() => checkQuotas({ "rules-per-security-group": 201 }), /not 5 x 201/);
  assert.doesNotThrow(() => checkQuotas({ "security-groups-per-interface": 16, "rules-per-security-group": 62 }));
  assert.doesNotThrow(() => checkQuotas({ all: Infinity }));
  assert.equal(quotaOf({ all: Infinity }, "security-groups-per-interface"), MAX_GROUPS);
  for (const name of ["rules-per-security-group", "rules-per-network-acl"]) assert.ok(quotaOf({ [name]: Infinity }, name) <= MAX_CHUNKS * RULES_PER_CHUNK - 1, "and the ACL's last denial");
  for (const name of ["elastic-ips-per-nat-gateway", "private-ips-per-nat-gateway"]) assert.equal(quotaOf({ all: Infinity }, name), MAX_NAT_ADDRESSES);
});
