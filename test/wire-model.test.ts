// Owns that the generated model is what the installed SDK says, and that names lead from operations to files and back.

import { test } from "node:test";
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { serviceNamed, serviceNames } from "../src/wire/model.ts";
import { constantNameOf, fileNameOf } from "../src/wire/operation-name.ts";
import { offeredOperations, operationsIn } from "../src/wire/operations.ts";
import { defaultQuotas, quotaOf } from "../src/wire/quotas.ts";
import { extractModel, generatedFile, services } from "../tools/extract-model.ts";

for (const name of services) test(`the model of ${name} is what the installed SDK says`, () => {
  assert.ok(readFileSync(generatedFile(name), "utf8") === extractModel(name), "run: sh tools/node.sh tools/extract-model.ts");
});

test("every operation of EC2 has a file name of its own", () => {
  const names = serviceNamed("ec2")!.operationNames;
  assert.ok(names.length > 800);
  assert.equal(new Set(names.map(fileNameOf)).size, names.length);
  const rows: [string, string, string][] = [
    ["CreateVpc", "create-vpc", "createVpc"],
    ["DescribeVpcPeeringConnections", "describe-vpc-peering-connections", "describeVpcPeeringConnections"],
    ["GetEbsEncryptionByDefault", "get-ebs-encryption-by-default", "getEbsEncryptionByDefault"],
    ["AssignIpv6Addresses", "assign-ipv6-addresses", "assignIpv6Addresses"],
    ["DescribeIdFormat", "describe-id-format", "describeIdFormat"],
    ["DescribeInstanceSqlHaStates", "describe-instance-sql-ha-states", "describeInstanceSqlHaStates"],
    ["AssumeRoleWithSAML", "assume-role-with-saml", "assumeRoleWithSAML"],
    ["CreateOpsItem", "create-ops-item", "createOpsItem"],
  ];
  for (const [operation, file, constant] of rows) assert.deepEqual([fileNameOf(operation), constantNameOf(operation)], [file, constant]);
});

test("every operation's file exports it, and those with a client token are not asynchronous", async () => {
  const operations = operationsIn();
  const offered = offeredOperations(operations);
  assert.ok(offered.some((o) => o.service === "ec2" && o.name === "RunInstances"));
  assert.ok(offered.some((o) => o.service === "sts" && o.name === "GetCallerIdentity"));
  for (const { service, name } of offered) {
    const run = await operations.load(service, name);
    const takesToken = serviceNamed(service)!.operation(name)!.input.members.some((m) => m.name === "ClientToken");
    if (takesToken) assert.notEqual(run.constructor.name, "AsyncFunction", `${name} takes a client token: its answer is kept by the commit of its write`);
  }
  assert.equal(operations.has("ec2", "View"), false, "a file that is no operation is not offered");
  assert.equal(operations.has("ec2", "CreateTransitGateway"), false);
});

test("services are those that the box has", () => {
  assert.deepEqual(serviceNames, ["ec2", "iam", "sts", "ssm"]);
  for (const name of ["s3", "__proto__", "constructor", ""]) assert.equal(serviceNamed(name), undefined);
  for (const name of ["__proto__", "constructor", "toString", ""]) assert.equal(serviceNamed("ec2")!.operation(name), undefined);
});

test("quotas: AWS's unless set, all of them at once, and every one that operations ask for is there", () => {
  assert.equal(quotaOf({}, "vpcs-per-region"), 5);
  assert.equal(quotaOf({ "vpcs-per-region": 200 }, "vpcs-per-region"), 200);
  assert.equal(quotaOf({ all: Infinity }, "vpcs-per-region"), Infinity);
  assert.equal(quotaOf({ all: Infinity, "vpcs-per-region": 1 }, "vpcs-per-region"), 1);
  assert.throws(() => quotaOf({}, "constructor"), /constructor is a quota/);
  const folder = new URL("../src/ec2", import.meta.url).pathname;
  const asked = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"))
    .flatMap((file) => [...readFileSync(join(folder, file), "utf8").matchAll(/\.quota\("([^"]+)"\)/g)].map((m) => m[1]!));
  assert.ok(asked.length > 0);
  assert.deepEqual(asked.filter((name) => !Object.hasOwn(defaultQuotas, name)), []);
});
