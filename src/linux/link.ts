// Owns links: veth pairs between namespaces, and reading them, without a program (netlink.ts); `ip` for what is set up once.

import { closeSync, openSync } from "node:fs";
import { run } from "./exec.ts";
import { interfaceIndex, interfaceIndexes, SystemError } from "./libc.ts";
import { withRouteRequests, type LinkRoute, type SourceRule } from "./netlink.ts";
import { inNetns } from "./netns.ts";

/** Links of a namespace: name -> index. */
export const readLinks = (netnsPath: string): Map<string, number> => inNetns(netnsPath, interfaceIndexes);

/** `ip -batch` inside a namespace (`ip -n` takes names only, not paths); stops at the first line that fails. */
export async function ipBatch(netnsPath: string, lines: readonly string[]): Promise<void> {
  if (lines.length > 0) await run(["ip", "-batch", "-"], { input: `${lines.join("\n")}\n`, around: (spawn) => inNetns(netnsPath, spawn) });
}

export interface VethPair {
  readonly outer: string; // in `outerNetns`
  readonly inner: string; // in `innerNetns`
  readonly innerNetns: string;
  readonly innerMac: string;
  readonly innerAlias?: string; // another name of it (ip-link(8), altname)
  readonly mtu: number;
  /** "10.0.0.10/24" each; of the inner end, as what follows. */
  readonly addresses: readonly string[];
  readonly routes: readonly LinkRoute[];
  readonly rules?: readonly SourceRule[];
}

/** Answers the outer ends: name -> index. */
export function addVethPairs(outerNetns: string, pairs: readonly VethPair[]): ReadonlyMap<string, number> {
  const outerEnds = inNetns(outerNetns, () => withRouteRequests((outside) => new Map(pairs.map((pair) => {
    const innerNetns = openSync(pair.innerNetns, "r");
    try {
      outside.addVeth({ ...pair, innerNetns });
    } finally {
      closeSync(innerNetns);
    }
    return [pair.outer, there(pair.outer)] as const;
  }))));
  for (const { inner, innerAlias, innerNetns, addresses, routes, rules = [] } of pairs) inNetns(innerNetns, () => {
    const ifindex = there(inner);
    withRouteRequests((inside) => {
      if (innerAlias !== undefined) inside.addName(ifindex, innerAlias);
      for (const address of addresses) inside.addAddress(ifindex, address);
      inside.setUp(ifindex);
      for (const route of routes) inside.addRoute(ifindex, route);
      for (const rule of rules) inside.addRule(rule);
    });
  });
  return outerEnds;
}

/** A link that was just made; its guest's root may have removed it. */
function there(name: string): number {
  const ifindex = interfaceIndex(name);
  if (ifindex === undefined) throw new Error(`the link ${name} is gone`);
  return ifindex;
}

const ENODEV = 19;

/** Links that are not there any more are no error. */
export function deleteLinks(netnsPath: string, names: readonly string[]): void {
  if (names.length > 0) inNetns(netnsPath, () => withRouteRequests((requests) => {
    for (const ifindex of names.flatMap((name) => interfaceIndex(name) ?? [])) {
      try {
        requests.deleteLink(ifindex);
      } catch (error) {
        if (!(error instanceof SystemError) || error.errno !== ENODEV) throw error; // it went by itself with its namespace: fine
      }
    }
  }));
}
