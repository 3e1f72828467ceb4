// Owns answers in XML: an operation's typed output written as its model says (Smithy, "XML serialization").

import type { Member, Shape } from "./model.ts";

const UNSAFE = /[&<>"\r\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/;

/** Escaped; characters that XML cannot have become U+FFFD. */
export function xmlText(s: string): string {
  if (!UNSAFE.test(s)) return s;
  return s.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "\ufffd")
    .replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/"/g, "&quot;").replace(/\r/g, "&#xD;");
}

/** The members of a structure, without the element around them. */
export function writeXml(shape: Shape, value: object): string {
  let text = "";
  for (const member of shape.members) {
    const inner = (value as Record<string, unknown>)[member.name];
    if (inner !== undefined && inner !== null) text += element(member.xml, member, inner);
  }
  return text;
}

function element(name: string, member: Member, value: unknown): string {
  const { shape } = member;
  switch (shape.kind) {
    case "struct": return `<${name}>${writeXml(shape, value as object)}</${name}>`;
    case "list": return list(name, member, value as readonly unknown[]);
    case "map": return map(name, member, value as object);
    case "time": return `<${name}>${(value as Date).toISOString()}</${name}>`;
    case "blob": return `<${name}>${Buffer.from(value as Uint8Array).toString("base64")}</${name}>`;
    case "string": return `<${name}>${xmlText(String(value))}</${name}>`;
    default: return `<${name}>${String(value)}</${name}>`;
  }
}

function list(name: string, member: Member, items: readonly unknown[]): string {
  const item = member.shape.item!;
  let text = "";
  for (const inner of items) if (inner !== undefined && inner !== null) text += element(member.flat ? name : item.xml, item, inner);
  if (member.flat) return text;
  return text === "" ? `<${name}/>` : `<${name}>${text}</${name}>`;
}

function map(name: string, member: Member, entries: object): string {
  const { key, value } = member.shape;
  let text = "";
  for (const [k, v] of Object.entries(entries)) {
    const pair = element(key!.xml, key!, k) + (v === undefined || v === null ? "" : element(value!.xml, value!, v));
    text += member.flat ? `<${name}>${pair}</${name}>` : `<entry>${pair}</entry>`;
  }
  return member.flat ? text : `<${name}>${text}</${name}>`;
}
