// Owns that guests keep the limits of their control groups on cgroup version 2. The root's controllers are the system manager's there: at each
// reload of its units (each package that is installed) systemd takes away those that no unit of its own wants, cpu first, and what was set is gone
// for good. It cannot take what a group below the root hands on, so each box has an empty group that does.

import { existsSync, mkdirSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const ROOT = "/sys/fs/cgroup";
const CONTROLLERS = ["cpu", "memory", "pids"]; // of what bundle.ts limits
const groupOf = (box: string, root: string): string => join(root, `vpcbox.${box}`);

export function holdControllers(box: string, root = ROOT, controllers: readonly string[] = CONTROLLERS): void {
  if (!existsSync(join(root, "cgroup.controllers"))) return; // version 1: each controller has a tree of its own
  const all = controllers.map((name) => `+${name}`).join(" "), group = groupOf(box, root);
  try {
    mkdirSync(group, { recursive: true });
    for (const directory of [root, group]) writeFileSync(join(directory, "cgroup.subtree_control"), all);
  } catch {
    // a root that hands nothing on, as inside a container: the guest's start says which limit it could not have
  }
}

export function releaseControllers(box: string, root = ROOT): void {
  if (existsSync(groupOf(box, root))) rmdirSync(groupOf(box, root));
}
