// Owns the question what a box left in the kernel and under /run: each as one line, none for a box that is gone.

import { existsSync, readFileSync, readdirSync } from "node:fs";
import type { Box } from "./box.ts";

export async function kernelLeftovers(box: Box): Promise<string[]> {
  const left: string[] = [];
  for (const path of [`/run/vpcbox/${box.name}`, `/sys/fs/bpf/vpcbox/${box.name}`, box.stateDir]) if (existsSync(path)) left.push(`path ${path}`);
  for (const name of readdirSync("/sys/fs/cgroup").filter((one) => one === `vpcbox.${box.name}` || one.startsWith(`vpcbox.${box.name}.`))) left.push(`control group ${name}`);
  for (const line of readFileSync("/proc/self/mountinfo", "utf8").split("\n"))
    if (line.includes(`/vpcbox/${box.name}/`) || line.includes(box.stateDir)) left.push(`mount ${line.split(" ")[4]}`);
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
      if (/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "utf8"))) continue; // it has ended, and waits for the machine's init to hear of it
      const environment = readFileSync(`/proc/${pid}/cgroup`, "utf8");
      if (command.includes(`vpcbox/${box.name}`) || command.includes(`"${box.name}"`) || environment.includes(box.name)) left.push(`process ${pid} ${command}`);
    } catch {
      // it ended while we looked
    }
  }
  return left;
}
