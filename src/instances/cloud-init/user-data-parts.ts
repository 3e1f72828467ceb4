// Owns how user data is taken apart (cloud-init, "User-data formats"): gzip, MIME multi-part archives (RFC 2046), cloud-config archives,
// and what each part is, by its content type or by how it begins. What cannot be read becomes a part that says why.

import { gunzipSync } from "node:zlib";
import { parse } from "yaml";

export type PartKind = "script" | "script-per-boot" | "script-per-once" | "boothook" | "cloud-config" | "refused";
export interface UserDataPart {
  readonly kind: PartKind;
  readonly name: string | undefined; // of its Content-Disposition
  readonly body: Buffer;
  readonly reason?: string; // of "refused"
}

const MAX_BYTES = 1 << 20, MAX_PARTS = 64, MAX_DEPTH = 4;

/** Longest first: one is the beginning of another. */
const beginnings: readonly (readonly [string, string])[] = [
  ["#cloud-config-archive", "text/cloud-config-archive"], ["#cloud-config-jsonp", "text/cloud-config-jsonp"], ["#cloud-boothook", "text/cloud-boothook"], ["#cloud-config", "text/cloud-config"],
  ["## template: jinja", "text/jinja2"], ["#include-once", "text/x-include-once-url"], ["#include", "text/x-include-url"], ["#part-handler", "text/part-handler"], ["#upstart-job", "text/upstart-job"], ["#!", "text/x-shellscript"],
];
const kinds: Readonly<Record<string, PartKind>> = {
  "text/x-shellscript": "script", "text/x-shellscript-per-instance": "script", "text/x-shellscript-per-boot": "script-per-boot", "text/x-shellscript-per-once": "script-per-once",
  "text/cloud-boothook": "boothook", "text/cloud-config": "cloud-config",
};

export function userDataParts(data: Buffer): readonly UserDataPart[] {
  const found: UserDataPart[] = [];
  take(data, "text/plain", undefined, 0, found);
  return found;
}

function take(given: Buffer, givenType: string, name: string | undefined, depth: number, found: UserDataPart[]): void {
  const add = (kind: PartKind, body: Buffer, reason?: string): void => {
    if (found.length < MAX_PARTS) found.push({ kind, name, body, ...(reason === undefined ? {} : { reason }) });
  };
  if (depth > MAX_DEPTH) return add("refused", given, "parts are nested too deeply");
  const body = unzipped(given);
  if (body === undefined) return add("refused", given, "it begins like gzip and cannot be unpacked");
  if (body.every((byte) => byte === 10 || byte === 13 || byte === 32)) return;
  const head = body.subarray(0, 256).toString("latin1");
  if (depth === 0 && /^(MIME-Version|Content-Type):/im.test(head.split(/\r?\n\r?\n/)[0]!) && !head.startsWith("#")) return takeMessage(body, depth, found);
  const specific = givenType.startsWith("text/") && givenType !== "text/plain" && givenType !== "text/x-not-multipart";
  const type = specific ? givenType : (beginnings.find(([start]) => head.startsWith(start))?.[1] ?? givenType);
  if (type === "text/cloud-config-archive") return takeArchive(body, depth, found, add);
  const kind = kinds[type];
  if (kind !== undefined) return add(kind, body);
  add("refused", body, type === "text/plain" || !type.startsWith("text/") ? `Unhandled non-multipart (text/x-not-multipart) userdata: '${head.split("\n")[0]!.slice(0, 40)}...'` : `parts of type ${type} are not offered by vpcbox`);
}

function unzipped(data: Buffer): Buffer | undefined {
  if (data[0] !== 0x1f || data[1] !== 0x8b) return data;
  try {
    return gunzipSync(data, { maxOutputLength: MAX_BYTES });
  } catch {
    return undefined;
  }
}

interface Headers { readonly type: string; readonly boundary: string | undefined; readonly encoding: string; readonly name: string | undefined }

function takeMessage(message: Buffer, depth: number, found: UserDataPart[]): void {
  const text = message.toString("latin1");
  const blank = /\r?\n\r?\n/.exec(text);
  const headers = readHeaders(blank ? text.slice(0, blank.index) : text);
  const body = blank ? text.slice(blank.index + blank[0].length) : "";
  if (!headers.type.startsWith("multipart/")) return take(decoded(body, headers.encoding), headers.type, headers.name, depth + 1, found);
  if (headers.boundary === undefined) return void found.push({ kind: "refused", name: undefined, body: message, reason: "a multi-part message without a boundary" });
  let part: string[] | undefined;
  const end = (): void => {
    if (part === undefined) return;
    const inner = part.join("\n");
    const type = readHeaders(inner.split(/\r?\n\r?\n/)[0]!).type;
    if (depth < MAX_DEPTH || !type.startsWith("multipart/")) takeMessage(Buffer.from(inner.startsWith("\n") || inner.startsWith("\r\n") ? `Content-Type: text/plain\n${inner}` : inner, "latin1"), depth + 1, found);
  };
  for (const line of body.split("\n")) {
    const bare = line.trimEnd();
    if (bare !== `--${headers.boundary}` && bare !== `--${headers.boundary}--`) {
      part?.push(line);
      continue;
    }
    end();
    part = bare.endsWith(`${headers.boundary}--`) ? undefined : [];
    if (part === undefined) return;
  }
  end(); // cut off before its last boundary
}

function readHeaders(text: string): Headers {
  const lines = text.replace(/\r?\n[ \t]+/g, " ").split(/\r?\n/);
  const value = (name: string): string => lines.find((line) => line.toLowerCase().startsWith(`${name}:`))?.slice(name.length + 1).trim() ?? "";
  const parameter = (of_: string, name: string): string | undefined => {
    const m = new RegExp(`;\\s*${name}\\s*=\\s*(?:"([^"]*)"|([^;\\s]+))`, "i").exec(of_);
    return m ? (m[1] ?? m[2]) : undefined;
  };
  const type = value("content-type");
  return { type: (type.split(";")[0]!.trim() || "text/plain").toLowerCase(), boundary: parameter(type, "boundary"), encoding: value("content-transfer-encoding").toLowerCase(), name: parameter(value("content-disposition"), "filename") };
}

function decoded(body: string, encoding: string): Buffer {
  if (encoding === "base64") return Buffer.from(body, "base64");
  if (encoding === "quoted-printable") return Buffer.from(body.replace(/=\r?\n/g, "").replace(/=([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))), "latin1");
  return Buffer.from(body, "latin1");
}

function takeArchive(body: Buffer, depth: number, found: UserDataPart[], add: (kind: PartKind, body: Buffer, reason?: string) => void): void {
  let list: unknown;
  try {
    list = parse(body.toString("utf8"), { version: "1.1" });
  } catch (error) {
    return add("refused", body, `a cloud-config archive that is no YAML: ${(error as Error).message.split("\n")[0]}`);
  }
  if (!Array.isArray(list)) return add("refused", body, "a cloud-config archive is a list");
  for (const item of list as readonly unknown[]) {
    const { content, type, filename } = typeof item === "string" ? { content: item, type: undefined, filename: undefined } : ((item ?? {}) as { content?: unknown; type?: unknown; filename?: unknown });
    take(Buffer.from(String(content ?? "")), typeof type === "string" ? type : "text/plain", typeof filename === "string" ? filename : undefined, depth + 1, found);
  }
}
