// Owns that every operation of every service crosses the wire whole: random input through the SDK's serializer and our reader,
// random output through our writer and the SDK's deserializer. The oracle is the SDK, not our model.

import { test } from "node:test";
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { NormalizedSchema } from "@smithy/core/schema";
import { HttpResponse } from "@smithy/core/protocols";
import { openRequest, writeReply } from "../src/wire/codec.ts";
import { serviceNamed, type Member, type ServiceName, type Shape } from "../src/wire/model.ts";
import { strayMember } from "../src/wire/stray.ts";
import { sdkOperations } from "../tools/extract-model.ts";

const require = createRequire(import.meta.url);
const ROUNDS = 2;
const strings = ["a", "vpc-0abc", "a b", "x&y=<z>\"'", "é漢字🙂", "line1\nline2", "100%+", "a.b.1", "#text"];
const numbers = [0, 1, -1, 65535, 1.5, 2 ** 40];

/** Random values after the SDK's schemas; what must be one of an enumeration is taken from our model beside it. */
class Generator {
  #seed = 1;
  readonly #open: unknown[] = []; // shapes being generated: one that contains itself is cut off the second time

  below(n: number): number {
    this.#seed = (Math.imul(this.#seed, 1664525) + 1013904223) >>> 0;
    return Math.floor((this.#seed / 2 ** 32) * n);
  }

  value(schema: NormalizedSchema, shape: Shape, values?: ReadonlySet<string>): unknown {
    const own = schema.getSchema() as unknown;
    if (typeof own !== "object") return this.#value(schema, shape, values);
    if (this.#open.includes(own)) return undefined;
    this.#open.push(own);
    try {
      return this.#value(schema, shape, values);
    } finally {
      this.#open.pop();
    }
  }

  #value(schema: NormalizedSchema, shape: Shape, values: ReadonlySet<string> | undefined): unknown {
    if (schema.isUnitSchema()) return undefined;
    if (schema.isStructSchema()) return this.#struct(schema, shape);
    if (schema.isListSchema()) {
      const items = Array.from({ length: 1 + this.below(2) }, () => this.#inner(schema.getValueSchema(), shape.item!, values)).filter((v) => v !== undefined);
      return items.length > 0 ? items : undefined;
    }
    if (schema.isMapSchema()) {
      const entries = [strings[this.below(6)]!, "other"].map((key) => [key, this.#inner(schema.getValueSchema(), shape.value!)]);
      return entries.every(([, v]) => v !== undefined) ? Object.fromEntries(entries) : undefined;
    }
    if (schema.isBooleanSchema()) return this.below(2) === 1;
    if (schema.isNumericSchema()) return numbers[this.below(numbers.length)];
    if (schema.isTimestampSchema()) return new Date(1_700_000_000_000 + this.below(1e9) * (this.below(2) ? 1 : 1000));
    if (schema.isBlobSchema()) return new Uint8Array([0, 255, this.below(256)]);
    return schema.isStringSchema() ? (values ? [...values][this.below(values.size)] : strings[this.below(strings.length)]) : undefined;
  }

  #struct(schema: NormalizedSchema, shape: Shape): unknown {
    const out: Record<string, unknown> = {};
    const all = [...schema.structIterator()];
    assert.deepEqual(all.map(([name]) => name), shape.members.map((m) => m.name));
    for (const [name, member] of schema.isUnionSchema() ? [all[this.below(all.length)]!] : all) {
      const value = this.#inner(member, shape.members.find((m) => m.name === name)!);
      if (value !== undefined) out[name] = value;
    }
    return Object.keys(out).length > 0 ? out : undefined;
  }

  #inner(schema: NormalizedSchema, member: Member, values?: ReadonlySet<string>): unknown {
    return this.value(schema, member.shape, values ?? member.values);
  }
}

/** Comparable: bytes as base64, absent members left out, objects without their prototypes. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof Uint8Array) return `base64:${Buffer.from(value).toString("base64")}`;
  if (value instanceof Date || typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).filter(([name, v]) => v !== undefined && name !== "$metadata").sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, v]) => [name, plain(v)]));
}

const clients: readonly [ServiceName, string][] = [["ec2", "EC2Client"], ["iam", "IAMClient"], ["sts", "STSClient"], ["ssm", "SSMClient"]];
for (const [name, className] of clients) test(`${name}: every operation in both directions`, async () => {
  const Client = (require(`@aws-sdk/client-${name}`) as Record<string, new (o: object) => { config: { protocol: any } }>)[className]!;
  const { config } = new Client({ region: "us-east-1", endpoint: "http://x.test", credentials: { accessKeyId: "a", secretAccessKey: "b" } });
  const context = { ...config, endpoint: async () => ({ protocol: "http:", hostname: "x.test", path: "/" }) };
  const service = serviceNamed(name)!;
  const generator = new Generator();
  let count = 0;
  for (const [operation, tuple] of sdkOperations(name)) for (let round = 0; round < ROUNDS; round++) {
    const shape = service.operation(operation)!;
    const schema = { namespace: tuple[1], name: operation, traits: 0, input: tuple[4], output: tuple[5] };

    const input = generator.value(NormalizedSchema.of(tuple[4] as never), shape.input) ?? {};
    const sent = await config.protocol.serializeRequest(schema, input, context) as { body: string | Uint8Array; headers: Record<string, string> };
    const body = Buffer.from(sent.body ?? "").toString();
    const opened = openRequest(service, { query: "", target: sent.headers["x-amz-target"], body });
    assert.equal(opened.operation, operation);
    assert.deepEqual(plain(opened.readInput(shape)), plain(input), `${operation}: input`);

    const output = generator.value(NormalizedSchema.of(tuple[5] as never), shape.output) ?? {};
    assert.equal(strayMember(shape.output, output), undefined);
    const reply = writeReply(service, shape, service.version, output, "request-1");
    const back: unknown = await config.protocol.deserializeResponse(schema, context, new HttpResponse({ statusCode: reply.status, headers: { "content-type": reply.contentType }, body: Buffer.concat(reply.body) }));
    assert.deepEqual(plain(back), plain(output), `${operation}: output`);
    count++;
  }
  assert.equal(count, service.operationNames.length * ROUNDS);
});
