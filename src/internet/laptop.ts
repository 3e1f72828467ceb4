// Owns the laptop: the user's own shell, files and environment with the network of a computer at home. A command line that enters
// the laptop's network namespace and a mount namespace of the command's own, where names are asked of the box's internet.

import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { dnsRoot } from "./addresses.ts";

export interface Laptop {
  /** Writes what the command line below needs. */
  ensureFiles(): void;
  removeFiles(): void;
  /**
   * The command line that runs `command` there, with the caller's streams, terminal, directory and environment; its exit status is
   * the command's (125: the box's names could not be put in place). Arguments may be appended. With none at all: $SHELL.
   */
  argv(command: readonly string[]): string[];
}

export function openLaptop(runDir: string, netnsPath: string): Laptop {
  const etc = join(runDir, "laptop-etc");
  return {
    ensureFiles: () => {
      mkdirSync(etc, { recursive: true, mode: 0o755 });
      writeFileSync(join(etc, "resolv.conf"), `nameserver ${dnsRoot}\n`);
      writeFileSync(join(etc, "nsswitch.conf"), nameServiceSwitch());
    },
    removeFiles: () => rmSync(etc, { recursive: true, force: true }),
    // unshare makes every mount private, so that nothing of this reaches the machine's mounts.
    argv: (command) => ["nsenter", `--net=${netnsPath}`, "--", "unshare", "--mount", "--propagation", "private", "--", "sh", "-c", script, "laptop", etc, ...command],
  };
}

// Where one of the two files is missing, or a symbolic link into nothing, no mount can cover it: then all of /etc is covered. A
// name service cache (nscd) is out of sight: it runs on the machine and would ask there.
const script = `etc=$1; shift
if [ -e /etc/resolv.conf ] && [ -e /etc/nsswitch.conf ]; then
  mount --bind "$etc/resolv.conf" /etc/resolv.conf && mount --bind "$etc/nsswitch.conf" /etc/nsswitch.conf || exit 125
else
  mount -t overlay -o "lowerdir=$etc:/etc" vpcbox /etc || exit 125
fi
if [ -d /run/nscd ]; then mount -t tmpfs -o mode=755 vpcbox /run/nscd || exit 125; fi
[ $# -gt 0 ] || set -- "\${SHELL:-/bin/sh}"
exec "$@"`;

/** The machine's own name service switch with hosts asked by files and DNS alone: systemd-resolved or mDNS would ask elsewhere. */
function nameServiceSwitch(): string {
  const file = "/etc/nsswitch.conf";
  const lines = existsSync(file) ? readFileSync(file, "utf8").split("\n").filter((line) => line !== "" && !/^\s*hosts:/.test(line)) : [];
  return `${[...lines, "hosts: files dns"].join("\n")}\n`;
}
