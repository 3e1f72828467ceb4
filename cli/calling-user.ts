// Owns who is at the keyboard: with sudo the laptop and its files are the caller's, not root's.

import { readFileSync } from "node:fs";

export interface User { readonly name: string; readonly uid: number; readonly gid: number; readonly home: string; readonly shell: string }

/** The user who called sudo; undefined when nobody did (root itself, or no root). */
export function callingUser(): User | undefined {
  const id = process.env.SUDO_UID;
  if (id === undefined || id === "0" || process.getuid?.() !== 0) return undefined;
  for (const line of readFileSync("/etc/passwd", "utf8").split("\n")) {
    const [name, , uid, gid, , home, shell] = line.split(":");
    if (uid === id && name && gid && home) return { name, uid: Number(uid), gid: Number(gid), home, shell: shell || "/bin/sh" };
  }
  return undefined;
}
