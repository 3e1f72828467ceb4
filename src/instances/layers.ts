// Owns image layers: STATE/layers/NAME/{root,usr}, never changed once they are there. A layer is a guest's own part of its disk,
// whose owners are already the guest's ids; an image is a list of layers, bottom first, the first a base image's name.

import { existsSync, lstatSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../linux/exec.ts";
import { inNetns } from "../linux/netns.ts";
import { baseDirectories } from "./base-images.ts";
import { parts } from "./disk.ts";
import { baseImages, type BaseImage } from "./guest.ts";
import { layersDir, type GuestPlaces, type Places } from "./places.ts";

const isBase = (name: string): name is BaseImage => (baseImages as readonly string[]).includes(name);

/** Names under STATE/layers, bottom first. @throws when one is not there */
export function layerDirectories(places: Places, layers: readonly string[]): readonly string[] {
  const names = layers.flatMap((layer) => (isBase(layer) ? baseDirectories(places, layer) : [layer]));
  for (const name of names) if (!existsSync(join(layersDir(places), name))) throw new Error(`the image's layer ${name} is missing`);
  return names;
}

/** Which layers a disk lies over, kept beside it: a stopped guest can be captured too. */
export const recordedLayers = {
  path: (guest: GuestPlaces): string => join(guest.disk, "..", "layers.json"),
  write(guest: GuestPlaces, layers: readonly string[]): void { writeFileSync(this.path(guest), JSON.stringify(layers)); },
  read(guest: GuestPlaces): readonly string[] { return JSON.parse(readFileSync(this.path(guest), "utf8")) as string[]; },
};

/** `tree`/`names` when each of them is a directory and no symbolic link leads elsewhere: what guests wrote is not to be trusted. */
export function realDirectory(tree: string, ...names: readonly string[]): string | undefined {
  let path = tree;
  for (const name of names) {
    path = join(path, name);
    if (!lstatSync(path, { throwIfNoEntry: false })?.isDirectory()) return undefined;
  }
  return path;
}

/** As of this moment, and whatever was kept before under that name. Answers the image's layers. */
export async function captureLayer(places: Places, guest: GuestPlaces, name: string, running: boolean): Promise<readonly string[]> {
  const below = recordedLayers.read(guest);
  const target = join(layersDir(places), name);
  const growing = `${target}.new`;
  rmSync(growing, { recursive: true, force: true });
  mkdirSync(growing);
  for (const part of parts) await run(["cp", "-a", "--reflink=auto", join(guest.disk, part, "upper"), join(growing, part)], { timeoutMs: 600_000 });
  removeTraces(join(growing, "root"));
  if (running) keepSettings(join(growing, "root"), runtimeSettings(guest));
  rmSync(target, { recursive: true, force: true }); // of a capture that ended between here and its record
  renameSync(growing, target);
  return [...below, name];
}

/** What belongs to the machine it was made from: its keys (a new instance makes its own), its identity, its temporary files. */
function removeTraces(tree: string): void {
  const clear = (names: readonly string[], which: (name: string) => boolean): void => {
    const directory = realDirectory(tree, ...names);
    for (const name of directory === undefined ? [] : readdirSync(directory).filter(which)) rmSync(join(directory!, name), { recursive: true, force: true });
  };
  clear(["etc", "ssh"], (name) => name.startsWith("ssh_host_"));
  clear(["tmp"], () => true);
  clear(["run"], () => true);
  clear(["etc", "vpcbox"], (name) => name === "static-hostname");
}

/** Settings of the running kernel that the guide's `sysctl -w` leaves there: they go into the image. name -> value */
function runtimeSettings(guest: GuestPlaces): ReadonlyMap<string, string> {
  return inNetns(guest.netns, () => {
    const value = (name: string): string => readFileSync(`/proc/sys/${name.replaceAll(".", "/")}`, "utf8").trim();
    const changed = new Map<string, string>();
    if (value("net.ipv4.ip_forward") === "1") changed.set("net.ipv4.ip_forward", "1");
    for (const where of ["all", "default", "eth0"]) {
      const name = `net.ipv4.conf.${where}.send_redirects`;
      if (existsSync(`/proc/sys/${name.replaceAll(".", "/")}`) && value(name) === "0") changed.set(name, "0");
    }
    return changed;
  });
}

function keepSettings(tree: string, settings: ReadonlyMap<string, string>): void {
  if (settings.size === 0) return;
  let directory = tree;
  for (const name of ["etc", "sysctl.d"]) {
    directory = join(directory, name);
    const there = lstatSync(directory, { throwIfNoEntry: false });
    if (there && !there.isDirectory()) return; // the guest put something else there: its image is as it wants it
    if (!there) mkdirSync(directory, { mode: 0o755 });
  }
  const path = join(directory, "50-image.conf");
  rmSync(path, { recursive: true, force: true });
  writeFileSync(path, `# in force when this image was made\n${[...settings].map(([name, value]) => `${name} = ${value}\n`).join("")}`, { mode: 0o644 });
}

export function removeLayer(places: Places, name: string): void {
  if (isBase(name)) return;
  for (const path of [join(layersDir(places), name), join(layersDir(places), `${name}.new`)]) rmSync(path, { recursive: true, force: true });
}

/** Layers of base images are their builder's business; what grows (".new") is somebody's who is at it. */
export function keepLayers(places: Places, used: ReadonlySet<string>): void {
  for (const name of readdirSync(layersDir(places))) if (!name.startsWith("base-") && !name.endsWith(".new") && !used.has(name)) removeLayer(places, name);
}
