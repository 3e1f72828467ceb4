// Owns what of a box begins before the rest of its programs is loaded, because others work at it meanwhile: the kernel looks at the
// datapath's program, openssl(1) makes certificates. Before both the state is locked: nothing is begun for a box that may not start.

import { join } from "node:path";
import type { DaemonOptions } from "./daemon-options.ts";
import { openDatapathAside, type Datapath } from "./datapath/loader.ts";
import { ensureAuthority, type Authority } from "./internet/authority.ts";
import { regions } from "./model/regions.ts";
import { Store } from "./store/store.ts";

export interface EarlyParts {
  readonly store: Store;
  readonly pinDir: string;
  /** Not in a box that is only taken down. */
  readonly datapath: Promise<Datapath> | undefined;
  readonly authority: Promise<Authority> | undefined;
}

export function beginEarlyParts(options: DaemonOptions): EarlyParts {
  const store = openStore(options), pinDir = join("/sys/fs/bpf/vpcbox", options.box);
  if (options.cleanup) return { store, pinDir, datapath: undefined, authority: undefined };
  const datapath = openDatapathAside(pinDir, options.timeScale), authority = ensureAuthority(options.stateDir, options.box, regions.map((region) => region.name));
  for (const part of [datapath, authority]) part.catch(() => undefined); // whoever waits for it hears of it
  return { store, pinDir, datapath, authority };
}

function openStore(options: DaemonOptions): Store {
  try {
    return new Store(options.stateDir);
  } catch (error) {
    if (/locked/.test((error as Error).message)) throw new Error(`another vpcbox uses ${options.stateDir}; end it with: vpcbox --box ${options.box} down`);
    throw error;
  }
}
