// Owns the base images: what is in guest-root/ (this folder's, by hand) together with what a system's /etc must have from this machine (its
// library cache, certificates, alternatives), as layers "base-NAME-VERSION". Nothing of this machine's accounts or keys is in it.

import { createHash } from "node:crypto";
import { appendFileSync, chmodSync, chownSync, cpSync, existsSync, lstatSync, mkdirSync, readFileSync, readdirSync, readlinkSync, renameSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { release } from "node:os";
import { join } from "node:path";
import { CommandError, run } from "../linux/exec.ts";
import { setOpaque } from "../linux/libc.ts";
import type { BaseImage } from "./guest.ts";
import { layersDir, type Places } from "./places.ts";

const source = join(import.meta.dirname, "guest-root");
const baseLayers = ["common", "al2", "al2023", "nat", "boot"] as const;
type BaseLayer = (typeof baseLayers)[number];

const layersOf: Readonly<Record<BaseImage, readonly BaseLayer[]>> = { al2023: ["common", "al2023"], al2: ["common", "al2"], nat: ["common", "al2", "nat"], boot: ["boot"] };

/** What guests share with this machine's /etc. */
const machineFiles = [
  "services", "protocols", "rpc", "ethertypes", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "alternatives", "iproute2", "inputrc", "ca-certificates.conf",
  "ssl/certs", "ssl/openssl.cnf", "localtime", "terminfo",
];
/** Modes that are not 0644 and 0755; git keeps no others. */
const modes: Readonly<Record<string, number>> = { "etc/shadow": 0o600, "etc/gshadow": 0o600, "etc/sudoers": 0o440, "etc/sudoers.d": 0o750, "etc/sudoers.d/90-cloud-init-users": 0o440, "etc/sysconfig/iptables": 0o600, "home/ec2-user/.ssh": 0o700, "home/ec2-user/.ssh/authorized_keys": 0o600 };
const emptyDirectories: readonly (readonly [string, number])[] = [
  ["dev", 0o755], ["proc", 0o555], ["sys", 0o555], ["run", 0o755], ["tmp", 0o1777], ["var/tmp", 0o1777], ["root", 0o700], ["usr", 0o755], ["home", 0o755], ["mnt", 0o755], ["opt", 0o755], ["srv", 0o755],
  ["media", 0o755], ["boot", 0o755], ["var/log", 0o755], ["var/lib", 0o755], ["var/cache", 0o755], ["var/spool/mail", 0o755], ["var/empty", 0o755], ["etc/sysctl.d", 0o755], ["etc/profile.d", 0o755], ["home/ec2-user", 0o700],
];
/** What of this machine's /usr is not the guests' business. */
const hidden = ["local", "src", "lib/systemd/system", "lib/systemd/user", "lib/sysctl.d", "lib/modules", "lib/firmware"];

let built: string | undefined;

/** The directories of a base image under STATE/layers, bottom first. */
export function baseDirectories(places: Places, image: BaseImage): readonly string[] {
  built ??= version(places);
  return layersOf[image].map((layer) => directoryOf(layer, built!));
}
const directoryOf = (layer: BaseLayer, of: string): string => `base-${layer}-${of}`;

/** Builds what is missing. @param inUse guests run: layers of other versions stay, for they may lie under them */
export async function buildBaseImages(places: Places, inUse: boolean): Promise<void> {
  built = version(places);
  const root = layersDir(places);
  for (const layer of baseLayers) {
    const target = join(root, directoryOf(layer, built));
    if (existsSync(target)) continue;
    const growing = `${target}.new`;
    rmSync(growing, { recursive: true, force: true });
    await build(layer, growing, places);
    renameSync(growing, target);
  }
  if (inUse) return;
  const current = new Set(baseLayers.map((layer) => directoryOf(layer, built!)));
  for (const name of readdirSync(root)) if (name.startsWith("base-") && !current.has(name)) rmSync(join(root, name), { recursive: true, force: true });
}

/** Of the sources and of everything of this machine that went into the layers. */
function version(places: Places): string {
  const hash = createHash("sha256").update(release());
  if (places.authority !== undefined) hash.update(readFileSync(places.authority));
  const add = (path: string): void => {
    const stat = lstatSync(path);
    hash.update(`${path.slice(source.length)} ${stat.mode}\n`);
    if (stat.isDirectory()) for (const name of readdirSync(path).sort()) add(join(path, name));
    else hash.update(stat.isSymbolicLink() ? readlinkSync(path) : readFileSync(path));
  };
  add(source);
  hash.update(readFileSync(import.meta.filename));
  for (const path of ["/usr/sbin/xtables-nft-multi"]) hash.update(existsSync(path) ? "own" : "brought");
  for (const name of machineFiles) if (existsSync(join("/etc", name))) hash.update(`${name} ${statSync(join("/etc", name)).mtimeMs}\n`);
  return hash.digest("hex").slice(0, 12);
}

async function build(layer: BaseLayer, target: string, places: Places): Promise<void> {
  const root = join(target, "root"), usr = join(target, "usr");
  mkdirSync(root, { recursive: true });
  if (layer === "common") {
    for (const [name, mode] of emptyDirectories) {
      mkdirSync(join(root, name), { recursive: true });
      chmodSync(join(root, name), mode);
    }
    linkMergedUsr(root);
    copyMachineFiles(root);
    if (places.authority !== undefined) await trust(root, places.authority);
  }
  copy(join(source, layer, "root"), root);
  copy(join(source, layer, "usr"), usr);
  if (layer === "boot") {
    copy(join(source, "common", "usr"), usr);
    rmSync(join(usr, "sbin/ip")); // the image's own may lie there
  }
  if (layer === "nat") { // the package that `yum install iptables-services` would bring
    const tree = join(source, "common/usr/share/vpcbox/packages/iptables-services");
    copy(join(tree, "usr"), usr);
  }
  for (const [name, mode] of Object.entries(modes)) if (existsSync(join(root, name))) chmodSync(join(root, name), mode);
  if (layer === "common") {
    own(join(root, "home/ec2-user"), 1000);
    chmodSync(join(root, "home/ec2-user"), 0o700);
    for (const name of hidden) {
      mkdirSync(join(usr, name), { recursive: true });
      setOpaque(join(usr, name));
    }
    for (const name of ["bin", "sbin", "lib", "share"]) mkdirSync(join(usr, "local", name), { recursive: true });
    await linkIptables(join(usr, "sbin"), places.guestUsr);
  }
  const now = new Date();
  utimesSync(target, now, now);
}

function copy(from: string, to: string): void {
  if (existsSync(from)) cpSync(from, to, { recursive: true, verbatimSymlinks: true, force: true });
}

function own(path: string, id: number): void {
  chownSync(path, id, id);
  if (statSync(path).isDirectory()) for (const name of readdirSync(path)) own(join(path, name), id);
}

/** /bin, /sbin and /lib* are links into /usr wherever this machine's are: its dynamic loader is found by that name. */
function linkMergedUsr(root: string): void {
  for (const name of ["bin", "sbin", "lib", "lib32", "lib64", "libx32"]) {
    const there = lstatSync(`/${name}`, { throwIfNoEntry: false });
    if (there?.isSymbolicLink()) symlinkSync(readlinkSync(`/${name}`), join(root, name));
    else if (there) throw new Error(`this machine's /${name} is not a link into /usr: vpcbox needs a merged /usr (Debian 12 or newer has it)`);
  }
}

function copyMachineFiles(root: string): void {
  for (const name of machineFiles) {
    const path = join("/etc", name);
    if (!existsSync(path)) continue;
    mkdirSync(join(root, "etc", name, ".."), { recursive: true });
    cpSync(path, join(root, "etc", name), { recursive: true, verbatimSymlinks: true, dereference: false, filter: (from) => { const s = lstatSync(from); return s.isFile() || s.isDirectory() || s.isSymbolicLink(); } });
  }
}

/** The box's own authority beside the machine's: in the one file that most programs read, and by its hash as OpenSSL looks for it. */
async function trust(root: string, authority: string): Promise<void> {
  const certs = join(root, "etc/ssl/certs");
  const bundle = join(certs, "ca-certificates.crt");
  const pem = readFileSync(authority, "utf8");
  if (existsSync(bundle)) appendFileSync(bundle, pem);
  else writeFileSync(bundle, pem);
  writeFileSync(join(certs, "vpcbox.pem"), pem);
  const hash = (await run(["openssl", "x509", "-noout", "-hash", "-in", authority])).stdout.trim();
  symlinkSync("vpcbox.pem", join(certs, `${hash}.0`));
  for (const path of ["etc/pki/tls/certs/ca-bundle.crt", "etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem"]) { // as Amazon Linux has it
    mkdirSync(join(root, path, ".."), { recursive: true });
    symlinkSync("/etc/ssl/certs/ca-certificates.crt", join(root, path));
  }
}

/** iptables and its companions, by whichever of its two kinds this kernel has (a trial in a namespace of its own). */
async function linkIptables(sbin: string, guestUsr: string): Promise<void> {
  const kind = await works("nft", guestUsr) ? "nft" : await works("legacy", guestUsr) ? "legacy" : "nft";
  mkdirSync(sbin, { recursive: true });
  for (const family of ["iptables", "ip6tables"])
    for (const end of ["", "-save", "-restore"]) symlinkSync(`xtables-${kind}-multi`, join(sbin, `${family}${end}`));
}

async function works(kind: "nft" | "legacy", guestUsr: string): Promise<boolean> {
  const program = `sbin/xtables-${kind}-multi`;
  const usr = ["/usr", guestUsr].find((directory) => existsSync(join(directory, program)));
  if (usr === undefined) return false;
  const libraries = join(usr, "lib", process.arch === "arm64" ? "aarch64-linux-gnu" : "x86_64-linux-gnu");
  const settings = usr === "/usr" ? [] : [`LD_LIBRARY_PATH=${libraries}`, `XTABLES_LIBDIR=${join(libraries, "xtables")}`];
  try {
    await run(["env", ...settings, "unshare", "--net", join(usr, program), "iptables", "-t", "nat", "-A", "POSTROUTING", "-j", "MASQUERADE"]);
    return true;
  } catch (error) {
    if (error instanceof CommandError) return false;
    throw error;
  }
}
