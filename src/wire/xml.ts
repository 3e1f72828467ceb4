// Owns answers in XML: an operation's typed output written as its model says (Smithy, "XML serialization").

import { textOf } from "./kept.ts";
import type { Member, Shape } from "./model.ts";

const UNSAFE = /[&<>"\r\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/;

/** Escaped; characters that XML cannot have become U+FFFD. */
export function xmlText(s: string): string {
  if (!UNSAFE.test(s)) return s;
  return s.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "\ufffd")
    .replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/"/g, "&quot;").replace(/\r/g, "&#xD;");
}

/** The members of a structure, without the element around them. */
export const writeXml = (shape: Shape, value: object): string => textOf(value, shape, () => writeMembers(shape, value));

function writeMembers(shape: Shape, value: object): string {
  let text = "";
  for (const member of shape.members) {
    const inner = (value as Record<string, unknown>)[member.name];
    if (inner !== undefined && inner !== null) text += element(member, member, inner);
  }
  return text;
}

/** The same in pieces, so that a long answer is never one long text: the items of its lists each by themselves. */
export function xmlPieces(shape: Shape, value: object): string[] {
  const pieces: string[] = [];
  for (const member of shape.members) {
    const inner = (value as Record<string, unknown>)[member.name];
    if (inner === undefined || inner === null) continue;
    if (member.shape.kind === "list" && !member.flat && (inner as readonly unknown[]).length > 0) {
      pieces.push(member.open);
      for (const one of inner as readonly unknown[]) if (one !== undefined && one !== null) pieces.push(element(member.shape.item!, member.shape.item!, one));
      pieces.push(member.close);
    } else pieces.push(element(member, member, inner));
  }
  return pieces;
}

/** @param named gives the element's name, `member` what is in it: they differ where a list has no element around its items */
function element(named: Member, member: Member, value: unknown): string {
  const { shape } = member;
  const { open, close } = named;
  switch (shape.kind) {
    case "struct": return open + writeXml(shape, value as object) + close;
    case "list": return list(member, value as readonly unknown[]);
    case "map": return map(member, value as object);
    case "time": return open + (value as Date).toISOString() + close;
    case "blob": return open + Buffer.from(value as Uint8Array).toString("base64") + close;
    case "string": return open + xmlText(String(value)) + close;
    default: return open + String(value) + close;
  }
}

function list(member: Member, items: readonly unknown[]): string {
  const item = member.shape.item!;
  const named = member.flat ? member : item;
  let text = "";
  for (const inner of items) if (inner !== undefined && inner !== null) text += element(named, item, inner);
  if (member.flat) return text;
  return text === "" ? member.empty : member.open + text + member.close;
}

function map(member: Member, entries: object): string {
  const { key, value } = member.shape;
  let text = "";
  for (const [k, v] of Object.entries(entries)) {
    const pair = element(key!, key!, k) + (v === undefined || v === null ? "" : element(value!, value!, v));
    text += member.flat ? member.open + pair + member.close : `<entry>${pair}</entry>`;
  }
  return member.flat ? text : member.open + text + member.close;
}
