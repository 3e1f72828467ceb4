// Owns forms: `Filter.1.Value.2=x` read into an operation's typed input (Smithy, "AWS EC2 query protocol" and "AWS query
// protocol"). What nothing reads is found afterwards, for EC2 refuses it.

import { malformed, missingParameter, notInEnum, unknownParameter, wrongType } from "./faults.ts";
import type { Protocol, Shape } from "./model.ts";

const MAX_PARAMETERS = 10_000;
const MAX_DEPTH = 16; // the deepest input of EC2 has 9 names and numbers

/** One name of the dotted path. Maps, not objects: no name means anything to the language. */
export class FormNode {
  text: string | undefined;
  used = false;
  readonly children = new Map<string, FormNode>();
}

/** @param parts forms as sent: the query string and the body. A parameter may come once. */
export function parseForm(parts: readonly string[], protocol: Protocol): FormNode {
  const root = new FormNode();
  let count = 0;
  for (const part of parts) {
    for (const [key, text] of new URLSearchParams(part)) {
      if (key === "") continue;
      if (++count > MAX_PARAMETERS) throw malformed(protocol, `The request has more than ${MAX_PARAMETERS} parameters`);
      const names = key.split(".", MAX_DEPTH + 1);
      if (names.length > MAX_DEPTH) throw malformed(protocol, "A parameter of the request is nested too deeply");
      let at = root;
      for (const name of names) {
        let next = at.children.get(name);
        if (!next) at.children.set(name, (next = new FormNode()));
        at = next;
      }
      if (at.text !== undefined) throw malformed(protocol, `The parameter ${key} is given more than once`);
      at.text = text;
    }
  }
  return root;
}

/** The text of a parameter that is the protocol's, not the operation's. */
export function takeText(root: FormNode, name: string): string | undefined {
  const node = root.children.get(name);
  if (node) node.used = true;
  return node?.text;
}

/** The operation's input. Marks what it read. */
export function readForm(shape: Shape, root: FormNode, protocol: Exclude<Protocol, "awsJson">): Record<string, unknown> {
  return new FormReader(protocol).struct(shape, root, "");
}

class FormReader {
  readonly #protocol: Exclude<Protocol, "awsJson">;
  constructor(protocol: Exclude<Protocol, "awsJson">) {
    this.#protocol = protocol;
  }

  struct(shape: Shape, node: FormNode, path: string): Record<string, unknown> {
    const out: Record<string, unknown> = {};
    shape.members.forEach((member, i) => {
      const name = this.#protocol === "ec2Query" ? member.ec2 : member.xml;
      const at = path === "" ? name : `${path}.${name}`;
      const child = node.children.get(name);
      const value = child && this.#value(member.shape, child, at, member.values);
      if (value !== undefined) out[member.name] = value;
      else if (i < shape.required) throw missingParameter(this.#protocol, at);
    });
    return out;
  }

  /** undefined: there is nothing that this member could be. */
  #value(shape: Shape, node: FormNode, path: string, values: ReadonlySet<string> | undefined): unknown {
    const composite = shape.kind === "struct" || shape.kind === "list" || shape.kind === "map";
    if (composite && node.text !== undefined && node.text !== "" && this.#protocol === "ec2Query") throw unknownParameter(path);
    if (!composite && node.text === undefined) return undefined;
    node.used = true;
    switch (shape.kind) {
      case "struct": return this.struct(shape, node, path);
      case "list": return this.#items(shape, node)
        .map(([index, item]) => this.#value(shape.item!.shape, item, `${path}.${index}`, values ?? shape.item!.values))
        .filter((value) => value !== undefined);
      case "map": return this.#map(shape, node, path);
      default: return this.#scalar(shape, node.text!, path, values);
    }
  }

  #items(shape: Shape, node: FormNode): [string, FormNode][] {
    let at = node;
    const wrapper = this.#protocol === "awsQuery" ? (node.children.get(shape.item!.xml) ?? node.children.get("member")) : undefined;
    if (wrapper) {
      wrapper.used = true;
      at = wrapper;
    }
    return numbered(at);
  }

  #map(shape: Shape, node: FormNode, path: string): Record<string, unknown> {
    const out = Object.create(null) as Record<string, unknown>;
    const entries = node.children.get("entry");
    if (entries) entries.used = true;
    for (const [index, entry] of numbered(entries ?? node)) {
      entry.used = true;
      const key = entry.children.get(shape.key!.xml);
      const value = entry.children.get(shape.value!.xml);
      if (key?.text === undefined) throw missingParameter(this.#protocol, `${path}.entry.${index}.${shape.key!.xml}`);
      key.used = true;
      if (value) out[key.text] = this.#value(shape.value!.shape, value, `${path}.entry.${index}.${shape.value!.xml}`, shape.value!.values);
    }
    return out;
  }

  #scalar(shape: Shape, text: string, path: string, values: ReadonlySet<string> | undefined): unknown {
    const wrong = (expected: string): Error => wrongType(this.#protocol, path, text, expected);
    switch (shape.kind) {
      case "boolean": {
        const lower = text.toLowerCase();
        if (lower !== "true" && lower !== "false") throw wrong("true or false");
        return lower === "true";
      }
      case "number": {
        if (!/^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/.test(text) || !Number.isFinite(Number(text))) throw wrong("a number");
        return Number(text);
      }
      case "time": {
        const time = parseTime(text);
        if (time === undefined) throw wrong("a timestamp");
        return time;
      }
      case "blob": {
        if (!isBase64(text)) throw wrong("base64");
        return new Uint8Array(Buffer.from(text, "base64"));
      }
      default:
        if (values && text !== "" && !values.has(text)) throw notInEnum(this.#protocol, path, text, values);
        return text;
    }
  }
}

function numbered(node: FormNode): [string, FormNode][] {
  const items = [...node.children].filter(([name]) => /^\d{1,9}$/.test(name));
  return items.sort(([a], [b]) => Number(a) - Number(b));
}

/** ISO 8601 with a date at least, or seconds since 1970. */
export function parseTime(text: string): Date | undefined {
  if (!/^(\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?|\d{1,11}(\.\d+)?)$/.test(text)) return undefined;
  const time = new Date(/^\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : text);
  return Number.isNaN(time.getTime()) ? undefined : time;
}

export const isBase64 = (text: string): boolean => /^[A-Za-z0-9+/\s]*={0,2}\s*$/.test(text);

/** The first parameter that nothing read, by its full name. */
export function unusedParameter(node: FormNode, path = ""): string | undefined {
  for (const [name, child] of node.children) {
    const at = path === "" ? name : `${path}.${name}`;
    if (!child.used && child.text !== undefined) return at;
    const inner = unusedParameter(child, at);
    if (inner !== undefined) return inner;
  }
  return undefined;
}
