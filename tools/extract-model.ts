// Owns the extraction of AWS's model: the runtime schemas and enumerations of the pinned SDK clients become
// src/wire/generated/<service>.json, so that the product needs no SDK to run. `sh tools/node.sh tools/extract-model.ts` writes
// them; test/wire-model.test.ts fails when they are not what the installed SDK says. The reader is src/wire/model.ts.

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { NormalizedSchema } from "@smithy/core/schema";

const require = createRequire(import.meta.url);
export const services = ["ec2", "iam", "sts", "ssm"] as const;
export const generatedFile = (service: string): string => new URL(`../src/wire/generated/${service}.json`, import.meta.url).pathname;

type Row = (string | number)[];
const OPERATION = 9; // the SDK's tuples begin with their kind: [9, namespace, name, traits, input, output]

/** The SDK's own operation tuples of a client, by name. Tests use them to drive the SDK's serializers. */
export function sdkOperations(service: string): ReadonlyMap<string, readonly unknown[]> {
  const exported: unknown[] = Object.values(require(`@aws-sdk/client-${service}`) as object);
  const operations = exported.filter((v): v is unknown[] => Array.isArray(v) && v[0] === OPERATION);
  return new Map(operations.map((o): [string, unknown[]] => [o[2] as string, o]).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The text of generated/<service>.json: one shape a line, numbered by first mention. */
export function extractModel(service: string): string {
  const enums = enumerations(service);
  const used: Record<string, readonly string[]> = {};
  const numbers = new Map<unknown, number>();
  const shapes: unknown[] = [];

  const memberOf = (name: string, schema: NormalizedSchema, owner = ""): Row => {
    const traits = schema.getMergedTraits() as { ec2QueryName?: string; xmlName?: string; xmlFlattened?: 1 };
    const xml = traits.xmlName ?? name;
    const enumName = enums.members.get(`${owner}.${name}`);
    if (enumName !== undefined) used[enumName] = enums.values.get(enumName)!;
    const ec2 = traits.ec2QueryName ?? capitalized(xml);
    const row: Row = [name, numberOf(schema), xml === name ? 0 : xml, ec2 === capitalized(xml) ? 0 : ec2, traits.xmlFlattened ? 1 : 0, enumName ?? 0];
    while (row.at(-1) === 0 && row.length > 2) row.pop();
    return row;
  };
  const numberOf = (schema: NormalizedSchema): number => {
    const key = schema.getSchema() as unknown; // the shape itself: traits of the member that led here stay with the member
    const known = numbers.get(key);
    if (known !== undefined) return known;
    const number = shapes.push(0) - 1;
    numbers.set(key, number);
    shapes[number] = describeShape(schema, key);
    return number;
  };
  const describeShape = (schema: NormalizedSchema, tuple: unknown): unknown => {
    if (schema.isUnitSchema()) return ["unit"];
    if (schema.isStructSchema()) {
      const name = schema.getName() ?? "";
      const required = Number((tuple as unknown[])[6] ?? 0); // required members come first, and this counts them
      return ["struct", name, required, [...schema.structIterator()].map(([member, inner]) => memberOf(member, inner, name))];
    }
    if (schema.isListSchema()) return ["list", memberOf("member", schema.getValueSchema())];
    if (schema.isMapSchema()) return ["map", memberOf("key", schema.getKeySchema()), memberOf("value", schema.getValueSchema())];
    return [scalarKind(schema)];
  };

  const operations: Record<string, [number, number]> = {};
  for (const [name, tuple] of sdkOperations(service)) operations[name] = [numberOf(NormalizedSchema.of(tuple[4] as never)), numberOf(NormalizedSchema.of(tuple[5] as never))];
  const version = (require(`@aws-sdk/client-${service}/package.json`) as { version: string }).version;
  const lines = (rows: readonly string[]): string => rows.join(",\n");
  const object = (entries: Record<string, unknown>): string => lines(Object.keys(entries).sort().map((k) => `${JSON.stringify(k)}:${JSON.stringify(entries[k])}`));
  return `{"from":"@aws-sdk/client-${service} ${version}",\n"operations":{\n${object(operations)}},\n"enums":{\n${object(used)}},\n"shapes":[\n${lines(shapes.map((s) => JSON.stringify(s)))}]}\n`;
}

function scalarKind(schema: NormalizedSchema): string {
  if (schema.isBooleanSchema()) return "boolean";
  if (schema.isNumericSchema() || schema.isBigIntegerSchema() || schema.isBigDecimalSchema()) return "number";
  if (schema.isTimestampSchema()) return "time";
  if (schema.isBlobSchema()) return "blob";
  return schema.isStringSchema() ? "string" : "document";
}

/** Which member takes which enumeration stands only in the SDK's type declarations; the values are exported objects. */
function enumerations(service: string): { values: Map<string, readonly string[]>; members: Map<string, string> } {
  const values = new Map<string, readonly string[]>();
  for (const [name, value] of Object.entries(require(`@aws-sdk/client-${service}`) as Record<string, unknown>)) {
    if (typeof value !== "object" || value === null || Array.isArray(value) || !/^_?[A-Z]/.test(name)) continue;
    const all: unknown[] = Object.values(value);
    if (all.length > 0 && all.every((v): v is string => typeof v === "string")) values.set(name, all);
  }
  const members = new Map<string, string>();
  const directory = join(dirname(require.resolve(`@aws-sdk/client-${service}/package.json`)), "dist-types/models");
  for (const file of readdirSync(directory).filter((f) => /^models_\d+\.d\.ts$/.test(f)).sort()) {
    let owner = "";
    for (const line of readFileSync(join(directory, file), "utf8").split("\n")) {
      const opening = /^export interface (\w+)/.exec(line);
      if (opening) owner = opening[1]!;
      const member = /^ {4}(\w+)\??: (\w+)(\[\])?( \| undefined)?;/.exec(line);
      if (member && values.has(member[2]!)) members.set(`${owner}.${member[1]}`, member[2]!);
    }
  }
  return { values, members };
}

const capitalized = (s: string): string => s.charAt(0).toUpperCase() + s.slice(1);

if (import.meta.main) {
  for (const service of services) {
    const text = extractModel(service);
    writeFileSync(generatedFile(service), text);
    console.log(`${generatedFile(service)}: ${Object.keys((JSON.parse(text) as { operations: object }).operations).length} operations, ${text.length} bytes`);
  }
}
