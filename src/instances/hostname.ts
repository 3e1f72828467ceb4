// Owns which name a guest boots with: the one its administrator set (hostnamectl writes /etc/hostname), else the instance's.

import { join } from "node:path";
import { realDirectory } from "./layers.ts";
import { firstWord } from "./orderly-end.ts";
import type { GuestPlaces } from "./places.ts";

/** undefined when nobody set one. The disk is the guest's: nothing in it is followed or waited for. */
export function chosenHostname(guest: GuestPlaces): string | undefined {
  const etc = realDirectory(join(guest.disk, "root", "upper"), "etc", "vpcbox");
  if (etc === undefined) return undefined;
  const text = firstWord(join(etc, "static-hostname"));
  return text !== undefined && /^[A-Za-z0-9]([A-Za-z0-9.-]{0,62})$/.test(text) ? text : undefined;
}
