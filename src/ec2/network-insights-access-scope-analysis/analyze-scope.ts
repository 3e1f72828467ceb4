// Owns the analysis of an access scope from the record to its findings: its paths read, the search (src/reach/access-scope.ts) a little at
// a time, what it finds as EC2 shows it.

import type * as ec2 from "@aws-sdk/client-ec2";
import { must } from "../../lib/assert.ts";
import { canonical, parseCidr, parseIp, type Cidr } from "../../lib/ip.ts";
import { prefixListBlocks } from "../../model/prefix-lists.ts";
import type { NetworkInsightsAccessScopeAnalysis } from "../../model/records.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import type { PathComponent } from "../../reach/question.ts";
import type { HeaderStatement, ResourceStatement, Scope, ScopePath } from "../../reach/scope.ts";
import type { Owner } from "../arn.ts";
import { idOfResource, readPortRange } from "../network-insights-access-scope/scope-paths.ts";
import { componentViews } from "../network-insights-analysis/components.ts";
import { pathComponentViews } from "../network-insights-analysis/path-components.ts";

const MOST_FINDINGS = 1000;
const STEPS_AT_ONCE = 100;

/** What the search gives: a way, or undefined after each pair of ends. */
export type Search = (scope: Scope) => Iterable<readonly PathComponent[] | undefined>;

/** @param rest lets the daemon do other things */
export async function analyzeScope(snapshot: Snapshot, owner: Owner, analysis: NetworkInsightsAccessScopeAnalysis, search: Search, rest: () => Promise<void>): Promise<{ findings: object[][]; warning?: string | undefined }> {
  const record = must(snapshot.get("network-insights-access-scope", analysis.scopeId), "an analysis has its scope");
  const scope: Scope = { match: record.matchPaths.map((path) => readPath(snapshot, path)), exclude: record.excludePaths.map((path) => readPath(snapshot, path)) };
  const views = componentViews(snapshot, owner);
  const findings: object[][] = [];
  let steps = 0;
  for (const way of search(scope)) {
    if (way && findings.length === MOST_FINDINGS) return { findings, warning: `There are more than ${MOST_FINDINGS} findings; the first ${MOST_FINDINGS} are shown.` };
    if (way) findings.push(pathComponentViews(views, way));
    if (++steps % STEPS_AT_ONCE === 0 || way) await rest();
  }
  return { findings };
}

function readPath(snapshot: Snapshot, path: ec2.AccessScopePathRequest): ScopePath {
  const end = (statement: ec2.PathStatementRequest | undefined): ScopePath["source"] => statement && {
    resources: statement.ResourceStatement && readResources(statement.ResourceStatement),
    header: statement.PacketHeaderStatement && readHeader(snapshot, statement.PacketHeaderStatement),
  };
  return { source: end(path.Source), destination: end(path.Destination), through: (path.ThroughResources ?? []).map((through) => readResources(through.ResourceStatement ?? {})) };
}

const readResources = ({ Resources = [], ResourceTypes = [] }: ec2.ResourceStatementRequest): ResourceStatement => ({ ids: new Set(Resources.map(idOfResource)), types: new Set(ResourceTypes) });

function readHeader(snapshot: Snapshot, header: ec2.PacketHeaderStatementRequest): HeaderStatement {
  const blocks = (addresses: readonly string[] = [], lists: readonly string[] = []): Cidr[] | undefined => (addresses.length + lists.length === 0 ? undefined : [...addresses.map(blockOf), ...lists.flatMap((list) => prefixListBlocks(snapshot, idOfResource(list)))]);
  const ranges = (texts: readonly string[] = []): HeaderStatement["sourcePorts"] => (texts.length === 0 ? undefined : texts.map((text) => must(readPortRange(text), "it was checked when the scope was made")));
  return {
    protocols: (header.Protocols ?? []).length === 0 ? undefined : header.Protocols!.map((protocol) => protocol.toLowerCase() as "tcp" | "udp"),
    sources: blocks(header.SourceAddresses, header.SourcePrefixLists), destinations: blocks(header.DestinationAddresses, header.DestinationPrefixLists),
    sourcePorts: ranges(header.SourcePorts), destinationPorts: ranges(header.DestinationPorts),
  };
}

const blockOf = (text: string): Cidr => canonical(parseCidr(text) ?? { address: must(parseIp(text), "it was checked when the scope was made"), prefixLength: 32 });
