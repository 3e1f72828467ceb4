// Owns guests from their first namespace to their last file (guest.ts says what is asked of them). Every step looks at what is there
// first: a daemon killed between any two of them goes on from there.

import { appendFileSync, chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { dirname, join } from "node:path";
import { assert } from "../lib/assert.ts";
import { log } from "../lib/log.ts";
import { unmountUnder } from "../linux/mount.ts";
import { ProcessWatch, signal, waitForEnd, type ProcessIdentity } from "../linux/process.ts";
import { buildBaseImages } from "./base-images.ts";
import { writeBundle, searchPath } from "./bundle.ts";
import { holdControllers } from "./controllers.ts";
import { deleteContainer, pause, resume, runningInit, startContainer } from "./container.ts";
import { closeDisk, cutDisk, ensureDisk, mountRoot, openDisk, unmountRoot } from "./disk.ts";
import { DiskGuard } from "./disk-guard.ts";
import { readGuestFacts, type GuestFacts } from "./guest-facts.ts";
import type { GuestRead, Guests, GuestSpec } from "./guest.ts";
import { chosenHostname } from "./hostname.ts";
import { idRange, type IdRange } from "./id-range.ts";
import { importLayer, isStandalone } from "./import-layer.ts";
import { captureLayer, keepLayers, layerDirectories, recordedLayers, removeLayer } from "./layers.ts";
import { ensureNamespaces, removeNamespaces, withUserNamespace } from "./namespaces.ts";
import { endOf } from "./orderly-end.ts";
import { guestPlaces, guestsRun, guestsState, layersDir, runcRoot, type GuestPlaces, type Places } from "./places.ts";
import { writeSeed } from "./seed.ts";

export interface GuestsOptions {
  readonly box: string;
  readonly runDir: string;
  readonly stateDir: string;
  /** Programs for guests that this machine need not have (tools/guest-packages.sh). */
  readonly guestUsr?: string;
  /** A certificate that guests trust besides this machine's (PEM). */
  authority?(): string | undefined;
}
export interface RuncGuests extends Guests {
  /** Builds the base images that are missing or of another version. */
  ensureBaseImages(): Promise<void>;
  /** Programs for guests that this machine need not have. */
  readonly guestUsr: string;
  /** What decides over packets inside a running guest, as it is now. */
  facts(instanceId: string): Promise<GuestFacts>;
  /** Ends the watch over guests' processes; the guests go on. */
  close(): void;
}

const STOP_MS = 2000, KILL_MS = 5000, WATCH_MS = 200, CONSOLE_OUTPUT_BYTES = 65536;

interface BootRecord { readonly bootNumber: number; readonly index: number; readonly layers: readonly string[] }

export function openGuests(options: GuestsOptions): RuncGuests {
  const places: Places = { runDir: options.runDir, stateDir: options.stateDir, guestUsr: options.guestUsr ?? "/var/lib/vpcbox/guest-usr", get authority() { return options.authority?.(); } };
  const watched = new ProcessWatch();
  const guard = new DiskGuard(places.stateDir), cut = new Set<string>();
  const captures = new Set<string>();
  const importing = new Set<string>(); // no record has them yet
  const listeners: ((instanceId: string) => void)[] = [];
  let timer: NodeJS.Timeout | undefined;

  process.umask(0o022); // modes inside guests are what is written here, whatever the administrator's shell was set to
  for (const directory of [guestsState(places), layersDir(places)]) mkdirSync(directory, { recursive: true, mode: 0o700 });
  for (const directory of [guestsRun(places), runcRoot(places)]) mkdirSync(directory, { recursive: true, mode: 0o711 });
  for (const directory of [dirname(places.runDir), places.runDir]) chmodSync(directory, statSync(directory).mode | 0o111); // a guest's root passes through to its own

  const idsOf = (index: number): IdRange => idRange(options.box, index);
  const placesOf = (instanceId: string): GuestPlaces => {
    assert(/^i-[0-9a-f]+$/.test(instanceId), `${instanceId} is an instance's id`);
    return guestPlaces(places, instanceId);
  };

  const switchOff = async (instanceId: string): Promise<void> => {
    const guest = placesOf(instanceId), init = runningInit(places, instanceId);
    if (init === undefined || cut.has(instanceId)) return;
    cut.add(instanceId);
    log("error", "little of this machine's disk is left: an instance that was filling it is ended", { instance: instanceId });
    await cutDisk(guest).catch((error: Error) => log("error", "its disk could not be cut off", { instance: instanceId, error: error.message })); // or what it wrote to its memory would follow
    signal(init, "SIGKILL");
    appendFileSync(guest.console, "\nvpcbox: little of this machine's disk is left; the instance was filling it and was switched off\n");
  };

  // A process that is not our child tells nobody of its end: look, cheaply.
  const look = (): void => {
    for (const id of watched.takeEnded()) {
      cut.delete(id);
      for (const listener of listeners) listener(id);
    }
    for (const id of guard.look(watched.names, (instanceId) => placesOf(instanceId).image)) void switchOff(id).catch((error: Error) => log("error", "it could not be ended", { instance: id, error: error.message }));
    if (watched.size === 0) { clearInterval(timer); timer = undefined; }
  };
  const watch = (id: string, init: ProcessIdentity): void => {
    watched.add(id, init);
    timer ??= setInterval(look, WATCH_MS).unref();
  };

  const thaw = async (id: string, guest: GuestPlaces): Promise<void> => {
    if (!existsSync(guest.frozen) || captures.has(id)) return;
    await resume(places, id).catch(() => undefined); // it was marked and not frozen yet, or has ended
    rmSync(guest.frozen, { force: true });
  };

  const folders = [guestsRun(places), guestsState(places), runcRoot(places)];
  const all = (): readonly string[] => [...new Set(folders.flatMap(entries).filter((name) => /^i-[0-9a-f]+$/.test(name)))];
  const read = async (ids = all()): Promise<readonly GuestRead[]> => {
    const there = ids.filter((id) => folders.some((folder) => existsSync(join(folder, id))));
    return Promise.all(there.map(async (instanceId): Promise<GuestRead> => {
      const guest = placesOf(instanceId);
      await thaw(instanceId, guest);
      const init = runningInit(places, instanceId);
      if (init !== undefined) watch(instanceId, init);
      const bootNumber = readRecord(guest)?.bootNumber ?? 0;
      return { instanceId, status: init === undefined ? "stopped" : "running", bootNumber, pid: init?.pid ?? 0 };
    }));
  };

  const prepare = async (spec: GuestSpec): Promise<string> => {
    const guest = placesOf(spec.instanceId);
    mkdirSync(guest.run, { recursive: true, mode: 0o711 });
    ensureNamespaces(guest, idsOf(spec.index));
    return guest.netns;
  };

  const startGuest = async (spec: GuestSpec): Promise<void> => {
    const guest = placesOf(spec.instanceId);
    const ids = idsOf(spec.index);
    if (runningInit(places, spec.instanceId) !== undefined && readRecord(guest)?.bootNumber === spec.bootNumber) return;
    await deleteContainer(places, spec.instanceId); // of a start that was cut short
    await ensureDisk(guest, spec.diskGiB);
    const layers = layerDirectories(places, spec.layers);
    holdControllers(options.box);
    await withUserNamespace(guest, async (userns) => {
      mountRoot(places, guest, userns, ids, layers);
      const asked = await writeSeed(spec, guest, ids);
      writeBundle(options.box, spec, guest, userns, ids, chosenHostname(guest) ?? asked ?? spec.hostname, isStandalone(places, spec.layers[0] ?? "") && !spec.layers.includes("boot") ? "/sbin/init" : "/usr/sbin/init");
      const record: BootRecord = { bootNumber: spec.bootNumber, index: spec.index, layers: spec.layers };
      writeFileSync(guest.record, JSON.stringify(record));
      recordedLayers.write(guest, spec.layers);
      watch(spec.instanceId, await startContainer(places, guest, spec.instanceId));
    });
    unmountRoot(guest); // it has its own view; runc copies and reads every mount of this machine for each guest that starts
    await closeDisk(guest); // its root holds it
  };

  const stop = async (instanceId: string): Promise<void> => {
    const guest = placesOf(instanceId);
    watched.remove(instanceId);
    cut.delete(instanceId);
    await thaw(instanceId, guest);
    const init = runningInit(places, instanceId);
    if (init !== undefined) {
      signal(init, "SIGTERM");
      if (!(await waitForEnd(init, STOP_MS))) {
        signal(init, "SIGKILL");
        if (!(await waitForEnd(init, KILL_MS))) throw new Error(`process ${init.pid} of ${instanceId} does not end`);
      }
    }
    await deleteContainer(places, instanceId);
    removeNamespaces(guest);
    unmountRoot(guest);
    await closeDisk(guest);
    unmountUnder(guest.run); // whatever else there is: the next line would empty it
    rmSync(guest.run, { recursive: true, force: true });
  };

  const remove = async (instanceId: string): Promise<void> => {
    await stop(instanceId);
    rmSync(join(guestsState(places), instanceId), { recursive: true, force: true });
  };

  const capture = async (instanceId: string, layerName: string): Promise<readonly string[]> => {
    const guest = placesOf(instanceId);
    if (captures.has(instanceId)) throw new Error(`${instanceId} is being captured`);
    captures.add(instanceId);
    const running = runningInit(places, instanceId) !== undefined;
    try {
      await openDisk(guest);
      if (running) {
        writeFileSync(guest.frozen, "");
        await pause(places, instanceId); // one moment's disk, and nobody moves a path under our feet
      }
      return await captureLayer(places, guest, layerName, running);
    } finally {
      captures.delete(instanceId);
      await thaw(instanceId, guest);
      await closeDisk(guest);
    }
  };

  const consoleOutput = async (instanceId: string): Promise<{ text: string; at: Date } | undefined> => {
    const path = placesOf(instanceId).console;
    if (!existsSync(path)) return undefined;
    const file = await open(path, "r");
    try {
      const { size, mtime } = await file.stat();
      const length = Math.min(size, CONSOLE_OUTPUT_BYTES);
      const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, size - length);
      return { text: buffer.subarray(0, bytesRead).toString("utf8"), at: mtime };
    } finally {
      await file.close();
    }
  };

  const execArgv = (instanceId: string, user: string, tty: boolean, command: readonly string[]): readonly string[] => {
    const guest = placesOf(instanceId);
    const [first = "", ...over] = readRecord(guest)?.layers ?? [];
    const own = isStandalone(places, first) && !over.includes("boot"); // a system with nothing of vpcbox in it
    const asUser = !own ? ["/usr/libexec/vpcbox/as-user", user] : user === "root" ? [] : ["su", user, "-s", "/bin/sh", "-c", "exec \"$@\"", "sh"];
    return ["runc", "--root", runcRoot(places), "exec", ...(tty ? ["--tty"] : []), "--cwd", "/", "--env", `PATH=${searchPath}`, "--env", `TERM=${process.env.TERM ?? "xterm"}`,
      instanceId, ...asUser, ...command];
  };

  return {
    ids: all, read, prepare, start: startGuest, stop, remove, capture, consoleOutput, execArgv,
    removeLayer: async (layerName) => { importing.delete(layerName); removeLayer(places, layerName); },
    importLayer: async (layerName, file) => {
      importing.add(layerName);
      return importLayer(places, layerName, file);
    },
    keepLayers: async (used) => {
      for (const name of importing) if (used.has(name)) importing.delete(name);
      keepLayers(places, new Set([...used, ...importing]));
    },
    endOf: async (instanceId) => {
      const guest = placesOf(instanceId);
      await openDisk(guest); // until it is stopped
      return endOf(places, guest, readRecord(guest)?.layers ?? []);
    },
    onExit: (listener) => { listeners.push(listener); },
    guestUsr: places.guestUsr,
    facts: (instanceId) => readGuestFacts(instanceId, placesOf(instanceId).netns, places.guestUsr),
    ensureBaseImages: async () => {
      const inUse = (await read()).some((guest) => guest.status === "running");
      await buildBaseImages(places, inUse);
    },
    close: () => { clearInterval(timer); timer = undefined; watched.close(); },
  };
}

function readRecord(guest: GuestPlaces): BootRecord | undefined {
  try {
    return JSON.parse(readFileSync(guest.record, "utf8")) as BootRecord;
  } catch {
    return undefined; // not there, or cut short by a kill: that boot did not get further
  }
}

const entries = (directory: string): string[] => (existsSync(directory) && statSync(directory).isDirectory() ? readdirSync(directory) : []);
