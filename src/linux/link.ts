// Owns links: veth pairs between namespaces, made in one `ip -batch` per namespace, and reading them without a process.

import { run } from "./exec.ts";
import { interfaceIndexes } from "./libc.ts";
import { inNetns } from "./netns.ts";

/** Links of a namespace: name -> index. */
export const readLinks = (netnsPath: string): Map<string, number> => inNetns(netnsPath, interfaceIndexes);

/** `ip -batch` inside a namespace (`ip -n` takes names only, not paths); stops at the first line that fails. */
export async function ipBatch(netnsPath: string, lines: readonly string[], force = false): Promise<void> {
  if (lines.length > 0) await run(["ip", ...(force ? ["-force"] : []), "-batch", "-"], { input: `${lines.join("\n")}\n`, around: (spawn) => inNetns(netnsPath, spawn) });
}

export interface VethPair {
  readonly outer: string; // in `outerNetns`
  readonly inner: string; // in `innerNetns`
  readonly innerNetns: string;
  readonly innerMac: string;
  readonly mtu: number;
  /** "10.0.0.10/24" each. */
  readonly addresses: readonly string[];
  /** Arguments of `ip route add`, in order. */
  readonly routes: readonly string[];
  /** Arguments of `ip rule add`. */
  readonly rules?: readonly string[];
}

export async function addVethPairs(outerNetns: string, pairs: readonly VethPair[]): Promise<void> {
  await ipBatch(outerNetns, pairs.flatMap((p) => [
    `link add name ${p.outer} mtu ${p.mtu} type veth peer name ${p.inner} netns ${p.innerNetns} address ${p.innerMac} mtu ${p.mtu}`,
    `link set ${p.outer} up`,
  ]));
  await Promise.all(pairs.map((p) => ipBatch(p.innerNetns, [
    ...p.addresses.map((a) => `addr add ${a} dev ${p.inner}`),
    `link set ${p.inner} up`,
    ...p.routes.map((r) => `route add ${r}`),
    ...(p.rules ?? []).map((r) => `rule add ${r}`),
  ])));
}

/** Links that are not there any more are no error. */
export async function deleteLinks(netnsPath: string, names: readonly string[]): Promise<void> {
  const there = readLinks(netnsPath);
  await ipBatch(netnsPath, names.filter((n) => there.has(n)).map((n) => `link del ${n}`), true).catch((error: Error) => {
    const left = readLinks(netnsPath);
    if (names.some((n) => left.has(n))) throw error; // it went by itself with its namespace: fine
  });
}
