// Owns a guest's user and network namespace: the network one is made inside the user one, so that the guest's root may do
// anything to it (user_namespaces(7)), and both are held by files.

import { rmSync, writeFileSync } from "node:fs";
import { loopbackUp } from "../linux/libc.ts";
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
  if (isMountPoint(places.userns) && isMountPoint(places.netns)) return;
  unmountAt(places.netns, places.userns); // half of a pair
  inNewNamespaces((pid) => {
    for (const map of ["uid_map", "gid_map"]) writeFileSync(`/proc/${pid}/${map}`, `0 ${ids.base} ${ids.size}`);
    keepNamespace(`/proc/${pid}/ns/user`, places.userns);
    keepNamespace(`/proc/${pid}/ns/net`, places.netns);
  });
  inNetns(places.netns, () => {
    for (const [name, value] of settings) writeFileSync(`/proc/sys/net/ipv4/${name}`, value);
    withoutIpv6();
    loopbackUp();
  });
}

export function removeNamespaces(places: GuestPlaces): void {
  unmountAt(places.netns, places.userns);
  for (const path of [places.netns, places.userns]) rmSync(path, { force: true });
}
