// Owns loop devices (loop(4)): a file as a block device, until its last user is gone. A file never has two: what is written through the
// one the other would not see.

import { closeSync, openSync, readFileSync, readdirSync, realpathSync } from "node:fs";
import { configureLoop, EBUSY, freeLoop, SystemError } from "./libc.ts";

const TRIES = 50; // others take free ones, too

let attached: Map<string, string> | undefined; // file -> device's name. Read once, kept since: nobody else attaches a box's files

/** Runs `fn` with the device of a file; it stays for whoever has it open or mounted then. */
export async function withLoopDevice<T>(file: string, fn: (device: string) => Promise<T>): Promise<T> {
  const real = realpathSync(file);
  const { fd, name } = openAttached(real) ?? attach(real);
  try {
    return await fn(`/dev/${name}`);
  } finally {
    closeSync(fd);
  }
}

/** Whether somebody uses the file by a loop device. */
export function hasLoopDevice(file: string): boolean {
  const device = openAttached(realpathSync(file));
  if (device) closeSync(device.fd);
  return device !== undefined;
}

interface Device { readonly fd: number; readonly name: string }

function openAttached(file: string): Device | undefined {
  attached ??= new Map(readdirSync("/sys/block").filter((name) => name.startsWith("loop")).flatMap((name) => { const behind = fileBehind(name); return behind === undefined ? [] : [[behind, name] as const]; }));
  const name = attached.get(file);
  if (name === undefined || fileBehind(name) !== file) return undefined;
  const fd = openSync(`/dev/${name}`, "r+");
  if (fileBehind(name) === file) return { fd, name };
  closeSync(fd); // it went just now
  return undefined;
}

function fileBehind(name: string): string | undefined {
  try {
    return readFileSync(`/sys/block/${name}/loop/backing_file`, "utf8").replace(/\n$/, "");
  } catch {
    return undefined; // it has none
  }
}

function attach(file: string): Device {
  const source = openSync(file, "r+"), control = openSync("/dev/loop-control", "r+");
  try {
    for (let tries = 1; ; tries++) {
      const name = `loop${freeLoop(control)}`, fd = openSync(`/dev/${name}`, "r+");
      try {
        configureLoop(fd, source, file);
        attached!.set(file, name);
        return { fd, name };
      } catch (error) {
        closeSync(fd);
        if (tries >= TRIES || !(error instanceof SystemError) || error.errno !== EBUSY) throw error;
      }
    }
  } finally {
    closeSync(source);
    closeSync(control);
  }
}
