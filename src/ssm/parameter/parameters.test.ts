// Owns that the public parameters name the newest Amazon Linux images there are, by name, by list, by path.

import { test } from "node:test";
import assert from "node:assert/strict";
import type { GetParametersByPathRequest } from "@aws-sdk/client-ssm";
import { memoryContext } from "../../../test/support/memory-context.ts";
import { ensureImages } from "../../ec2/image/base-images.ts";
import type { Context } from "../../wire/operation.ts";
import { getParameter } from "./get-parameter.ts";
import { getParameters } from "./get-parameters.ts";
import { getParametersByPath } from "./get-parameters-by-path.ts";

const folder = "/aws/service/ami-amazon-linux-latest";
function contextWithImages(architecture: "x86_64" | "arm64"): Context {
  const ctx = memoryContext();
  ctx.write((tx) => ensureImages(tx, "us-east-1", { now: ctx.now(), newId: ctx.newId, architecture }));
  return ctx;
}
const valueOf = async (ctx: Context, name: string): Promise<string | undefined> => (await getParameter({ Name: `${folder}/${name}` }, ctx)).Parameter?.Value;
const imageNamed = (ctx: Context, start: string): string => ctx.snapshot().list("image", "us-east-1").find((i) => i.name.startsWith(start))!.id;

test("each parameter is the image it says", async () => {
  const ctx = contextWithImages("x86_64");
  assert.equal(await valueOf(ctx, "al2023-ami-kernel-default-x86_64"), imageNamed(ctx, "al2023-ami-2023"));
  assert.equal(await valueOf(ctx, "amzn2-ami-hvm-x86_64-gp2"), imageNamed(ctx, "amzn2-ami-hvm"));
  for (const name of ["al2023-ami-kernel-default-arm64", "amzn2-ami-hvm-arm64-gp2", "nothing", "__proto__"]) await assert.rejects(async () => valueOf(ctx, name), { code: "ParameterNotFound" });
});

test("on an arm64 machine both names resolve to the images there are", async () => {
  const ctx = contextWithImages("arm64");
  assert.equal(await valueOf(ctx, "al2023-ami-kernel-default-arm64"), imageNamed(ctx, "al2023-ami-2023"));
  assert.equal(await valueOf(ctx, "al2023-ami-kernel-default-x86_64"), imageNamed(ctx, "al2023-ami-2023"));
});

test("the newest image of the name counts; an image of the account's own never does", async () => {
  const ctx = contextWithImages("x86_64");
  const old = ctx.snapshot().get("image", imageNamed(ctx, "al2023-ami-2023"))!;
  const put = (id: string, change: object): void => ctx.write((tx) => tx.put("image", { ...old, id, index: tx.nextIndex(), ...change }));
  put("ami-newer", { name: "al2023-ami-2023.10.20270101.0-kernel-6.1-x86_64", createdAt: "2027-01-01T00:00:00.000Z" });
  put("ami-mine", { name: "al2023-ami-2023.99.20280101.0-kernel-6.1-x86_64", createdAt: "2028-01-01T00:00:00.000Z", ownerAlias: undefined });
  assert.equal(await valueOf(ctx, "al2023-ami-kernel-default-x86_64"), "ami-newer");
});

test("by list, with a version, by ARN", async () => {
  const ctx = contextWithImages("x86_64");
  const name = `${folder}/amzn2-ami-hvm-x86_64-gp2`;
  const answer = await getParameters({ Names: [name, `${name}:1`, `${name}:2`, "x", `arn:aws:ssm:us-east-1::parameter${name}`] }, ctx);
  assert.deepEqual(answer.Parameters!.map((p) => [p.Name, p.Selector]), [[name, undefined], [name, ":1"], [name, undefined]]);
  assert.deepEqual(answer.InvalidParameters, [`${name}:2`, "x"]);
  await assert.rejects(async () => getParameters({ Names: [] }, ctx), { code: "ValidationException" });
  await assert.rejects(async () => getParameters({ Names: Array.from({ length: 11 }, (_, i) => String(i)) }, ctx), { code: "ValidationException" });
});

test("by path, in pages", async () => {
  const ctx = contextWithImages("x86_64");
  const ask = async (input: GetParametersByPathRequest) => getParametersByPath(input, ctx);
  const all = await ask({ Path: folder });
  assert.deepEqual(all.Parameters!.map((p) => p.Name), [`${folder}/al2023-ami-kernel-default-x86_64`, `${folder}/amzn2-ami-hvm-x86_64-gp2`]);
  assert.equal(all.NextToken, undefined);
  const first = await ask({ Path: `${folder}/`, MaxResults: 1 });
  const second = await ask({ Path: folder, MaxResults: 1, NextToken: first.NextToken });
  assert.deepEqual([...first.Parameters!, ...second.Parameters!], all.Parameters);
  assert.equal(second.NextToken, undefined);
  assert.deepEqual((await ask({ Path: "/aws/service" })).Parameters, []);
  assert.equal((await ask({ Path: "/aws/service", Recursive: true })).Parameters!.length, 2);
  await assert.rejects(ask({ Path: "aws" }), { code: "ValidationException" });
  await assert.rejects(ask({ Path: folder, MaxResults: 11 }), { code: "ValidationException" });
  await assert.rejects(ask({ Path: folder, NextToken: "x" }), { code: "InvalidNextToken" });
});
