// Owns write_files of #cloud-config (cloud-init, module "Write Files"): contents become files beside the first boot's script, which
// puts them in place inside the guest, by its own root.

import { gunzipSync } from "node:zlib";
import { isMapping, isTrue, listOf, textOf, type CloudConfig, type Value } from "./cloud-config.ts";
import { words } from "./shell.ts";

const MAX_BYTES = 1 << 20;

export interface WriteFiles { readonly now: readonly string[]; readonly deferred: readonly string[]; readonly contents: ReadonlyMap<string, Buffer> }

export function writeFiles(config: CloudConfig, warn: (text: string) => void): WriteFiles {
  const now: string[] = [], deferred: string[] = [];
  const contents = new Map<string, Buffer>();
  for (const [index, file] of listOf(config.write_files).entries()) {
    const path = isMapping(file) ? textOf(file.path) : undefined;
    if (!isMapping(file) || path === undefined || !path.startsWith("/")) {
      warn(`write_files: entry ${index + 1} has no absolute path`);
      continue;
    }
    if (file.source !== undefined) {
      warn(`write_files: source of ${path} is not offered by vpcbox`);
      continue;
    }
    try {
      contents.set(`file-${index}`, contentOf(file.content, textOf(file.encoding) ?? "text/plain"));
    } catch (error) {
      warn(`write_files: the content of ${path} cannot be read: ${(error as Error).message}`);
      continue;
    }
    (isTrue(file.defer) ? deferred : now).push(`write_file ${words(`file-${index}`, path, textOf(file.owner) ?? "root:root", modeOf(file.permissions), isTrue(file.append) ? "append" : "")}`);
  }
  return { now, deferred, contents };
}

function contentOf(content: Value, encoding: string): Buffer {
  const given = Buffer.isBuffer(content) || content instanceof Uint8Array ? Buffer.from(content) : Buffer.from(textOf(content) ?? "", "utf8"); // !!binary
  const unzip = (data: Buffer): Buffer => gunzipSync(data, { maxOutputLength: MAX_BYTES });
  switch (encoding.toLowerCase()) {
    case "text/plain": return given;
    case "b64": case "base64": return Buffer.from(given.toString("latin1"), "base64");
    case "gz": case "gzip": return unzip(given);
    case "gz+base64": case "gzip+base64": case "gz+b64": case "gzip+b64": return unzip(Buffer.from(given.toString("latin1"), "base64"));
    default: throw new Error(`unknown encoding ${encoding}`);
  }
}

/** Quoted it is octal text, without quotes YAML has made it a number already. */
const modeOf = (permissions: Value): string => (typeof permissions === "number" ? permissions.toString(8).padStart(4, "0") : /^[0o]*[0-7]{1,4}$/.test(String(permissions ?? "")) ? String(permissions).replace(/^0o/, "") : "0644");
