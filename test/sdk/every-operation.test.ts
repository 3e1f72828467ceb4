// Owns what holds for every offered EC2 operation, driven through the real SDK over HTTP against the operations themselves (no kernel):
// DryRun, unknown filters and ids, documented filters, pages. Operations are taken from the code, filters from the SDK's own documentation.

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import * as sdk from "@aws-sdk/client-ec2";
import { ensureImages } from "../../src/ec2/image/base-images.ts";
import { ensureRegion } from "../../src/ec2/vpc/default-vpc.ts";
import { newId } from "../../src/lib/ids.ts";
import { serviceNamed } from "../../src/wire/model.ts";
import { offeredOperations, operationsIn } from "../../src/wire/operations.ts";
import { WireServer } from "../support/wire.ts";

const operations = offeredOperations(operationsIn()).filter((o) => o.service === "ec2").map((o) => o.name);
const describing = operations.filter((name) => name.startsWith("Describe"));
const inputOf = (name: string): ReadonlySet<string> => new Set(serviceNamed("ec2")!.operation(name)!.input.members.map((m) => m.name));

let server: WireServer;
let client: sdk.EC2Client;
let digits = 0;

before(async () => {
  server = await new WireServer({}, { parts: { operations: operationsIn(), applied: async () => undefined } }).listen();
  const deps = { newId: (prefix: string) => newId(prefix, (n) => String(++digits).padStart(n, "0").slice(-n)), now: new Date(), architecture: "x86_64" as const };
  server.store.write((tx) => { ensureRegion(tx, "us-east-1", deps); ensureImages(tx, "us-east-1", deps); });
  client = new sdk.EC2Client({ endpoint: server.endpoint, region: "us-east-1", credentials: { accessKeyId: "test", secretAccessKey: "secret" }, maxAttempts: 1 });
});
after(async () => {
  client.destroy();
  await server.close();
});

type Answer = { readonly code: string; readonly message: string; readonly status: number | undefined; readonly output?: Record<string, unknown> };
async function call(name: string, input: object): Promise<Answer> {
  const Command = (sdk as unknown as Record<string, new (input: object) => never>)[`${name}Command`]!;
  try {
    return { code: "", message: "", status: 200, output: (await client.send(new Command(input))) as unknown as Record<string, unknown> };
  } catch (error) {
    const e = error as sdk.EC2ServiceException;
    return { code: e.name, message: e.message, status: e.$metadata?.httpStatusCode };
  }
}

/** What a Describe needs beside its filters. */
const needed: Readonly<Record<string, object>> = {
  DescribeLaunchTemplateVersions: { Versions: ["$Latest"] }, DescribeImageAttribute: { Attribute: "description" }, DescribeStaleSecurityGroups: {}, DescribeSecurityGroupReferences: {},
};

test("DryRun of a Describe answers DryRunOperation with status 412, and never its result", async () => {
  const wrong: string[] = [];
  for (const name of describing.filter((d) => inputOf(d).has("DryRun"))) {
    const { code, status, message } = await call(name, { ...needed[name], DryRun: true });
    // Operations about one resource are refused for want of its id first, as on AWS.
    if (code === "DryRunOperation" ? status !== 412 : !/^(MissingParameter|InvalidParameterCombination|InvalidParameterValue|.*Malformed|.*NotFound)$/.test(code)) wrong.push(`${name}: ${code} ${status} ${message}`);
  }
  assert.deepEqual(wrong, []);
});

test("no operation does anything on an empty DryRun call: it says what is missing, or DryRunOperation", async () => {
  const before = server.store.snapshot().revision;
  const wrong: string[] = [];
  for (const name of operations.filter((o) => inputOf(o).has("DryRun"))) {
    const { code, status, message } = await call(name, { DryRun: true });
    if (code === "" || status === 500) wrong.push(`${name}: ${status} ${message}`);
  }
  assert.deepEqual(wrong, []);
  assert.equal(server.store.snapshot().revision, before, "nothing was written");
});

test("an unknown filter is refused by every Describe that has filters", async () => {
  const wrong: string[] = [];
  for (const name of describing) {
    const filters = inputOf(name).has("Filters") ? "Filters" : inputOf(name).has("Filter") ? "Filter" : undefined;
    if (!filters) continue;
    const { code, message } = await call(name, { ...needed[name], [filters]: [{ Name: "no-such-filter", Values: ["x"] }] });
    if (code !== "InvalidParameterValue" || !message.includes("no-such-filter")) wrong.push(`${name}: ${code} ${message}`);
  }
  assert.deepEqual(wrong, []);
});

test("an unknown id is refused by every Describe that takes ids, and a malformed one too", async () => {
  const wrong: string[] = [];
  for (const name of describing) {
    const ids = [...inputOf(name)].find((m) => /^(?!Owner|Executable|Account|RestorableBy)[A-Za-z]+Ids$/.test(m));
    if (!ids) continue;
    for (const id of ["nonsense", `${prefixes[ids] ?? "x"}-0123456789abcdef0`]) {
      const { code, status } = await call(name, { ...needed[name], [ids]: [id] });
      if (status !== 400 || !/NotFound|Malformed|InvalidParameterValue|InvalidID|NotFound/.test(code)) wrong.push(`${name} ${id}: ${status} ${code}`);
    }
  }
  assert.deepEqual(wrong, []);
});
const prefixes: Readonly<Record<string, string>> = {
  VpcIds: "vpc", SubnetIds: "subnet", InstanceIds: "i", ImageIds: "ami", GroupIds: "sg", RouteTableIds: "rtb", NetworkInterfaceIds: "eni", InternetGatewayIds: "igw", NetworkAclIds: "acl", NatGatewayIds: "nat",
  AllocationIds: "eipalloc", VolumeIds: "vol", SnapshotIds: "snap", KeyPairIds: "key", DhcpOptionsIds: "dopt", VpcPeeringConnectionIds: "pcx", PrefixListIds: "pl", FlowLogIds: "fl", LaunchTemplateIds: "lt",
  SecurityGroupRuleIds: "sgr", AssociationIds: "iip-assoc", NetworkInsightsPathIds: "nip", NetworkInsightsAnalysisIds: "nia", NetworkInsightsAccessScopeIds: "nis", NetworkInsightsAccessScopeAnalysisIds: "nisa",
};

/** Filter names out of the SDK's documentation of an operation's input: "<code>name</code> - what". */
function documentedFilters(name: string): readonly string[] {
  const types = join(dirname(createRequire(import.meta.url).resolve("@aws-sdk/client-ec2/package.json")), "dist-types");
  documentation ??= ["models_0", "models_1", "models_2", "models_3", "models_4", "models_5", "models_6"].map((file) => { try { return readFileSync(join(types, "models", `${file}.d.ts`), "utf8"); } catch { return ""; } }).join("\n");
  const start = documentation.search(new RegExp(`export interface ${name}Request \\{`));
  if (start < 0) return [];
  const body = documentation.slice(start, documentation.indexOf("\n}", start));
  const comment = /\/\*\*(?:(?!\*\/)[^])*\*\/\s*Filters?\?:/.exec(body)?.[0].split("/**").at(-1) ?? "";
  return [...comment.matchAll(/<li>\s*\*?\s*<p>\s*\*?\s*<code>([^<]+)<\/code>/g)].map((m) => m[1]!.trim()).filter((filter) => !filter.includes(" ") && !severities.includes(filter));
}
const severities = ["informational", "low", "medium", "high", "critical"]; // values, in a list inside the list of filters
let documentation: string | undefined;

test("every filter that AWS documents is taken", async () => {
  const wrong: string[] = [];
  let tried = 0;
  for (const name of describing) {
    const filters = inputOf(name).has("Filters") ? "Filters" : "Filter";
    for (const documented of documentedFilters(name)) {
      tried++;
      const filter = documented === "tag" ? "tag:anything" : documented; // "tag:<key>"
      const { code, message } = await call(name, { ...needed[name], [filters]: [{ Name: filter, Values: ["x"] }] });
      if (code !== "" && /filter/i.test(message)) wrong.push(`${name}: ${filter}: ${code} ${message}`);
    }
  }
  assert.ok(tried > 300, `${tried} documented filters were found`);
  assert.deepEqual(wrong, []);
});

test("a page is as long as MaxResults, pages follow one another, and a made-up token is refused", async () => {
  for (let i = 0; i < 12; i++) assert.equal((await call("CreateSecurityGroup", { GroupName: `page-${i}`, Description: "page" })).code, "");
  const names: string[] = [];
  let token: string | undefined;
  let pages = 0;
  do {
    const { output, code, message } = await call("DescribeSecurityGroups", { MaxResults: 5, NextToken: token, Filters: [{ Name: "group-name", Values: ["page-*"] }] });
    assert.equal(code, "", message);
    const groups = output!.SecurityGroups as sdk.SecurityGroup[];
    assert.ok(groups.length <= 5);
    names.push(...groups.map((g) => g.GroupName!));
    token = output!.NextToken as string | undefined;
    pages++;
  } while (token);
  assert.deepEqual([names, pages], [Array.from({ length: 12 }, (_, i) => `page-${i}`), 3]);
  const wrong: string[] = [];
  for (const name of describing.filter((d) => inputOf(d).has("NextToken") && inputOf(d).has("MaxResults"))) {
    const { code } = await call(name, { ...needed[name], NextToken: "made-up" });
    if (!/^(InvalidNextToken|InvalidParameterValue|InvalidParameter|MissingParameter|InvalidParameterCombination|InvalidPaginationToken)$/.test(code)) wrong.push(`${name}: ${code || "answered"}`);
  }
  assert.deepEqual(wrong, []);
});
