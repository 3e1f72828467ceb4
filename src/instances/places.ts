// Owns where guests and images are kept. Under RUN (gone with a reboot): namespaces, mounts, bundles, runc's own state. Under STATE
// (mode 0700, for file owners in it are the guests' own ids, not this machine's): disks, consoles, layers.

import { join } from "node:path";

export interface Places { readonly runDir: string; readonly stateDir: string; readonly guestUsr: string; readonly authority: string | undefined }

export const guestsRun = (p: Places): string => join(p.runDir, "guests");
export const guestsState = (p: Places): string => join(p.stateDir, "guests");
export const layersDir = (p: Places): string => join(p.stateDir, "layers");
export const runcRoot = (p: Places): string => join(p.runDir, "runc");

export interface GuestPlaces {
  readonly run: string;
  readonly netns: string;
  readonly root: string; // where its root is mounted
  readonly views: string; // id-mapped views, mounted only while the root is put together
  readonly seed: string; // what its init finds in /run/vpcbox
  readonly record: string; // the boot that was begun
  readonly frozen: string; // there while a capture holds the guest
  readonly disk: string;
  readonly image: string; // the file system that is mounted there
  readonly console: string;
}

export function guestPlaces(p: Places, instanceId: string): GuestPlaces {
  const run = join(guestsRun(p), instanceId);
  const state = join(guestsState(p), instanceId);
  return {
    run, netns: join(run, "net"), root: join(run, "root"), views: join(run, "v"), seed: join(run, "seed"), record: join(run, "guest.json"),
    frozen: join(run, "frozen"), disk: join(state, "disk"), image: join(state, "disk.img"), console: join(state, "console.log"),
  };
}
