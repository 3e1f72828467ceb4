// Owns what is left of this machine for guests: memory (proc(5), /proc/meminfo) and room on the disk their disks grow on.

import { readFileSync, statfsSync } from "node:fs";

export interface Capacity { readonly memoryMiB: number; readonly roomForInstances: number }

/** What an instance takes at rest, with room to do something; what stays for the machine itself. */
const INSTANCE_MIB = 12, MACHINE_MIB = 256, INSTANCE_DISK_MIB = 16, MACHINE_DISK_MIB = 512;

export function capacityOf(stateDir: string): Capacity {
  const text = readFileSync("/proc/meminfo", "utf8");
  const mib = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(text)?.[1] ?? 0) / 1024;
  const disk = statfsSync(stateDir);
  const diskMiB = (disk.bavail * disk.bsize) / 2 ** 20;
  return { memoryMiB: mib("MemTotal"), roomForInstances: Math.max(0, Math.floor(Math.min((mib("MemAvailable") - MACHINE_MIB) / INSTANCE_MIB, (diskMiB - MACHINE_DISK_MIB) / INSTANCE_DISK_MIB))) };
}
