// Owns docs/explain.md: each code of the analyzer with a network that yields it, made by running them. `npm run explain-docs` writes it.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { readNetwork } from "../src/model/network.ts";
import { analyze } from "../src/reach/analyze.ts";
import { readGuest } from "../src/reach/guest-walk.ts";
import type { Answer, Endpoint, Question } from "../src/reach/question.ts";
import { explainedNetworks, natFacts, privateFacts, type Explained } from "../test/support/explained-networks.ts";
import { guideRecords, simpleGuests } from "../test/support/reach-network.ts";

export const explainFile = join(new URL("..", import.meta.url).pathname, "docs/explain.md");

export function answerOf({ change, question, facts }: Explained): { readonly question: Question; readonly answer: Answer } {
  const records = guideRecords();
  change?.(records);
  const guests = { "i-nat": readGuest({ ...natFacts, ...facts?.nat }), "i-private": readGuest({ ...privateFacts, ...facts?.private }) };
  const others = simpleGuests(records);
  const asked: Question = { source: { kind: "interface", id: "eni-private" }, destination: { kind: "address", address: "192.0.2.80" }, protocol: "icmp", ...question };
  return { question: asked, answer: analyze(readNetwork(records.snapshot), asked, (id) => (id === "i-nat" || id === "i-private" ? guests[id] : others(id))) };
}

const name = (end: Endpoint | undefined): string => (end === undefined ? "anywhere" : end.kind === "address" ? end.address : end.id);

function section(one: Explained): string {
  const { question, answer } = answerOf(one);
  const port = question.port === undefined ? "" : ` ${question.port}`;
  const causes = answer.explanations.flatMap(({ code, direction, message, mend }) => [
    `${code}${direction === "return" ? " (on the way back)" : ""}: ${message.en}`, ...(mend === "" ? ["  no single command mends it"] : [`  mend it with: ${mend}`])]);
  return [`### ${one.code}`, "", `${one.otherwise[0]!.toUpperCase()}${one.otherwise.slice(1)}.`, "", "```", `${name(question.source)} -> ${name(question.destination)}, ${question.protocol}${port}`, ...causes, "```", ""].join("\n");
}

export function explainDocs(): string {
  const own = (one: Explained): boolean => one.code.startsWith("GUEST_");
  return `# Why it does not connect

*Made by \`npm run explain-docs\` out of running each network; do not edit.*

\`vpcbox explain --from INSTANCE --to NAME\` says hop by hop whether a packet gets there and its answer back; when not, every independent cause, and for
each the command that mends it. Codes are those of AWS's Reachability Analyzer; GUEST_* are vpcbox's own, for what AWS cannot see: the inside of an
instance. \`--probe\` sends the real packet beside it; [doctor](doctor.md) checks a whole NAT set-up; the [API](reachability-api.md) gives the same codes.

Every network below is the guide's: vpc-1 (10.0.0.0/16), igw-1; a public subnet with i-nat (10.0.0.10, 203.0.113.5, check off, group sg-nat, table
rtb-public); a private one with i-private (10.0.1.20, group sg-private, the main table rtb-main, whose default route leads to i-nat). The private instance
pings ietf.org (192.0.2.80) unless something else is asked. As it stands it is reachable; one thing is otherwise each time.

## AWS's codes

${explainedNetworks.filter((one) => !own(one)).map(section).join("\n")}
## Inside the guests

${explainedNetworks.filter(own).map(section).join("\n")}`;
}

if (import.meta.main) writeFileSync(explainFile, explainDocs());
