// Owns JSON: a parsed document read into an operation's typed input, and typed output as a tree for JSON.stringify (Smithy, "AWS
// JSON 1.1 protocol"). Members that the model does not have are ignored, as JSON services do.

import { malformed, missingParameter, notInEnum, wrongType } from "./faults.ts";
import { isBase64 } from "./form.ts";
import type { Member, Shape } from "./model.ts";

const MAX_DEPTH = 64; // some shapes contain themselves

/** A document of JSON as the operation's input. */
export const readJson = (shape: Shape, tree: unknown): Record<string, unknown> => readStruct(shape, tree, "", 0, true);

/** What `toJson` made of an output. AWS answers with values that its model does not list: a new interface is `pending`. */
export const readKeptJson = (shape: Shape, tree: unknown): Record<string, unknown> => readStruct(shape, tree, "", 0, false);

function readStruct(shape: Shape, tree: unknown, path: string, depth: number, listed: boolean): Record<string, unknown> {
  if (!isObject(tree)) throw wrongType("awsJson", path, "", "an object");
  const out: Record<string, unknown> = {};
  shape.members.forEach((member, i) => {
    const at = path === "" ? member.name : `${path}.${member.name}`;
    const value = Object.hasOwn(tree, member.name) ? tree[member.name] : undefined;
    if (value !== undefined && value !== null) out[member.name] = read(member, value, at, depth + 1, member.values, listed);
    else if (i < shape.required) throw missingParameter("awsJson", at);
  });
  return out;
}

function read(member: Member, tree: unknown, path: string, depth: number, values: ReadonlySet<string> | undefined, listed: boolean): unknown {
  if (depth > MAX_DEPTH) throw malformed("awsJson", "The request is nested too deeply");
  const { shape } = member;
  const wrong = (expected: string): Error => wrongType("awsJson", path, "", expected);
  switch (shape.kind) {
    case "struct": return readStruct(shape, tree, path, depth, listed);
    case "list": {
      if (!Array.isArray(tree)) throw wrong("a list");
      return tree.filter((v) => v !== null).map((v, i) => read(shape.item!, v, `${path}.${i + 1}.member`, depth + 1, values ?? shape.item!.values, listed));
    }
    case "map": {
      if (!isObject(tree)) throw wrong("an object");
      const out = Object.create(null) as Record<string, unknown>; // any key is a key, __proto__ too
      for (const [k, v] of Object.entries(tree)) if (v !== null) out[k] = read(shape.value!, v, `${path}.${k}`, depth + 1, shape.value!.values, listed);
      return out;
    }
    case "string":
      if (typeof tree !== "string") throw wrong("a string");
      if (listed && values && !values.has(tree)) throw notInEnum("awsJson", path, tree, values);
      return tree;
    case "number":
      if (typeof tree !== "number") throw wrong("a number");
      return tree;
    case "boolean":
      if (typeof tree !== "boolean") throw wrong("true or false");
      return tree;
    case "time": {
      const time = new Date(typeof tree === "number" ? tree * 1000 : NaN);
      if (Number.isNaN(time.getTime())) throw wrong("a number of seconds");
      return time;
    }
    case "blob":
      if (typeof tree !== "string" || !isBase64(tree)) throw wrong("base64");
      return new Uint8Array(Buffer.from(tree, "base64"));
    default: return tree;
  }
}

const isObject = (tree: unknown): tree is Record<string, unknown> => typeof tree === "object" && tree !== null && !Array.isArray(tree);

/** Typed output as JSON has it: times in seconds, bytes in base64, absent members left out. */
export function toJson(shape: Shape, value: unknown): unknown {
  if (value === undefined || value === null) return undefined;
  switch (shape.kind) {
    case "struct": {
      const out: Record<string, unknown> = {};
      for (const member of shape.members) {
        const inner = toJson(member.shape, (value as Record<string, unknown>)[member.name]);
        if (inner !== undefined) out[member.name] = inner;
      }
      return out;
    }
    case "list": return (value as readonly unknown[]).filter((v) => v !== undefined && v !== null).map((v) => toJson(shape.item!.shape, v));
    case "map": return Object.fromEntries(Object.entries(value as object).map(([k, v]) => [k, toJson(shape.value!.shape, v)]));
    case "time": return (value as Date).getTime() / 1000;
    case "blob": return Buffer.from(value as Uint8Array).toString("base64");
    case "unit": return {};
    default: return value;
  }
}
