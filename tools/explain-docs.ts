// Owns docs/explain.md: each code of the analyzer with a network that yields it, made by running them. `npm run explain-docs` writes it.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { readNetwork } from "../src/model/network.ts";
import { analyze } from "../src/reach/analyze.ts";
import { componentFilters } from "../src/reach/filters.ts";
import type { Guest } from "../src/reach/guest.ts";
import { absentGuest, readGuest } from "../src/reach/guest-walk.ts";
import { ownInterfaces } from "../src/reach/own-interfaces.ts";
import type { Answer, Endpoint, Explanation, Question } from "../src/reach/question.ts";
import { text } from "../src/reach/texts.ts";
import { explainedNetworks, natFacts, privateFacts, type Explained } from "../test/support/explained-networks.ts";
import { guideRecords, simpleGuests } from "../test/support/reach-network.ts";

export const explainFile = join(new URL("..", import.meta.url).pathname, "docs/explain.md");

export function answerOf({ change, question, facts, must, mustNot }: Omit<Explained, "code">): { readonly question: Question; readonly answer: Answer } {
  const records = guideRecords();
  change?.(records);
  const known = { "i-nat": { ...natFacts, ...facts?.nat }, "i-private": { ...privateFacts, ...facts?.private } };
  const others = simpleGuests(records);
  const guests = (id: string): Guest | undefined => {
    const state = records.get("instance", id).state;
    if (state === "pending") return absentGuest(id, state);
    return id in known ? readGuest(known[id as keyof typeof known], ownInterfaces(records.snapshot, id)) : others(id);
  };
  const asked: Question = { source: { kind: "interface", id: "eni-private" }, destination: { kind: "address", address: "192.0.2.80" }, protocol: "icmp", ...question };
  const answer = analyze(readNetwork(records.snapshot), asked, guests);
  const filtered = componentFilters(answer.forward, must ?? [], mustNot ?? []).map(({ code, id }): Explanation => {
    const what = code === "COMPONENT_FILTER_RESTRICTION" ? text(`the way does not meet ${id}`, `経路は ${id} を通りません`) : text(`the way meets ${id}`, `経路は ${id} を通ります`);
    return { code, direction: "forward", component: { kind: "interface", id }, flow: "egress", message: what, mend: "" };
  });
  return { question: asked, answer: { ...answer, reachable: answer.reachable && filtered.length === 0, explanations: [...answer.explanations, ...filtered] } };
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

${explainedNetworks.filter(own).map(section).join("\n")}
## AWS's codes that are never said

- \`FILTER_AT_SOURCE_SOURCE_ADDRESS\`, \`FILTER_AT_SOURCE_SOURCE_PORT_RANGE\`, \`FILTER_AT_SOURCE_DESTINATION_PORT_RANGE\`, \`FILTER_AT_*_PROTOCOL\`: the packet
  is sent as the filter at the source asks, and no protocol changes on the way.
- \`IGW_NAT_REFLECTION\`, \`IGW_DESTINATION_ADDRESS_IN_VPC_CIDRS\`: a private destination at the gateway is \`IGW_DESTINATION_ADDRESS_NOT_IN_RFC1918_EGRESS\`, this VPC's or not.
- \`HIGHER_PRIORITY_ROUTE\`: a destination stands once in a table, for no route is propagated.
- \`ELB*\`, \`TGW_*\`, \`VGW_*\`, \`VPCE_*\`, \`FIREWALL_*\`, \`GWLB_*\`, \`TARGET_*\`, \`REGIONAL_NGW_*\`, \`VPC_BLOCK_PUBLIC_ACCESS_ENABLED\`: of things that vpcbox does not have.
`;
}

if (import.meta.main) writeFileSync(explainFile, explainDocs());
