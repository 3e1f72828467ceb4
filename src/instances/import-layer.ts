// Owns making a layer of a root file system in an archive (a container export, a debootstrap): unpacked by tar(1), looked over, and in
// place all at once or not at all. Such a layer has its own /usr: nothing of this machine lies under it.

import { existsSync, lstatSync, mkdirSync, readlinkSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join, normalize } from "node:path";
import { CommandError, run } from "../linux/exec.ts";
import { layersDir, type Places } from "./places.ts";

const UNPACK_MS = 900_000;
const MAX_LINKS = 40;
const kernelDirectories = ["dev", "proc", "sys", "run", "tmp", "var", "etc"] as const;

export const isStandalone = (places: Places, layer: string): boolean => existsSync(join(layersDir(places), layer, "standalone"));

/** Answers the image's layers, bottom first. @throws in one line, and nothing is left */
export async function importLayer(places: Places, name: string, file: string): Promise<readonly string[]> {
  const target = join(layersDir(places), name), growing = `${target}.new`, root = join(growing, "root");
  rmSync(growing, { recursive: true, force: true });
  mkdirSync(root, { recursive: true });
  try {
    await run(["tar", "--extract", "--file", file, "--directory", root, "--numeric-owner", "--same-owner", "--preserve-permissions", "--xattrs", "--xattrs-include=security.capability", "--exclude=dev/*", "--exclude=./dev/*"], { timeoutMs: UNPACK_MS }).catch((error: unknown) => {
      if (error instanceof CommandError) throw new Error(`${file} cannot be unpacked: ${reasonOf(error.stderr)}`);
      throw error;
    });
    if (existsSync(join(root, "manifest.json")) && !existsSync(join(root, "etc"))) throw new Error(`${file} is an image of layers (docker save), not a root file system: use docker export of a container`);
    const init = resolveInside(root, "/sbin/init");
    if (init === undefined) throw new Error(`${file} has no /sbin/init: an instance needs a first process`);
    for (const directory of kernelDirectories) if (!lstatSync(join(root, directory), { throwIfNoEntry: false })) mkdirSync(join(root, directory), { mode: directory === "tmp" ? 0o1777 : 0o755 });
    const usr = lstatSync(join(root, "usr"), { throwIfNoEntry: false });
    if (usr && !usr.isDirectory()) throw new Error(`the /usr of ${file} is no directory`);
    if (usr) renameSync(join(root, "usr"), join(growing, "usr"));
    else mkdirSync(join(growing, "usr"));
    mkdirSync(join(root, "usr"), { mode: 0o755 });
    writeFileSync(join(growing, "standalone"), "");
    renameSync(growing, target);
    return init.endsWith("/systemd") ? [name, "boot"] : [name]; // systemd wants control groups and mounts, which no guest has: vpcbox's own boot takes its place
  } catch (error) {
    rmSync(growing, { recursive: true, force: true });
    throw error;
  }
}

/** tar says first what it does about names that lead out of the archive. */
const reasonOf = (words: string): string => words.trim().split("\n").find((line) => !line.includes(": Removing leading")) ?? "";

/** Where a path leads when `root` is the root, by its links; undefined when it leads to no file. */
function resolveInside(root: string, path: string): string | undefined {
  let links = 0;
  let at = "/";
  const rest = path.split("/").filter((name) => name !== "");
  while (rest.length > 0) {
    const next = normalize(join(at, rest.shift()!));
    const stat = lstatSync(join(root, next), { throwIfNoEntry: false });
    if (!stat) return undefined;
    if (!stat.isSymbolicLink()) {
      at = next;
      continue;
    }
    if (++links > MAX_LINKS) return undefined;
    const target = readlinkSync(join(root, next));
    if (target.startsWith("/")) at = "/";
    rest.unshift(...target.split("/").filter((name) => name !== ""));
  }
  return lstatSync(join(root, at)).isFile() ? at : undefined;
}
