// Owns the files of flow logs: whole or not there. Each is written beside its name and renamed, so that a reader, or a kill at any
// moment, never finds half a file.

import { mkdir, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";
import { gzip } from "node:zlib";

const compress = promisify(gzip);
const PART = ".part";

async function writeWhole(file: string, bytes: Uint8Array): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const part = join(dirname(file), `.${basename(file)}${PART}`);
  await writeFile(part, bytes, { mode: 0o600 });
  await rename(part, file);
}

export const deliverCompressed = async (file: string, lines: readonly string[]): Promise<void> => writeWhole(file, await compress(`${lines.join("\n")}\n`));

/** Adds lines to a file: it is written anew with them. */
export async function deliverMore(file: string, lines: readonly string[]): Promise<void> {
  const before = await readFile(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return Buffer.alloc(0);
    throw error;
  });
  await writeWhole(file, Buffer.concat([before, Buffer.from(`${lines.join("\n")}\n`)]));
}

/** Removes what a daemon that died had begun to write. */
export async function removeParts(root: string): Promise<void> {
  const files = await readdir(root, { recursive: true, withFileTypes: true }).catch(() => []); // no flow log has ever delivered anything
  for (const file of files) if (file.isFile() && file.name.endsWith(PART)) await rm(join(file.parentPath, file.name), { force: true });
}
