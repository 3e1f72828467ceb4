// Owns the comparison of analysis and packets over random networks: the verdict, and that every fault put in is among the causes. A network
// that fails is told in words, with its seed.

import { readNetwork } from "../../src/model/network.ts";
import type { Snapshot } from "../../src/model/snapshot.ts";
import { analyze, analyzeAndMend } from "../../src/reach/analyze.ts";
import type { Answer } from "../../src/reach/question.ts";
import { draw, type Drawn, type Role } from "./drawn-network.ts";
import type { Stage } from "./stage.ts";

const UNANSWERED_MS = 40;
export interface Figures { mended: number; networks: number; reachable: number; unreachable: number; faults: number; readonly byWay: Map<string, number>; readonly byProtocol: Map<string, number>; readonly codes: Map<string, number>; readonly failures: string[] }

export async function compare(stage: Stage, networks: number, seed: number, progress: (figures: Figures) => void = () => undefined): Promise<Figures> {
  const figures: Figures = { mended: 0, networks: 0, reachable: 0, unreachable: 0, faults: 0, byWay: new Map(), byProtocol: new Map(), codes: new Map(), failures: [] };
  for (let i = 0; i < networks && figures.failures.length < 5; i++) {
    const drawn = draw(seed + i, 1000 + (i % 5000) * 100);
    const guests = await stage.put(drawn);
    const { answer, mended } = analyzeAndMend(readNetwork(drawn.records.snapshot), drawn.question, guests);
    const got = await stage.answered(drawn, answer.reachable, UNANSWERED_MS);
    figures.networks++;
    figures[got ? "reachable" : "unreachable"]++;
    count(figures.byWay, drawn.way);
    count(figures.byProtocol, `${drawn.question.protocol}, ${got ? "answered" : "not answered"}`);
    for (const { code } of answer.explanations) count(figures.codes, code);
    if (got !== answer.reachable) figures.failures.push(tell(drawn, answer, `the analysis says ${answer.reachable ? "reachable" : "not reachable"}, the packet was ${got ? "answered" : "not answered"}`));
    for (const { fault, code, component } of drawn.putIn) {
      figures.faults++;
      if (!answer.explanations.some((e) => e.code === code && e.component.id === component)) figures.failures.push(tell(drawn, answer, `${fault} was put in, and ${code} at ${component} is not among the causes`));
    }
    const whole = got || answer.reachable ? undefined : wholeAgain(drawn, answer, mended.snapshot);
    if (whole) {
      const again = analyze(readNetwork(whole.records.snapshot), whole.question, await stage.put(whole)), answered = await stage.answered(whole, again.reachable, UNANSWERED_MS);
      figures.mended++;
      if (!again.reachable || !answered) figures.failures.push(tell(drawn, answer, `all of it mended as was said, the analysis says ${again.reachable ? "reachable" : `not reachable (${again.explanations.map((e) => e.code).join(", ")})`}, the packet was ${answered ? "answered" : "not answered"}`));
    }
    progress(figures);
  }
  await new Promise((resolve) => setTimeout(resolve, 1000)); // the last networks' late answers
  for (const late of stage.late) figures.failures.push(`seed ${late}: an answer came late to a packet that was said to get none`);
  return figures;
}

const count = (counts: Map<string, number>, name: string): void => { counts.set(name, (counts.get(name) ?? 0) + 1); };

/** The same with every cause mended, and nothing else; undefined where a cause has no mend, or one that no setting of the stage is: a process. */
function wholeAgain(drawn: Drawn, { explanations }: Answer, snapshot: Snapshot): Drawn | undefined {
  const guests = structuredClone(drawn.guests);
  for (const { code, component, mend } of explanations) {
    if (mend === "" || code === "GUEST_PORT_CLOSED" || component.kind === "internet") return undefined;
    if (component.kind !== "guest") continue;
    const guest = guests[component.id.replace("i-", "") as Role];
    if (code === "GUEST_IP_FORWARDING_DISABLED") guest.forwarding = true;
    else if (code === "GUEST_NAT_MISSING") guest.masquerade = true;
    else if (code === "GUEST_PING_IGNORED") guest.echoIgnored = false;
    else if (code === "GUEST_FIREWALL_DROPS") guest.forwardDrop = guest.inputDrop = guest.outputDrop = false;
    else return undefined;
  }
  return { ...drawn, guests, records: { snapshot, get: (kind, id) => snapshot.get(kind, id)! } };
}

function tell(drawn: Drawn, answer: Answer, what: string): string {
  const { source, destination, protocol, port } = drawn.question;
  return [
    `seed ${drawn.seed}: ${what}`,
    `  asked: ${JSON.stringify(source)} -> ${JSON.stringify(destination)} ${protocol} ${port ?? ""}, ${drawn.way}`,
    `  put in: ${drawn.putIn.map((one) => `${one.fault} at ${one.component}`).join("; ") || "nothing"}${drawn.noise.length > 0 ? `; at random:\n    ${drawn.noise.join("\n    ")}` : ""}`,
    `  causes: ${answer.explanations.map((e) => `${e.code} at ${e.component.id} (${e.direction}): ${e.message.en}`).join("\n    ") || "none"}`,
    `  way: ${answer.forward.map((c) => c.component.id).join(" ")} | ${answer.return.map((c) => c.component.id).join(" ")}`,
  ].join("\n");
}
