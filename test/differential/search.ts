// Owns the search for a difference: cases one after the other until enough packets agreed; the first that does not is made small,
// written down as a file of cases/ and told in words.

import fc from "fast-check";
import { writeFileSync } from "node:fs";
import { caseOf, casesDirectory, edited, type Case } from "./case.ts";
import type { NetworkSpec } from "./network-spec.ts";
import type { Difference, Program } from "./program.ts";
import { reduce } from "./reduce.ts";
import { recordsOf } from "./records-of.ts";

const PACKETS_A_CASE = 600, CASES_A_ROUND = 20;
export interface Found { readonly one: Case; readonly difference: Difference }

/** @returns the first difference within so many packets, made small when it is to be; undefined when there is none */
export function search(program: Program, packets: number, seed: number, options: { readonly reduceMs?: number; readonly progress?: (packets: number) => void } = {}): Found | undefined {
  return program.inside(() => {
    const end = program.packets + packets;
    for (let round = 0; program.packets < end; round++) {
      let found: Found | undefined;
      fc.check(fc.property(caseOf(PACKETS_A_CASE), (one) => {
        const difference = program.packets < end ? program.run(one) : undefined;
        if (difference) found = { one, difference };
        return difference === undefined;
      }), { numRuns: CASES_A_ROUND, seed: (seed + round) | 0, endOnFailure: true });
      if (found) return smaller(program, found, options.reduceMs ?? 20_000);
      options.progress?.(program.packets);
    }
    return undefined;
  });
}

function smaller(program: Program, found: Found, ms: number): Found {
  if (ms === 0) return found;
  const run = (one: Case): Difference | undefined => {
    try {
      return program.run(one);
    } catch {
      return undefined; // what became of it is no case
    }
  };
  const one = reduce(found.one, (candidate) => run(candidate) !== undefined, Date.now() + ms);
  return { one, difference: run(one) ?? found.difference };
}

/** Writes a case down: the next run replays it first. Answers the file. */
export function save(one: Case, seed: number): string {
  const file = new URL(`found-${seed}.json`, casesDirectory);
  writeFileSync(file, `${JSON.stringify(one, null, 1)}\n`);
  return file.pathname;
}

/** The network, its edits and its packets, in words. */
export function describe({ one, difference }: Found): string {
  const lines: string[] = [difference.what, `in phase ${difference.phase}, packet ${difference.packet}`, ...describeNetwork(one.network)];
  let spec: NetworkSpec = one.network;
  one.phases.forEach((phase, i) => {
    spec = phase.edits.reduce(edited, spec);
    lines.push(`phase ${i}: ${phase.edits.map((e) => `${e.kind} vpc ${e.vpc} ${e.n}`).join(", ") || "no edit"}, ${phase.ageSeconds} s later`);
    phase.packets.forEach((p, j) => lines.push(`  ${j}: ${JSON.stringify(p)}`));
  });
  return lines.join("\n");
}

function describeNetwork(spec: NetworkSpec): string[] {
  const { snapshot } = recordsOf(spec, 16);
  return [
    ...snapshot.list("vpc").map((v) => `${v.id} ${v.cidrAssociations.map((c) => c.cidrBlock).join(" ")}${v.enableDnsSupport ? "" : " without DNS"}`),
    ...snapshot.list("internet-gateway").filter((g) => g.vpcId).map((g) => `${g.id} attached to ${g.vpcId}`),
    ...snapshot.list("subnet").map((s) => `${s.id} ${s.cidrBlock}`),
    ...snapshot.list("network-interface").map((e) => `${e.id} in ${e.subnetId}: ${e.privateAddresses.map((p) => p.address + (p.publicIp ? `=${p.publicIp}` : "")).join(" ")} groups ${e.groupIds.join(" ")}${e.sourceDestCheck ? "" : " unchecked"} ${e.attachment ? snapshot.get("instance", e.attachment.instanceId)!.state : "detached"}`),
    ...snapshot.list("elastic-ip").map((a) => `${a.publicIp} = ${a.privateIp} of ${a.networkInterfaceId}`),
    ...snapshot.list("security-group").flatMap((g) => g.rules.map((r) => `${g.id} ${r.isEgress ? "out to" : "in from"} ${r.cidrIpv4 ?? r.referencedGroupId ?? r.prefixListId} ${r.protocol} ${r.fromPort}..${r.toPort}`)),
    ...snapshot.list("route-table").flatMap((t) => t.routes.filter((r) => r.target.kind !== "local").map((r) => `${t.id} (${t.associations.map((a) => a.subnetId ?? a.gatewayId ?? "main").join(" ")}) ${r.destination} -> ${JSON.stringify(r.target)}`)),
    ...snapshot.list("network-acl").filter((a) => !a.isDefault).flatMap((a) => a.entries.map((e) => `${a.id} (${a.associations.map((x) => x.subnetId).join(" ")}) ${e.ruleNumber} ${e.egress ? "out to" : "in from"} ${e.cidrBlock} ${e.protocol} ${e.fromPort ?? e.icmpType ?? ""}..${e.toPort ?? e.icmpCode ?? ""} ${e.action}`)),
    ...snapshot.list("prefix-list").map((l) => `${l.id} ${l.versions.at(-1)!.entries.map((e) => e.cidr).join(" ")}`),
    ...snapshot.list("vpc-peering-connection").map((p) => `${p.id} ${p.requester.vpcId} ${p.accepter.vpcId} ${p.status}`),
  ];
}
