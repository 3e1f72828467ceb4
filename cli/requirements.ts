// Owns what a machine must have before a box can start on it: root, programs, a library, kernel features. Each miss is one line that
// says what is missing and how to mend it.

import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, readFileSync } from "node:fs";
import { arch, platform, release } from "node:os";
import { join } from "node:path";
import { Failure } from "./failure.ts";

const SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/** PATH with the folders of system programs, which sudo, cron and su leave out now and then. */
export const searchPath = (): string => (process.env.PATH ? `${process.env.PATH}:${SYSTEM_PATH}` : SYSTEM_PATH);

const PROGRAMS: Readonly<Record<string, string>> = { runc: "runc", openssl: "openssl", ip: "iproute2", tc: "iproute2", nsenter: "util-linux", unshare: "util-linux" }; // program: its Debian package
const MODULES = ["overlay", "veth", "sch_ingress", "cls_bpf", "nf_tables", "nft_chain_nat", "nft_compat", "nf_conntrack", "xt_MASQUERADE", "xt_conntrack", "xt_nat"];
const OLDEST_KERNEL = [6, 1] as const; // overlayfs over id-mapped layers is older; no older verifier was seen to take the kernel program (npm run kernel)

export function requireRoot(): void {
  if (process.getuid?.() !== 0) throw new Failure("needs root: run it with sudo");
}

/** What this machine lacks for a box, a line each; none when it may start. */
export function missingRequirements(): string[] {
  loadModules();
  return [...missingPrograms(), ...missingKernelFeatures()];
}

function missingPrograms(): string[] {
  const folders = searchPath().split(":");
  const found = (program: string): boolean => folders.some((folder) => isExecutable(join(folder, program)));
  const lines = Object.entries(PROGRAMS).filter(([program]) => !found(program)).map(([program, name]) => `the program ${program} is missing: sudo apt-get install ${name}`);
  if (!hasLibrary("libbpf.so.1")) lines.push("the library libbpf.so.1 is missing: sudo apt-get install libbpf1");
  return lines;
}

function missingKernelFeatures(): string[] {
  if (platform() !== "linux" || !existsSync("/proc/self/ns")) return ["this is no Linux with /proc: run vpcbox on Linux"];
  const lines: string[] = [];
  const [major = 0, minor = 0] = release().split(".").map(Number);
  if (major < OLDEST_KERNEL[0] || (major === OLDEST_KERNEL[0] && minor < OLDEST_KERNEL[1])) lines.push(`kernel ${release()} is too old: boot one of ${OLDEST_KERNEL.join(".")} or newer (Debian 12 has 6.1)`);
  const filesystems = read("/proc/filesystems").split("\n").map((line) => line.replace(/^nodev/, "").trim());
  if (!filesystems.includes("overlay")) lines.push("the kernel has no overlayfs: sudo modprobe overlay, or boot a kernel with CONFIG_OVERLAY_FS");
  if (!filesystems.includes("bpf")) lines.push("the kernel has no bpf file system: boot a kernel with CONFIG_BPF_SYSCALL");
  if (!existsSync("/proc/self/ns/user")) lines.push("the kernel has no user namespaces: boot a kernel with CONFIG_USER_NS");
  else if (read("/proc/sys/user/max_user_namespaces").trim() === "0") lines.push("user namespaces are switched off: sudo sysctl -w user.max_user_namespaces=10000");
  return lines;
}

/** A guest may not load kernel modules, so what its iptables needs is loaded for it; a kernel without modules has them built in. */
function loadModules(): void {
  if (!existsSync(join("/lib/modules", release())) || existsSync("/sys/module/overlay") && existsSync("/sys/module/xt_MASQUERADE") && existsSync("/sys/module/nft_compat")) return;
  spawnSync("modprobe", ["--quiet", "--all", ...MODULES], { stdio: "ignore", env: { ...process.env, PATH: searchPath() } });
}

function hasLibrary(name: string): boolean {
  const triplet = arch() === "arm64" ? "aarch64-linux-gnu" : "x86_64-linux-gnu";
  const folders = [`/usr/lib/${triplet}`, `/lib/${triplet}`, "/usr/lib64", "/lib64", "/usr/lib", "/lib", "/usr/local/lib", ...(process.env.LD_LIBRARY_PATH ?? "").split(":").filter((f) => f !== "")];
  return folders.some((folder) => existsSync(join(folder, name)));
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
