// Owns one analysis from the record to its result: the question, the analyzer's answer, the filters on what the way must or must not
// meet, and all of it as EC2 shows it.

import type * as ec2 from "@aws-sdk/client-ec2";
import type { InsightsResult, NetworkInsightsAnalysis, NetworkInsightsPath } from "../../model/records.ts";
import { must } from "../../lib/assert.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import { componentFilters } from "../../reach/filters.ts";
import type { Answer, ComponentRef, PathComponent, Question } from "../../reach/question.ts";
import { parseEc2Arn, type Owner } from "../arn.ts";
import { endpointKindOf } from "../network-insights-path/endpoint-id.ts";
import { componentViews, type ComponentViews } from "./components.ts";
import { explanationView } from "./explanations.ts";
import { pathComponentViews } from "./path-components.ts";
import { questionOf } from "./path-question.ts";

/** problems: what could not be looked at, in words. */
export type Ask = (snapshot: Snapshot, question: Question) => Promise<{ readonly answer: Answer; readonly problems: readonly string[] }>;
export interface AnalyzedPath { readonly result: InsightsResult; readonly warning?: string | undefined }

export async function analyzePath(snapshot: Snapshot, owner: Owner, analysis: NetworkInsightsAnalysis, ask: Ask): Promise<AnalyzedPath> {
  const path = must(snapshot.get("network-insights-path", analysis.pathId), "an analysis has its path");
  const views = componentViews(snapshot, owner);
  const asked = questionOf(snapshot, path);
  if ("missing" in asked) return { result: { ...noPath, explanations: [{ ExplanationCode: asked.missing.code, Component: views.component(asked.missing.component) } satisfies ec2.Explanation] } };
  const { answer, problems } = await ask(snapshot, asked.question);
  const filtered = answer.reachable ? filterExplanations(analysis, answer.forward) : [];
  const instanceOf = (id: string | undefined): string | undefined => (id !== undefined && endpointKindOf(id) === "instance" ? id : undefined);
  const ends = { from: instanceOf(path.source), to: instanceOf(path.destination) };
  const result: InsightsResult = {
    pathFound: answer.reachable && filtered.length === 0,
    forward: filtered.length > 0 ? [] : pathComponentViews(views, answer.forward, ends),
    return: filtered.length > 0 ? [] : pathComponentViews(views, answer.return, { from: ends.to, to: ends.from }),
    explanations: [...answer.explanations.map((cause) => explanationView(views, cause, destinationOf(path))), ...filtered],
    hints: throughGuests(views, answer.forward),
  };
  return { result, warning: problems.length === 0 ? undefined : problems.join("; ") };
}

const destinationOf = ({ destination }: NetworkInsightsPath): ComponentRef | undefined => (destination === undefined ? undefined : { kind: endpointComponents[endpointKindOf(destination)], id: destination });
const endpointComponents = { "instance": "instance", "network-interface": "interface", "internet-gateway": "internet-gateway", "vpc-peering-connection": "peering" } as const;

const noPath: InsightsResult = { pathFound: false, forward: [], return: [], explanations: [], hints: [] };

function filterExplanations({ filterInArns, filterOutArns }: NetworkInsightsAnalysis, forward: readonly PathComponent[]): ec2.Explanation[] {
  const arns = new Map([...filterInArns, ...filterOutArns].map((arn) => [must(parseEc2Arn(arn), arn).id, arn]));
  const ids = (given: readonly string[]): string[] => given.map((arn) => must(parseEc2Arn(arn), arn).id);
  return componentFilters(forward, ids(filterInArns), ids(filterOutArns)).map(({ code, id }) => ({ ExplanationCode: code, Component: { Id: id, Arn: arns.get(id) } }));
}

/** Interfaces of instances that sent the packet on: a NAT instance, a firewall. */
function throughGuests(views: ComponentViews, forward: readonly PathComponent[]): ec2.AlternatePathHint[] {
  const instances = forward.map((c) => (c.component.kind === "guest" || c.component.kind === "instance" ? c.component.id : c.attachedTo?.id)).filter((id) => id !== undefined);
  const ends = [instances[0], instances.at(-1)];
  const startsInside = forward[0]?.component.kind !== "internet-gateway" && forward[0]?.component.kind !== "internet";
  const endsInside = forward.at(-1)?.component.kind !== "internet-gateway" && forward.at(-1)?.component.kind !== "internet";
  const between = forward.filter((c) => c.component.kind === "interface" && c.attachedTo !== undefined && !(startsInside && c.attachedTo.id === ends[0]) && !(endsInside && c.attachedTo.id === ends[1]));
  return [...new Set(between.map((c) => c.component.id))].map((id) => ({ ComponentId: id, ComponentArn: views.component({ kind: "interface", id }).Arn }));
}
