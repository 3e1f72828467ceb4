// Owns a guest's user and network namespace: the network one is made inside the user one, so that the guest's root may do
// anything to it (user_namespaces(7)). A file holds it, and it holds the other: each mount of this machine costs every start of a guest.

import { closeSync, openSync, rmSync, writeFileSync } from "node:fs";
import { loopbackUp, owningUserNamespace } from "../linux/libc.ts";
import { inNewNamespaces } from "../linux/new-namespaces.ts";
import { isMountPoint, unmountAt } from "../linux/mount.ts";
import { inNetns, keepNamespace, withoutIpv6 } from "../linux/netns.ts";
import type { IdRange } from "./id-range.ts";
import type { GuestPlaces } from "./places.ts";

/** What a fresh kernel has: IPv4 settings of a new namespace are copies of this machine's, which may be a router itself. */
const settings: readonly (readonly [string, string])[] = [
  ["ip_forward", "0"], // first: writing it resets others
  ...["all", "default"].flatMap((where) => [[`conf/${where}/rp_filter`, "0"], [`conf/${where}/send_redirects`, "1"], [`conf/${where}/accept_redirects`, "1"]] as const),
];

/** Makes what is missing. */
export function ensureNamespaces(places: GuestPlaces, ids: IdRange): void {
  if (isMountPoint(places.netns)) return;
  inNewNamespaces((pid) => {
    for (const map of ["uid_map", "gid_map"]) writeFileSync(`/proc/${pid}/${map}`, `0 ${ids.base} ${ids.size}`);
    keepNamespace(`/proc/${pid}/ns/net`, places.netns);
  });
  inNetns(places.netns, () => {
    for (const [name, value] of settings) writeFileSync(`/proc/sys/net/ipv4/${name}`, value);
    withoutIpv6();
    loopbackUp();
  });
}

/** Runs `fn` with the guest's user namespace open. */
export async function withUserNamespace<T>(places: GuestPlaces, fn: (userns: number) => Promise<T>): Promise<T> {
  const netns = openSync(places.netns, "r");
  let userns: number;
  try {
    userns = owningUserNamespace(netns);
  } finally {
    closeSync(netns);
  }
  try {
    return await fn(userns);
  } finally {
    closeSync(userns);
  }
}

export function removeNamespaces(places: GuestPlaces): void {
  unmountAt(places.netns);
  rmSync(places.netns, { force: true });
}
