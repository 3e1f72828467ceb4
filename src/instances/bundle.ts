// Owns a guest's OCI bundle (opencontainers/runtime-spec, config-linux): what its processes may do and see.

import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import type { GuestSpec } from "./guest.ts";
import type { IdRange } from "./id-range.ts";
import type { GuestPlaces } from "./places.ts";
import { seccomp } from "./seccomp.ts";

/** What administrators of a network appliance need. SYS_ADMIN is not among it: no guest mounts anything. */
const capabilities = [
  "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "IPC_LOCK", "KILL", "NET_ADMIN", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_RAW", "SETFCAP", "SETGID", "SETPCAP", "SETUID",
  "SYS_CHROOT", "SYS_NICE", "SYS_PTRACE", "SYS_RESOURCE",
].map((name) => `CAP_${name}`);

const PROCESSES_PER_GUEST = 512;
export const searchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** @param userns the guest's user namespace, open in this process until runc has joined it */
export function writeBundle(box: string, spec: GuestSpec, guest: GuestPlaces, userns: number, ids: IdRange, hostname: string, init: string): void {
  const mapping = [{ containerID: 0, hostID: ids.base, size: ids.size }];
  const config = {
    ociVersion: "1.0.2",
    hostname,
    root: { path: guest.root, readonly: false },
    process: {
      terminal: false,
      user: { uid: 0, gid: 0 },
      args: [init],
      env: [`PATH=${searchPath}`, "HOME=/root", "LANG=C.UTF-8"],
      cwd: "/",
      capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
      noNewPrivileges: false, // sudo
    },
    mounts: [
      { destination: "/proc", type: "proc", source: "proc", options: ["nosuid", "noexec", "nodev"] },
      { destination: "/dev", type: "tmpfs", source: "tmpfs", options: ["nosuid", "strictatime", "mode=755", "size=65536k"] },
      { destination: "/dev/pts", type: "devpts", source: "devpts", options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"] },
      { destination: "/dev/shm", type: "tmpfs", source: "shm", options: ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"] },
      { destination: "/sys", type: "sysfs", source: "sysfs", options: ["nosuid", "noexec", "nodev", "ro"] },
      { destination: "/run", type: "tmpfs", source: "tmpfs", options: ["nosuid", "nodev", "mode=755", "size=65536k"] },
      { destination: "/run/vpcbox", type: "bind", source: guest.seed, options: ["bind", "ro", "nosuid", "nodev", "noexec"] },
    ],
    linux: {
      uidMappings: mapping,
      gidMappings: mapping,
      namespaces: [{ type: "user", path: `/proc/${process.pid}/fd/${userns}` }, { type: "network", path: guest.netns }, { type: "pid" }, { type: "ipc" }, { type: "uts" }, { type: "mount" }],
      cgroupsPath: `/vpcbox.${box}.${spec.instanceId}`, // one level: runc removes no other
      resources: resourcesOf(spec),
      // /proc/sys stays: net.* is the guest's own, of the rest its root is not the owner
      maskedPaths: ["/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware"],
      readonlyPaths: ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sysrq-trigger"],
      seccomp,
    },
  };
  mkdirSync(guest.run, { recursive: true });
  writeFileSync(join(guest.run, "config.json"), JSON.stringify(config));
}

const CPU_PERIOD_US = 100_000;
const CPU_SHARES = 256; // a process of the machine has 1024: a guest that is mad leaves the box its turn

/** What its type has, as limits of its control groups (runtime-spec, "Control groups"): version 1, 2 and both by runc itself. */
export function resourcesOf(spec: Pick<GuestSpec, "memoryMiB" | "vcpus">, machine: { readonly cgroups: string; readonly processors: number } = { cgroups: "/sys/fs/cgroup", processors: cpus().length }): object {
  const bytes = spec.memoryMiB * 2 ** 20;
  const swap = swapIsLimited(machine.cgroups) ? { swap: bytes } : {}; // memory and swap together: no swap
  const quota = spec.vcpus < machine.processors ? { quota: spec.vcpus * CPU_PERIOD_US, period: CPU_PERIOD_US } : {}; // else it may have them all
  return { pids: { limit: PROCESSES_PER_GUEST }, memory: { limit: bytes, ...swap }, cpu: { shares: CPU_SHARES, ...quota } };
}

/** Version 2 always has it, version 1 where the kernel accounts for swap. */
const swapIsLimited = (cgroups: string): boolean => existsSync(join(cgroups, "cgroup.controllers")) || existsSync(join(cgroups, "memory/memory.memsw.limit_in_bytes"));
